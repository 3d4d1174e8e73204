"""Vectors from the cache where a text was ever embedded, else from the model, and kept before anything else is done."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.core.clock import Clock
from shared.core.errors import ResourceExhaustedError
from shared.core.ids import embedding_key
from shared.ports.ledger import Holds
from shared.ports.models import Embedder, EmbeddingCache
from shared.services.batches import Vector
from shared.services.steps import retry_at

TEXTS_A_CALL = 8
"""What one crash between the model and the cache pays for twice at most; the local model's best batch too."""


@dataclass(frozen=True)
class PayOnce:
    """The promise: texts are paid for again only if we die, or lose the step, between the model's answer and the cache's, or if
    two steps meet the same new text at the same moment; then at most one call's worth.
    """

    embedder: Embedder
    cache: EmbeddingCache
    holds: Holds
    clock: Clock

    async def embed(self, texts: Sequence[str]) -> tuple[list[Vector], int]:
        """One vector a text, in order, and how many texts were paid for.

        Raises ResourceExhaustedError without asking the provider while it wants to be left alone.
        """
        keys = [self._key(text) for text in texts]
        wanted = list(dict(zip(keys, texts, strict=True)).items())
        known: dict[str, Vector] = {}
        paid = 0
        for start in range(0, len(wanted), TEXTS_A_CALL):
            part = dict(wanted[start : start + TEXTS_A_CALL])
            cached = await self.cache.get_many(list(part))
            bought = await self._buy({key: text for key, text in part.items() if key not in cached})
            known |= cached | bought
            paid += len(bought)
        return [known[key] for key in keys], paid

    def _key(self, text: str) -> str:
        spec = self.embedder.spec
        return embedding_key(spec.name, spec.dimension, "passage", text)

    async def _buy(self, unknown: dict[str, str]) -> dict[str, Vector]:
        """Vectors of the texts, in the cache before anything else is done with them."""
        if not unknown:
            return {}
        vectors = dict(zip(unknown, await self._ask(list(unknown.values())), strict=True))
        await self.cache.put_many(vectors)
        return vectors

    async def _ask(self, texts: Sequence[str]) -> list[Vector]:
        provider, now = self.embedder.spec.name, self.clock()
        until = await self.holds.until(provider)
        if until is not None and until > now:
            wait = (until - now).total_seconds()
            raise ResourceExhaustedError("The embedder asked us to wait.", retry_after_seconds=wait)
        try:
            return await self.embedder.embed(texts, "passage")
        except ResourceExhaustedError as refusal:
            await self.holds.hold(provider, retry_at(refusal, 1, self.clock()))
            raise
