"""Claims on bytes in Firestore: a `create`, or an update with a precondition."""

from google.api_core.exceptions import AlreadyExists, FailedPrecondition, NotFound
from google.cloud.firestore import AsyncClient

from shared.adapters import firestore_queries as queries
from shared.adapters.firestore_client import fields, if_unchanged, loaded, reference
from shared.adapters.google_errors import translated
from shared.core.errors import ConflictError
from shared.core.ids import is_id
from shared.domain.content import ContentClaim
from shared.ports.store import Versioned

_OUTRUN = (FailedPrecondition, NotFound)


class FirestoreContents:
    """`contents/{claim_id}`; the version of a Versioned is the document's update time."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @translated
    async def claim(self, claim: ContentClaim) -> Versioned[ContentClaim]:
        """As the port says: one write; where there is a claim, one read."""
        place = reference(self._client, "contents", claim.id)
        try:
            written = await place.create(fields(claim))
        except AlreadyExists as error:
            read = await self._load(claim.id)
            if read is None:
                raise ConflictError("The claim was given back meanwhile; ask again.") from error
            return read
        return Versioned(claim, written.update_time)

    @translated
    async def take_over(self, read: Versioned[ContentClaim], claim: ContentClaim) -> None:
        """As the port says: one write; one read where another was quicker or the answer was lost."""
        place = reference(self._client, "contents", claim.id)
        try:
            await place.update(fields(claim), option=if_unchanged(self._client, read.version))
        except _OUTRUN as error:
            stored = await self._load(claim.id)
            if stored is None or stored.value.document_id != claim.document_id:
                raise ConflictError("Another took the claim over first.") from error

    @translated
    async def find(self, claim_id: str, owner_id: str) -> ContentClaim | None:
        """As the port says: one read."""
        read = await self._load(claim_id) if is_id(claim_id) else None
        return read.value if read and read.value.owner_id == owner_id else None

    @translated
    async def give_back(self, document_id: str) -> int:
        """As the port says: a read and a delete a claim."""
        found = await queries.contents_of(self._client, document_id).get()
        for snapshot in found:
            try:
                await snapshot.reference.delete(option=if_unchanged(self._client, snapshot.update_time))
            except _OUTRUN:
                continue
        return len(found)

    async def _load(self, claim_id: str) -> Versioned[ContentClaim] | None:
        snapshot = await reference(self._client, "contents", claim_id).get()
        claim = loaded(ContentClaim, snapshot)
        return Versioned(claim, snapshot.update_time) if claim else None
