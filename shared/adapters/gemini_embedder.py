"""Gemini's embeddings on Vertex AI, one text a request."""

import asyncio
from collections.abc import Sequence
from math import sqrt
from typing import Literal

from google import genai
from google.genai import types

from shared.adapters.gemini_client import translated
from shared.adapters.model_streams import Patience, timed_out
from shared.core.errors import InternalError
from shared.domain.prompt import EmbedderSpec
from shared.ports.models import TextKind

_TASKS: dict[TextKind, Literal["RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT"]] = {
    "query": "RETRIEVAL_QUERY",
    "passage": "RETRIEVAL_DOCUMENT",
}
_AT_ONCE = 8


class GeminiEmbedder:
    """Vectors of the dimension that the registry says, cut from the model's own and made unit length again."""

    def __init__(self, spec: EmbedderSpec, client: genai.Client, patience: Patience) -> None:
        self.spec = spec
        self._client = client
        self._patience = patience
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def embed(self, texts: Sequence[str], kind: TextKind) -> list[tuple[float, ...]]:
        """Where one request fails the others are ended; the first failure is raised."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._embed(text, kind)) for text in texts]
        except ExceptionGroup as errors:
            # One is enough: the others were cancelled, or failed for the same reason at the same moment.
            first = errors.exceptions[0]
            raise first from first.__cause__
        return [task.result() for task in tasks]

    async def _embed(self, text: str, kind: TextKind) -> tuple[float, ...]:
        # A list of strings is fused into one vector by newer models: each text travels as a Content, alone.
        content = types.Content(role="user", parts=[types.Part(text=text)])
        config = types.EmbedContentConfig(task_type=_TASKS[kind], output_dimensionality=self.spec.dimension, auto_truncate=True)
        async with self._places, translated():
            try:
                async with asyncio.timeout(self._patience.first_token):
                    answer = await self._client.aio.models.embed_content(
                        model=self.spec.remote_name, contents=[content], config=config
                    )
            except TimeoutError as error:
                raise timed_out() from error
        return self._vector(answer)

    def _vector(self, answer: types.EmbedContentResponse) -> tuple[float, ...]:
        found = answer.embeddings or []
        values = found[0].values or [] if len(found) == 1 else []
        length = sqrt(sum(value * value for value in values))
        if len(values) != self.spec.dimension or not length:
            raise InternalError(
                f"The embedder {self.spec.name} did not answer one text with one vector of {self.spec.dimension}."
            )
        return tuple(value / length for value in values)
