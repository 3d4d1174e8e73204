"""Which streams are whole, and who comes when."""

import asyncio

import pytest

from benchmarks.streams import arrive, fault_of, keep_open


@pytest.mark.parametrize(
    ("last", "fault"),
    [
        ({"result": {"status": "done", "answer": "One two."}}, ""),
        ({"result": {"status": "done", "answer": "One two. Three."}}, "the tokens are not the answer"),
        ({"result": {"status": "interrupted", "answer": "One two."}}, "the turn is interrupted"),
        ({"error": {"status": "INTERNAL", "message": "Oh."}}, "INTERNAL: Oh."),
    ],
)
def test_a_stream_is_whole_when_its_tokens_are_the_answer_of_a_done_turn(last: dict[str, dict[str, str]], fault: str) -> None:
    assert fault_of(last, "One two.") == fault


async def test_no_more_are_open_than_the_load_has() -> None:
    open_now, most = 0, 0

    async def work(number: int) -> int:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(0)
        open_now -= 1
        return number

    assert (sorted(await keep_open(3, 10, work)), most) == (list(range(10)), 3)


async def test_arrivals_do_not_wait_for_each_other() -> None:
    everybody = asyncio.Barrier(5)

    async def work(number: int) -> int:
        await everybody.wait()
        return number

    assert await arrive(1e6, 5, work) == [0, 1, 2, 3, 4]
