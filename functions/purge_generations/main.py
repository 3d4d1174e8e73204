"""Removes what is kept of a document's generations before the live one: chunks that no search shows, and derived objects."""

from shared.domain.step import StageMessage
from shared.ports.blobs import Blobs
from shared.ports.models import VectorIndex
from shared.runtime.functions import stage_function
from shared.services.generations import purge_old_generations
from shared.services.pipeline import Pipeline


@stage_function
async def purge_generations(message: StageMessage, *, pipeline: Pipeline, blobs: Blobs, index: VectorIndex) -> None:
    """Whichever generation the message names, those before the live one are removed."""
    await purge_old_generations(pipeline, blobs, index, message)
