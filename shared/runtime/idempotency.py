"""A creating call happens once for its key: absent → held under a lease → done with its answer; a failure releases the key."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.core.clock import Clock
from shared.core.errors import ConflictError, InvalidArgumentError, SynapseError
from shared.core.ids import digest, new_id
from shared.core.log import logger
from shared.domain.receipt import KEPT, Receipt, ReceiptState
from shared.ports.ledger import Receipts

# What payment providers allow, so that one key can be handed through a chain of services.
MAX_KEY_CHARACTERS = 255


@dataclass(frozen=True)
class Key:
    """A caller's key for one intention; another caller's or function's same text is another key."""

    uid: str
    function: str
    text: str

    @property
    def receipt_id(self) -> str:
        """Where its receipt is stored."""
        return digest("receipt", self.uid, self.function, self.text)


def read_key(named: Any, header: str | None) -> str | None:
    """The caller's key, from the callable's field `idempotency_key` or the header; None without one.

    Raises InvalidArgumentError naming that of the two which cannot be a key.
    """
    text, field = (header, "Idempotency-Key") if named is None else (named, "idempotency_key")
    if text is None:
        return None
    if not isinstance(text, str) or not 0 < len(text) <= MAX_KEY_CHARACTERS or not text.isprintable():
        raise InvalidArgumentError(f"{field} must be 1 to {MAX_KEY_CHARACTERS} printable characters.", field=field)
    return text


def fingerprint(fields: Mapping[str, Any]) -> str:
    """A digest of the payload that does not depend on the order of its members."""
    return digest(json.dumps(fields, sort_keys=True))


@dataclass(frozen=True)
class Once:
    """Runs work under keys; holds nothing of a call, since one instance serves many at once."""

    receipts: Receipts
    clock: Clock
    lease_seconds: float

    async def run(self, key: Key, fields: Mapping[str, Any], work: Callable[[], Awaitable[Any]]) -> Any:
        """The work's answer as JSON, or the stored one of the call that did it first.

        Raises InvalidArgumentError for another payload under the key, ConflictError while another call holds it.
        """
        mine = self._receipt(key, fingerprint(fields))
        stored = await self.receipts.open(mine, self.clock())
        if stored is not None:
            return self._replayed(stored, mine)
        # A flag rather than an except: a cancelled or timed-out call must give its key back too.
        answered = False
        try:
            answer = await work()
            answered = True
        finally:
            if not answered:
                await self._release(mine)
        await self._close(mine, answer)
        return answer

    def _receipt(self, key: Key, payload: str) -> Receipt:
        now = self.clock()
        return Receipt(
            id=key.receipt_id,
            fingerprint=payload,
            state=ReceiptState.HELD,
            holder=new_id(),
            lease_until=now + timedelta(seconds=self.lease_seconds),
            expire_at=now + KEPT,
        )

    def _replayed(self, stored: Receipt, mine: Receipt) -> Any:
        # Answering the first payload's result would tell the caller that the second was done.
        if stored.fingerprint != mine.fingerprint:
            message = "idempotency_key was used for another request; take a new key for a new request."
            raise InvalidArgumentError(message, field="idempotency_key")
        if stored.state is ReceiptState.DONE:
            return stored.answer
        # The lease is the longest that it can take; most calls end long before, so the client is asked back soon.
        wait = max(1.0, (stored.lease_until - self.clock()).total_seconds())
        message = "The first call with this idempotency_key is still running; ask again."
        raise ConflictError(message, field="idempotency_key", retry_after_seconds=min(wait, 5.0))

    async def _close(self, mine: Receipt, answer: Any) -> None:
        """Store the answer. The work is done and its caller is owed the answer, so a store that fails here only leaves the key
        held until its lease ends.
        """
        try:
            await self.receipts.close(mine, answer)
        except SynapseError as error:
            logger.error("an answer was not kept for its idempotency key", extra={"receipt": mine.id}, exc_info=error)

    async def _release(self, mine: Receipt) -> None:
        """Give the key back; the work's own error matters more than a store that fails here, and the lease ends anyway."""
        try:
            await self.receipts.release(mine)
        except SynapseError as error:
            logger.warning("an idempotency key stays held until its lease ends", extra={"receipt": mine.id}, exc_info=error)
