"""Streams a turn from its first word again: from the record, from where it runs, or, where it broke off, from the model."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from shared.domain.base import Id, Model
from shared.runtime.functions import Call, stream_function
from shared.services.telling import Telling, Told


class ResumeTurn(Model):
    """Which turn, of a conversation of the caller's."""

    turn_id: Id


@stream_function
async def resume_turn(wanted: ResumeTurn, call: Call, *, telling: Telling) -> AsyncGenerator[Told, None]:
    """The events of `chat`, whole and in order, on however many devices; `restart` says that the answer begins anew.

    A turn that still runs when the time is up ends this stream with DEADLINE_EXCEEDED; the client calls again.
    """
    async with aclosing(telling.resume(wanted.turn_id, call.uid)) as outputs:
        async for output in outputs:
            yield output
