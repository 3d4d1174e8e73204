"""Answers a message in a stream that is also a record: whatever happens to the stream, the turn is found again."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.domain.base import Id, Model
from shared.runtime.functions import Call, stream_function
from shared.services.scenes import Wanted
from shared.services.telling import Telling, Told


class ChatRequest(Model):
    """A message to a bot, to a persona alone, or into a conversation, which fixes the two."""

    message: Annotated[str, StringConstraints(min_length=1, max_length=8000, strip_whitespace=True)]
    conversation_id: Id | None = None
    bot_id: Id | None = None
    persona_id: Id | None = None
    link: str | None = Field(default=None, max_length=300, description="Of a shared bot, in place of its bot_id.")
    version: int | None = Field(default=None, ge=1, description="Of your own bot; null: the current one.")
    parent_turn_id: Id | None = Field(
        default=None,
        description="Begins a new branch after this turn of the conversation, or with `root` a new first turn; null goes on from"
        " the last one. The same message with a turn's own parent asks anew; another message edits it.",
    )


@stream_function
async def chat(request: ChatRequest, call: Call, *, telling: Telling) -> AsyncGenerator[Told, None]:
    """The turn's ids, the answer's text and citations as they come, its cost, and the whole."""
    named = request.model_dump()
    wanted = Wanted(caller_id=call.uid, signed_in_at=call.signed_in_at, key=call.idempotency_key, **named)
    async with aclosing(telling.ask(wanted)) as outputs:
        async for output in outputs:
            yield output
