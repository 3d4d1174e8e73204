"""Shows what searches can find of a document: the chunks of its live generation."""

from pydantic import Field

from shared.core.errors import NotFoundError
from shared.domain.base import Id, Model, Page, PageRequest
from shared.domain.chunk import Chunk, ChunkFlag, Place
from shared.ports.store import Chunks, Documents
from shared.runtime.functions import Call, callable_function


class ListChunks(PageRequest):
    """Of which document."""

    document_id: Id


class ChunkView(Model):
    """One passage and where it stands."""

    id: str
    ordinal: int
    text: str
    place: Place
    flags: tuple[ChunkFlag, ...] = Field(description="What its reader should know: `instructions`, that it tries to give orders.")

    @classmethod
    def of(cls, chunk: Chunk) -> "ChunkView":
        """The chunk without what is ours alone."""
        return cls(id=chunk.id, ordinal=chunk.ordinal, text=chunk.text, place=chunk.place, flags=chunk.flags)


@callable_function
async def list_chunks(request: ListChunks, call: Call, *, documents: Documents, chunks: Chunks) -> Page[ChunkView]:
    """In reading order; none while nothing is live. Raises NotFoundError for a document that is absent or another's."""
    document = await documents.get(request.document_id, call.uid)
    if document is None:
        raise NotFoundError("There is no such document.", field="document_id")
    if not document.is_ready:
        return Page(items=())
    page = PageRequest(page_size=request.page_size, cursor=request.cursor)
    # Asked by generation, so that a page never mixes what was learned with what is being learned.
    found = await chunks.list(document.id, document.live_generation, call.uid, page)
    return Page(items=tuple(ChunkView.of(chunk) for chunk in found.items), next_cursor=found.next_cursor)
