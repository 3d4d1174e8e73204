"""Kept answers: an identical run at temperature 0 is answered with what the first one wrote, and costs nothing."""

import json
from dataclasses import dataclass
from datetime import timedelta

from pydantic import JsonValue, ValidationError

from functions.run_prompt.models import Runnable
from shared.core.clock import Clock
from shared.core.errors import SynapseError
from shared.core.ids import digest
from shared.core.log import logger
from shared.domain.bot import GenerationSettings
from shared.domain.conversation import TokenUsage
from shared.domain.prompt import ModelSpec
from shared.domain.task import PromptAnswer
from shared.domain.template import PromptRun
from shared.ports.prompts import PromptRuns

KEPT = timedelta(days=7)
# Well below the 1 MiB of a document; a longer answer is only not kept.
MOST_BYTES = 600_000


@dataclass(frozen=True)
class Kept:
    """Where one owner's run of one prompt is kept. The cache is a saving and no promise: it fails in silence."""

    runs: PromptRuns
    clock: Clock
    owner_id: str
    prompt_id: str

    async def answer(self, run_id: str) -> PromptAnswer | None:
        """What an identical run of the owner's has written within the last days."""
        try:
            run = await self.runs.get(run_id, self.owner_id, self.clock())
        except SynapseError as error:
            logger.warning("kept answers could not be read", exc_info=error)
            return None
        return _read(run) if run else None

    async def keep(self, run_id: str, answer: PromptAnswer) -> None:
        """Keep it for identical runs to come."""
        text, now = answer.model_dump_json(), self.clock()
        if len(text.encode()) > MOST_BYTES:
            return
        run = PromptRun(
            id=run_id, owner_id=self.owner_id, prompt_id=self.prompt_id, answer=text, created_at=now, expire_at=now + KEPT
        )
        try:
            await self.runs.keep(run)
        except SynapseError as error:
            logger.warning("an answer was not kept", exc_info=error)

    def run_id(self, prompt: Runnable, values: dict[str, JsonValue], spec: ModelSpec, generation: GenerationSettings) -> str:
        """The owner, and everything that the answer depends on: a prompt's whole content, since its numbers begin anew when it
        was deleted.
        """
        parts = (prompt.content.model_dump_json(), json.dumps(values, sort_keys=True), spec.model_dump_json())
        return digest("run", self.owner_id, self.prompt_id, str(prompt.version), *parts, generation.model_dump_json())


def _read(run: PromptRun) -> PromptAnswer | None:
    """The kept answer; None for one that another release has kept in another shape."""
    try:
        kept = PromptAnswer.model_validate_json(run.answer)
    except ValidationError as error:
        # The error's own text would hold the answer, which is no business of the log.
        logger.warning("a kept answer cannot be read", extra={"faults": error.error_count()})
        return None
    return kept.model_copy(update={"cached": True, "usage": TokenUsage()})
