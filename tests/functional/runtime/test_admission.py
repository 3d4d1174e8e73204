"""Whoever is suspended or signed out is refused by every function, from the next call on."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.account import Account
from shared.ports.identity import Caller
from shared.runtime.functions import Call
from tests.functional.harness import client_of
from tests.functional.runtime.samples import Answer, http, make
from tests.memory.identity import MemoryIdentity
from tests.memory.store import MemoryStore

MAKE = client_of(http(make))
SIGNED_IN = datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC)


async def test_a_suspended_caller_is_refused_before_the_body_is_read(store: MemoryStore) -> None:
    store.accounts["alice"] = Account(id="alice", suspended=True)
    reply = await MAKE.request("POST", "/", {"authorization": "Bearer alice", "content-type": "application/json"}, b"{")
    assert (reply.status, reply.error["message"]) == (403, "This account is suspended.")


@pytest.mark.parametrize(("later_seconds", "status"), [(-1.0, 200), (0.0, 401), (0.9, 401), (3600.0, 401)])
async def test_a_sign_in_from_before_the_sign_out_is_refused(
    store: MemoryStore, identity: MemoryIdentity, later_seconds: float, status: int
) -> None:
    identity.callers["alice"] = Caller(uid="alice", signed_in_at=SIGNED_IN)
    store.accounts["alice"] = Account(id="alice", signed_out_at=SIGNED_IN + timedelta(seconds=later_seconds))
    assert (await MAKE.call({"name": "Ada"}, token="alice")).status == status


async def test_a_public_function_refuses_a_suspended_caller_too(store: MemoryStore) -> None:
    store.accounts["alice"] = Account(id="alice", suspended=True)
    client = client_of(http(make, access="public"))
    assert (await client.call({"name": "Ada"}, token="alice")).status == 403
    assert (await client.call({"name": "Ada"})).status == 200


async def test_a_use_case_is_given_the_account_unless_it_reads_it_itself(store: MemoryStore) -> None:
    store.accounts["alice"] = Account(id="alice", plan_id="pro")

    async def tell(call: Call) -> Answer:
        return Answer(text=call.account.plan_id if call.account else "unread")

    assert (await client_of(http(tell)).call(None, token="alice")).result == {"text": "pro"}
    assert (await client_of(http(tell, reads_account=True)).call(None, token="alice")).result == {"text": "unread"}
