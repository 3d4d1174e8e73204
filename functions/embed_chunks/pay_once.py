"""Vectors from the cache where a text was ever embedded, else from the model, and kept before anything else is done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.core.clock import Clock
from shared.core.errors import ResourceExhaustedError, UnavailableError
from shared.core.ids import embedding_key
from shared.ports.ledger import Holds
from shared.ports.models import Embedder, EmbeddingCache
from shared.ports.pause import Pause
from shared.services.batches import Vector
from shared.services.steps import retry_at

TEXTS_A_CALL = 8
"""What one crash between the model and the cache pays for twice at most; the local model's best batch too."""

LOOKS = 10
PAUSE_SECONDS = 0.5
"""Another's call for the same text is over within seconds, unless it died; then it is left to the sweep."""

ASK_LEASES = 3
"""The model may let one call wait far longer than a step's lease, which is prolonged meanwhile; a text's is not."""


@dataclass(frozen=True)
class PayOnce:
    """The promise: a text is asked of the model by one holder at a time, and never once its vector is stored.

    Texts are paid for again only if the holder dies, or stands still until its lease has ended, between asking the model and the
    cache's answer; then at most one call's worth.
    """

    embedder: Embedder
    cache: EmbeddingCache
    holds: Holds
    clock: Clock
    pause: Pause
    lease_seconds: float

    async def embed(self, texts: Sequence[str], holder: str) -> tuple[list[Vector], list[str]]:
        """One vector a text, in order, and the texts that the holder paid for, now or when it died in the middle; `holder` is the
        same for whoever does this again.

        Raises ResourceExhaustedError without asking the provider while it wants to be left alone, and where another that holds
        one of the texts does not come to an end.
        """
        keys = [self._key(text) for text in texts]
        wanted, known, paid = dict(zip(keys, texts, strict=True)), dict[str, Vector](), list[str]()
        busy_until: datetime | None = None
        for look in range(LOOKS):
            if look:
                await self.pause(PAUSE_SECONDS)
            bought, busy_until = await self._pass({key: wanted[key] for key in wanted if key not in known}, holder, known)
            paid += bought
            if busy_until is None:
                return [known[key] for key in keys], paid
        wait = (busy_until - self.clock()).total_seconds() if busy_until else 0
        raise ResourceExhaustedError("The same text is being embedded for another document.", retry_after_seconds=max(wait, 0))

    def _key(self, text: str) -> str:
        spec = self.embedder.spec
        return embedding_key(spec.name, spec.dimension, "passage", text)

    async def _pass(self, wanted: Mapping[str, str], holder: str, known: dict[str, Vector]) -> tuple[list[str], datetime | None]:
        """Learn what is stored, buy what is free; what the holder paid for, and until when others hold what is still unknown."""
        paid, leases, keys = list[str](), list[datetime](), list(wanted)
        for start in range(0, len(keys), TEXTS_A_CALL):
            now = self.clock()
            until = now + timedelta(seconds=self.lease_seconds) * ASK_LEASES
            asked = await self.cache.ask(keys[start : start + TEXTS_A_CALL], holder, now, until)
            bought = await self._buy({key: wanted[key] for key in sorted(asked.ours)}, holder, until)
            known |= asked.vectors | bought
            paid += [wanted[key] for key in (*sorted(asked.paid), *bought)]
            leases += [asked.busy_until] if asked.busy_until else []
        return paid, min(leases, default=None)

    async def _buy(self, ours: Mapping[str, str], holder: str, until: datetime) -> dict[str, Vector]:
        """Vectors of the texts, in the cache before anything else is done with them."""
        if not ours:
            return {}
        vectors = dict(zip(ours, await self._ask_model(list(ours.values()), until), strict=True))
        await self.cache.put_many(vectors, holder)
        return vectors

    async def _ask_model(self, texts: Sequence[str], ours_until: datetime) -> list[Vector]:
        provider = self.embedder.spec.name
        until, now = await self.holds.until(provider), self.clock()
        if until is not None and until > now:
            wait = (until - now).total_seconds()
            raise ResourceExhaustedError("The embedder asked us to wait.", retry_after_seconds=wait)
        if now >= ours_until:
            raise UnavailableError("The texts may be another's by now, since this instance stood still.")
        try:
            return await self.embedder.embed(texts, "passage")
        except ResourceExhaustedError as refusal:
            await self.holds.hold(provider, retry_at(refusal, 1, self.clock()))
            raise
