"""What the reader of a turn is told: as it is written, or, of a turn that runs elsewhere or has ended, from the record."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, suppress
from dataclasses import dataclass

from shared.agent.retrieval import Knowledge
from shared.core.errors import AlreadyExistsError, ConflictError, InvalidArgumentError, NotFoundError
from shared.core.ids import conversation_of
from shared.domain.conversation import Citation, Turn, TurnStatus, usage_of
from shared.domain.events import CitationFound, Restarted, Token, TurnStarted, UsageCounted
from shared.domain.views import ChatResult
from shared.ports.store import Versioned
from shared.services.abandoned import settle_abandoned
from shared.services.chats import Chats
from shared.services.scenes import Wanted
from shared.services.turns import LiveTurn

# One read a look. A checkpoint comes every 2 s, so looking more often than twice in that time shows nothing sooner.
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 2.0
_PATIENCE = 1.5
_UNFINISHED = frozenset({TurnStatus.RUNNING, TurnStatus.INTERRUPTED})

Told = TurnStarted | Token | CitationFound | Restarted | UsageCounted | ChatResult
"""What a turn's stream yields; the result comes last, once the history holds the same."""


@dataclass
class _Page:
    """What this stream has shown of the turn."""

    turn_id: str
    has_begun: bool = False
    text: str = ""
    citations: tuple[Citation, ...] = ()
    pause: float = _FIRST_PAUSE

    def opening(self) -> Iterator[Told]:
        """The turn's ids, once."""
        if not self.has_begun:
            self.has_begun = True
            # Told before anything else, so that a client that loses the stream knows which turn to look for.
            yield TurnStarted(conversation_id=conversation_of(self.turn_id), turn_id=self.turn_id)

    def restarting(self) -> Iterator[Told]:
        """A clean page, where something stands on it."""
        if self.text or self.citations:
            self.text, self.citations = "", ()
            yield Restarted()

    def growth(self, turn: Turn) -> Iterator[Told]:
        """What the stored turn has more than was shown; all of it, where it is another answer."""
        yield from self.opening()
        if not (turn.answer.startswith(self.text) and turn.citations[: len(self.citations)] == self.citations):
            yield from self.restarting()
        # A citation comes no later than its number in the text.
        yield from (CitationFound(citation=citation) for citation in turn.citations[len(self.citations) :])
        more = turn.answer[len(self.text) :]
        if more:
            yield Token(text=more)
        self.text, self.citations = turn.answer, turn.citations
        self.pause = _FIRST_PAUSE if more else min(_LONGEST_PAUSE, self.pause * _PATIENCE)

    def ending(self, turn: Turn) -> Iterator[Told]:
        """The rest of a turn that has ended."""
        yield from self.growth(turn)
        yield UsageCounted(**usage_of(turn.calls).model_dump())
        yield ChatResult.of(turn)


@dataclass(frozen=True)
class Telling:
    """Streams turns, new ones and those that somebody resumes."""

    chats: Chats
    knowledge: Knowledge

    async def ask(self, wanted: Wanted) -> AsyncGenerator[Told, None]:
        """A new turn; under an idempotency key that was used before, the turn that it made then, asked again where it failed.

        Raises as `Chats.begin`, and InvalidArgumentError (field idempotency_key) where that was for another request.
        """
        turn = await self.chats.begin(wanted)
        try:
            async with aclosing(self._told(turn, _Page(turn.record.id))) as outputs:
                async for output in outputs:
                    yield output
        except AlreadyExistsError:
            if turn.has_begun or wanted.key is None:
                raise
        else:
            return
        made = await self._same(turn.record)
        # A failure is no answer that a key would keep: who sends the request again wants one.
        unfinished = _UNFINISHED | {made.status} if made.status is TurnStatus.FAILED else _UNFINISHED
        async with aclosing(self._resumed(made.id, wanted.caller_id, unfinished)) as outputs:
            async for output in outputs:
                yield output

    async def resume(self, turn_id: str, uid: str) -> AsyncGenerator[Told, None]:
        """All of the turn from its first word: followed while it runs elsewhere, asked again where it broke off.

        Raises NotFoundError (field turn_id), and what `Chats.take` and entering the turn raise; then what is stored stays.
        """
        async with aclosing(self._resumed(turn_id, uid, _UNFINISHED)) as outputs:
            async for output in outputs:
                yield output

    async def _resumed(self, turn_id: str, uid: str, unfinished: frozenset[TurnStatus]) -> AsyncGenerator[Told, None]:
        page = _Page(turn_id)
        read = await self.chats.turns.find(turn_id, uid)
        while read is not None and read.value.status in unfinished:
            if read.value.is_held(self.chats.clock()):
                for event in page.growth(read.value):
                    yield event
                await asyncio.sleep(page.pause)
            elif read.value.status is TurnStatus.RUNNING:
                await self._settle(read)
            else:
                live = await self.chats.take(read)
                async with aclosing(self._retold(live, page)) as outputs:
                    async for output in outputs:
                        yield output
                if live.has_begun:
                    return
            read = await self.chats.turns.load(turn_id)
        if read is None:
            raise NotFoundError("There is no such turn.", field="turn_id")
        for event in page.ending(read.value):
            yield event

    async def _settle(self, read: Versioned[Turn]) -> None:
        # Its holder may have been only slow, or another reader was first to see it.
        with suppress(ConflictError):
            await settle_abandoned(self.chats.turns, read, self.chats.clock())

    async def _told(self, turn: LiveTurn, page: _Page) -> AsyncGenerator[Told, None]:
        async with turn:
            for event in (*page.opening(), *page.restarting()):
                yield event
            async with aclosing(turn.events(self.knowledge)) as events:
                async for event in events:
                    yield event
            yield UsageCounted(**turn.usage.model_dump())
        # Outside the block: a result is answered only once the history holds the same.
        yield ChatResult.of(turn.record)

    async def _retold(self, turn: LiveTurn, page: _Page) -> AsyncGenerator[Told, None]:
        """As `_told`; nothing where another was first to take the turn."""
        try:
            async with aclosing(self._told(turn, page)) as outputs:
                async for output in outputs:
                    yield output
        except ConflictError:
            if turn.has_begun:
                raise

    async def _same(self, asked: Turn) -> Turn:
        """The turn that the same request has made under its key."""
        stored = await self.chats.turns.load(asked.id)
        # Answering the first request's turn would tell the caller that the second was asked. Where none is under this id, the
        # key's turn is another conversation's, or is gone.
        if stored is None or stored.value.fingerprint != asked.fingerprint:
            message = "idempotency_key was used for another request; take a new key for a new request."
            raise InvalidArgumentError(message, field="idempotency_key")
        return stored.value
