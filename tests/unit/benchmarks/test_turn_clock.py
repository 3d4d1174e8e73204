"""A turn's own time is what no port took."""

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from benchmarks.turn_clock import TimedPort, TurnTimes, WatchedTurns, covered


def test_waits_that_overlap_count_once() -> None:
    assert covered([(1.0, 3.0), (2.0, 4.0), (6.0, 7.0)], until=10.0) == 4.0


def test_a_wait_within_another_adds_nothing() -> None:
    assert covered([(1.0, 5.0), (2.0, 3.0), (4.0, 6.0)], until=10.0) == 5.0


def test_a_wait_counts_until_the_moment_that_is_asked_about() -> None:
    assert covered([(1.0, 5.0), (8.0, 9.0)], until=4.0) == 3.0


def test_no_wait_covers_nothing() -> None:
    assert covered([], until=4.0) == 0.0


def test_own_time_is_the_walls_less_the_waits() -> None:
    turn = TurnTimes(began=10.0, waits=[("context", (11.0, 13.0)), ("reserve", (13.0, 14.0)), ("search", (16.0, 20.0))])
    assert turn.own(until=15.0) == 2.0


def test_the_first_token_is_not_the_first_event() -> None:
    turn = TurnTimes(began=0.0)
    turn.saw(b"", 1.0)
    turn.saw(b'data: {"message":{"type":"turn"}}\n\n', 2.0)
    turn.saw(b'data: {"message":{"type":"token","text":"a"}}\n\n', 3.0)
    turn.saw(b'data: {"message":{"type":"token","text":"b"}}\n\n', 4.0)
    assert (turn.first_event, turn.first_token) == (2.0, 3.0)


def test_what_did_not_happen_is_in_no_summary() -> None:
    turn = TurnTimes(began=1.0, waits=[("context", (1.0, 2.0)), ("context", (3.0, 4.0))], ended=6.0)
    assert turn.summary() == {"at": {"ended": 5000.0}, "own": {"ended": 3000.0}, "waited": {"context": 2000.0}}


class Port:
    """One method that a turn waits for, and one that runs beside it."""

    async def context(self) -> str:
        await asyncio.sleep(0)
        return "read"

    async def checkpoint(self) -> str:
        await asyncio.sleep(0)
        return "saved"


async def turn_of(work: str) -> TurnTimes:
    """The turn of an app that calls that method of a timed port in a task of its own."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        answered = await asyncio.create_task(getattr(TimedPort(Port()), work)())
        await send({"type": "http.response.body", "body": answered.encode()})

    async def nothing() -> Message:
        return {}

    async def sent(message: Message) -> None:
        assert message["body"]

    watched = WatchedTurns(app)
    await watched({"type": "http"}, nothing, sent)
    [turn] = watched.turns
    return turn


async def test_a_port_called_in_a_task_of_the_turn_is_a_wait_of_the_turn() -> None:
    assert [name for name, _ in (await turn_of("context")).waits] == ["context"]


async def test_a_checkpoint_is_no_wait() -> None:
    turn = await turn_of("checkpoint")
    assert turn.waits == []
    assert turn.ended == pytest.approx(turn.began, abs=60)
