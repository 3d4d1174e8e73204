"""Claims of documents on the bytes that they have."""

from typing import Protocol

from shared.domain.content import ContentClaim
from shared.ports.store import Versioned


class Contents(Protocol):
    """`contents/{claim_id}`: of many documents of a bot with the same bytes exactly one has the claim."""

    async def claim(self, claim: ContentClaim) -> Versioned[ContentClaim]:
        """Store the claim where there is none; what is stored then, which may be another document's."""
        ...

    async def take_over(self, read: Versioned[ContentClaim], claim: ContentClaim) -> None:
        """Write the claim over another document's, if it is still as read, else raise ConflictError.

        Where this document's claim is stored by then, a try whose answer was lost has written it.
        """
        ...

    async def find(self, claim_id: str, owner_id: str) -> ContentClaim | None:
        """The owner's claim."""
        ...

    async def give_back(self, document_id: str) -> int:
        """Remove the document's claims, but for one that another takes over meanwhile; how many there were."""
        ...
