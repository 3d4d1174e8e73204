"""Gives a conversation another title."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from shared.core.clock import Clock
from shared.core.errors import ConflictError, NotFoundError
from shared.domain.base import Id, Model
from shared.domain.views import ConversationView
from shared.ports.store import Turns
from shared.runtime.functions import Call, callable_function
from shared.services.abandoned import revived_conversation
from shared.services.revising import TRIES


def _printable(title: str) -> str:
    if not title.isprintable():
        raise ValueError("must be one line of printable characters")
    return title


Title = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), AfterValidator(_printable)]


class RenameConversation(Model):
    """Which conversation, and its new title; `chat_id` is its id."""

    chat_id: Id
    title: Title


@callable_function
async def rename_conversation(wanted: RenameConversation, call: Call, *, turns: Turns, clock: Clock) -> ConversationView:
    """The conversation under its new title. A turn that ends at the same moment keeps the title, and the title keeps the turn."""
    for _ in range(TRIES):
        read = await revived_conversation(turns, wanted.chat_id, call.uid, clock())
        if read is None:
            raise NotFoundError("There is no such conversation.", field="chat_id")
        named = read.value.model_copy(update={"title": wanted.title})
        try:
            await turns.rewrite(read, named)
        except ConflictError:
            continue
        return ConversationView.of(named)
    raise ConflictError("The conversation is being written by many at once; ask again.", field="chat_id")
