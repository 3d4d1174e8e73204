"""People's own provider keys, and what keeps them secret."""

from dataclasses import dataclass, field
from typing import Protocol

from shared.domain.base import Page, PageRequest
from shared.domain.plan import Stock
from shared.domain.provider_key import ProviderKey, Sealed


@dataclass(frozen=True)
class Opened:
    """A secret in the clear; `is_current` is false where it should be sealed again, under a newer key."""

    # Left out of the repr, so that no log line or error can show it.
    plaintext: bytes = field(repr=False)
    is_current: bool = True


class Vault(Protocol):
    """Envelope encryption: each secret under a data key of its own, the data keys under one key that rotates."""

    async def seal(self, plaintext: bytes, context: str) -> Sealed:
        """The secret, which opens with the same context alone; twice the same secret gives two different seals."""
        ...

    async def open(self, sealed: Sealed, context: str) -> Opened:
        """The secret. Raises FailedPreconditionError where it can never be opened again: its key is retired and gone, the
        context is another, or a byte was changed.
        """
        ...


class ProviderKeys(Protocol):
    """The sealed keys of each owner, by the id that the owner chose."""

    async def save(self, key: ProviderKey, limits: Stock) -> ProviderKey:
        """Store it, in place of the owner's key of that id, whose `created_at` it then keeps; answers what is stored.

        A new one is counted in the owner's stock in the same commit; over the limit that is undone and ResourceExhaustedError
        names it. Raises ConflictError where others save and delete the same key again and again.
        """
        ...

    async def get(self, key_id: str, owner_id: str) -> ProviderKey | None:
        """The owner's key."""
        ...

    async def list(self, owner_id: str, page: PageRequest) -> Page[ProviderKey]:
        """The owner's keys, newest first. Raises InvalidArgumentError (field cursor) on a cursor that is not ours."""
        ...

    async def reseal(self, read: ProviderKey, sealed: Sealed) -> None:
        """Replace the seal of what was read; a no-op where the key has been saved or deleted since."""
        ...

    async def delete(self, key_id: str, owner_id: str) -> bool:
        """Remove the key and its count in one commit; False where the owner has none of that id."""
        ...
