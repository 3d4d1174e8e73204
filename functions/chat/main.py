"""Answers a message in a stream that is also a record: whatever happens to the stream, the turn is found again."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from functions.chat.models import ChatRequest, ChatResult
from shared.agent.retrieval import Knowledge
from shared.domain.events import CitationFound, Token, TurnStarted, UsageCounted
from shared.runtime.functions import Call, stream_function
from shared.services.chats import Chats
from shared.services.scenes import Wanted


@stream_function
async def chat(
    request: ChatRequest, call: Call, *, chats: Chats, knowledge: Knowledge
) -> AsyncGenerator[TurnStarted | Token | CitationFound | UsageCounted | ChatResult, None]:
    """The turn's ids, the answer's text and citations as they come, its cost, and the whole."""
    turn = await chats.begin(Wanted(caller_id=call.uid, signed_in_at=call.signed_in_at, **request.model_dump()))
    async with turn:
        # Told before a model is asked, so that a client that loses the stream knows which turn to look for.
        yield TurnStarted(conversation_id=turn.record.conversation_id, turn_id=turn.record.id)
        # `async for` alone would leave the answer to the garbage collector when the reader leaves, and the model would go on
        # writing.
        async with aclosing(turn.answer.events(knowledge)) as events:
            async for event in events:
                yield event
        yield UsageCounted(**turn.answer.usage.model_dump())
    # Outside the block: a result is answered only once the history holds the same.
    yield ChatResult.of(turn.record)
