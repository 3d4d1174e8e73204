"""A creating call under a key: absent → held → done, every step of it failing in its turn."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.core.clock import Clock
from shared.core.errors import ConflictError, FailedPreconditionError, SynapseError, UnavailableError
from shared.domain.base import Model
from shared.domain.receipt import Receipt
from shared.ports.ledger import Receipts
from shared.runtime.functions import Call
from shared.runtime.wiring import bound
from tests.functional.harness import Client, Reply, client_of
from tests.functional.runtime.samples import http
from tests.memory.ledger import MemoryReceipts

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Order(Model):
    item: str


class Receipted(Model):
    number: int


class Shop:
    """A use case that counts how often it ran, and does as it is told."""

    def __init__(self) -> None:
        self.orders: list[tuple[str, str | None]] = []
        self.errors: list[BaseException] = []
        self.opened = asyncio.Event()
        self.opened.set()

    def client(self, **options: Any) -> Client:
        async def order(order: Order, call: Call) -> Receipted | None:
            self.orders.append((order.item, call.idempotency_key))
            await self.opened.wait()
            if self.errors:
                raise self.errors.pop(0)
            return None if order.item == "nothing" else Receipted(number=len(self.orders) - 1)

        return client_of(http(order, "POST /api/v1/orders", idempotent=True, **options))


class FailingReceipts(MemoryReceipts):
    """Receipts whose steps fail when the test names them."""

    def __init__(self, **errors: SynapseError) -> None:
        super().__init__()
        self.errors = errors

    async def open(self, receipt: Receipt, now: datetime) -> Receipt | None:
        self._fail("open")
        return await super().open(receipt, now)

    async def close(self, receipt: Receipt, answer: Any) -> None:
        self._fail("close")
        await super().close(receipt, answer)

    async def release(self, receipt: Receipt) -> None:
        self._fail("release")
        await super().release(receipt)

    def _fail(self, step: str) -> None:
        if step in self.errors:
            raise self.errors[step]


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def time() -> Iterator[list[datetime]]:
    """The current time, to be changed by the test."""
    now = [NOW]
    with bound({Clock: lambda: now[0]}):
        yield now


async def ask(client: Client, item: str = "book", key: object = "k1", token: str = "alice") -> Reply:
    return await client.call({"item": item, "idempotency_key": key}, token=token)


async def test_a_first_call_runs(shop: Shop) -> None:
    reply = await ask(shop.client())
    assert (reply.result, shop.orders) == ({"number": 0}, [("book", "k1")])


async def test_the_same_call_again_is_answered_without_running(shop: Shop) -> None:
    client = shop.client()
    replies = [await ask(client) for _ in range(3)]
    assert [reply.result for reply in replies] == [{"number": 0}] * 3
    assert len(shop.orders) == 1


async def test_an_empty_answer_replays_as_itself(shop: Shop) -> None:
    client = shop.client()
    replies = [await ask(client, "nothing") for _ in range(2)]
    assert [reply.json for reply in replies] == [{"result": None}] * 2
    assert len(shop.orders) == 1


async def test_a_call_that_meets_a_running_one_is_told_to_come_back(shop: Shop) -> None:
    client = shop.client()
    shop.opened.clear()
    first = asyncio.create_task(ask(client))
    await asyncio.sleep(0.01)
    second = await ask(client)
    shop.opened.set()
    assert (second.status, second.error["status"], second.headers["retry-after"]) == (409, "ABORTED", "5")
    assert (await first).result == {"number": 0}


async def test_a_call_takes_over_when_the_lease_of_the_first_has_ended(shop: Shop, time: list[datetime]) -> None:
    client = shop.client(timeout_seconds=60)
    shop.opened.clear()
    first = asyncio.create_task(ask(client))
    await asyncio.sleep(0.01)
    time[0] = NOW + timedelta(seconds=61)
    second = asyncio.create_task(ask(client))
    await asyncio.sleep(0.01)
    shop.opened.set()
    assert [(await call).status for call in (first, second)] == [200, 200]
    assert len(shop.orders) == 2


async def test_another_payload_under_the_key_is_refused(shop: Shop) -> None:
    client = shop.client()
    await ask(client)
    reply = await ask(client, "pen")
    assert (reply.status, reply.error["details"]["field"], len(shop.orders)) == (400, "idempotency_key", 1)


@pytest.mark.parametrize("error", [FailedPreconditionError("Sold out."), RuntimeError("defect")])
async def test_a_failed_call_may_be_tried_again_under_its_key(shop: Shop, error: Exception) -> None:
    client = shop.client()
    shop.errors = [error]
    first = await ask(client)
    second = await ask(client)
    assert first.status in {400, 500}
    assert (second.result, len(shop.orders)) == ({"number": 1}, 2)


async def test_a_call_that_ran_out_of_time_may_be_tried_again(shop: Shop) -> None:
    client = shop.client(timeout_seconds=1)
    shop.opened.clear()
    first = await ask(client)
    shop.opened.set()
    second = await ask(client)
    assert (first.status, second.status) == (504, 200)


async def test_a_store_that_fails_at_open_keeps_the_call_from_running(shop: Shop) -> None:
    with bound({Receipts: FailingReceipts(open=UnavailableError("The store does not answer."))}):
        reply = await ask(shop.client())
    assert (reply.status, shop.orders) == (503, [])


@pytest.mark.parametrize("error", [UnavailableError("The store does not answer."), ConflictError("Another holds this key.")])
async def test_a_store_that_fails_at_close_does_not_deny_what_was_done(shop: Shop, error: SynapseError) -> None:
    with bound({Receipts: FailingReceipts(close=error)}):
        first = await ask(shop.client())
        second = await ask(shop.client())
    assert (first.result, second.status, len(shop.orders)) == ({"number": 0}, 409, 1)


async def test_a_store_that_fails_at_release_does_not_hide_the_calls_own_error(shop: Shop) -> None:
    shop.errors = [FailedPreconditionError("Sold out.")]
    with bound({Receipts: FailingReceipts(release=UnavailableError("The store does not answer."))}):
        first = await ask(shop.client())
        second = await ask(shop.client())
    assert (first.error["message"], second.error["status"]) == ("Sold out.", "ABORTED")


async def test_without_a_key_every_call_runs(shop: Shop) -> None:
    client = shop.client()
    replies = [await ask(client, key=None) for _ in range(2)]
    assert [reply.result["number"] for reply in replies] == [0, 1]


async def test_a_rest_client_sends_its_key_as_a_header(shop: Shop) -> None:
    client = shop.client()
    headers = {"Idempotency-Key": "k1"}
    sent = [await client.rest("POST", "/api/v1/orders", {"item": "book"}, token="alice", headers=headers) for _ in range(2)]
    assert [reply.json for reply in sent] == [{"number": 0}] * 2
    assert len(shop.orders) == 1


async def test_another_callers_same_key_is_another_key(shop: Shop) -> None:
    client = shop.client()
    replies = [await ask(client, token=token) for token in ("alice", "bob")]
    assert [reply.result["number"] for reply in replies] == [0, 1]


async def test_members_in_another_order_are_the_same_payload(shop: Shop) -> None:
    client = shop.client()
    headers = {"content-type": "application/json", "authorization": "Bearer alice"}
    bodies = [b'{"data":{"item":"book","idempotency_key":"k"}}', b'{"data":{"idempotency_key":"k", "item":"book"}}']
    replies = [await client.request("POST", "/", headers, body) for body in bodies]
    assert [reply.result for reply in replies] == [{"number": 0}] * 2


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", 5, ["k"], {}])
async def test_what_cannot_be_a_key_is_refused(shop: Shop, key: object) -> None:
    reply = await ask(shop.client(), key=key)
    assert (reply.status, reply.error["details"]["field"], shop.orders) == (400, "idempotency_key", [])


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
async def test_a_header_that_cannot_be_a_key_is_refused_by_its_own_name(shop: Shop, key: str) -> None:
    headers = {"Idempotency-Key": key}
    told = await shop.client().rest("POST", "/api/v1/orders", {"item": "book"}, token="alice", headers=headers)
    called = await shop.client().call({"item": "book"}, token="alice", headers=headers)
    assert [told.status, called.status, shop.orders] == [400, 400, []]
    assert told.json["field"] == called.error["details"]["field"] == "Idempotency-Key"
    assert told.json["detail"] == "Idempotency-Key must be 1 to 255 printable characters."


async def test_a_stream_asked_of_an_idempotent_function_replays_too(shop: Shop) -> None:
    client = shop.client()
    data = {"item": "book", "idempotency_key": "k1"}
    listened = [await client.events(data, token="alice") for _ in range(2)]
    assert listened == [[{"result": {"number": 0}}]] * 2
