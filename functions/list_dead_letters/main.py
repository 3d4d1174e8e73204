"""Shows an administrator the messages that no delivery could finish, and why."""

from typing import Annotated

from pydantic import Field

from shared.domain.base import Page, PageRequest
from shared.domain.dead_letter import DeadLetterView
from shared.ports.store import DeadLetters, Documents
from shared.runtime.functions import Call, callable_function


class ListDeadLetters(PageRequest):
    """Of which topic; of all without one."""

    topic: Annotated[str | None, Field(max_length=64)] = None


@callable_function
async def list_dead_letters(
    request: ListDeadLetters, _: Call, *, letters: DeadLetters, documents: Documents
) -> Page[DeadLetterView]:
    """Newest first, each with its document as that is now."""
    page = PageRequest(page_size=request.page_size, cursor=request.cursor)
    found = await letters.list(page, request.topic)
    ids = {letter.document_id for letter in found.items if letter.document_id}
    read = {document_id: await documents.load(document_id) for document_id in sorted(ids)}
    known = {document_id: one.value for document_id, one in read.items() if one}
    views = (DeadLetterView.of(letter, known.get(letter.document_id or "")) for letter in found.items)
    return Page(items=tuple(views), next_cursor=found.next_cursor)
