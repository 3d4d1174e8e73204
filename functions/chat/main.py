"""Answers a message in a stream that is also a record: whatever happens to the stream, the turn is found again."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from functions.chat.models import ChatRequest, ChatResult
from shared.agent.retrieval import Knowledge
from shared.core.clock import Clock
from shared.core.settings import Settings
from shared.domain.events import CitationFound, Token, TurnStarted, UsageCounted
from shared.ports.models import ChatModels, Embedder, VectorIndex
from shared.ports.store import Bots, Documents, Turns
from shared.runtime.functions import Call, stream_function
from shared.services.scenes import Wanted, set_scene
from shared.services.turns import LiveTurn, Upkeep, speaker_of


@stream_function
async def chat(  # noqa: PLR0913 - A function declares each port that it uses.
    request: ChatRequest,
    call: Call,
    *,
    turns: Turns,
    bots: Bots,
    models: ChatModels,
    embedder: Embedder,
    index: VectorIndex,
    documents: Documents,
    clock: Clock,
    settings: Settings,
) -> AsyncGenerator[TurnStarted | Token | CitationFound | UsageCounted | ChatResult, None]:
    """The turn's ids, the answer's text and citations as they come, its cost, and the whole."""
    wanted = Wanted(caller_id=call.uid, **request.model_dump())
    scene = await set_scene(wanted, turns, bots, clock())
    speaker = speaker_of(scene, models, settings.chat_model)
    upkeep = Upkeep(turns, clock, settings.stream_checkpoint_seconds)
    async with LiveTurn(scene, speaker, request.message, upkeep) as live:
        yield TurnStarted(conversation_id=live.record.conversation_id, turn_id=live.record.id)
        async with aclosing(live.answer.events(Knowledge(embedder, index, documents))) as events:
            async for event in events:
                yield event
        yield UsageCounted(**live.answer.usage.model_dump())
    yield ChatResult.of(live.record)
