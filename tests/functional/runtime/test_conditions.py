"""A version is an ETag: a change of another version than the one that was read is refused."""

from typing import Any

import pytest

from shared.domain.base import Id, Model
from shared.runtime.functions import Call
from tests.functional.harness import Client, client_of
from tests.functional.runtime.samples import http


class Change(Model):
    thing_id: Id


class Thing(Model):
    thing_id: str
    version: int


async def change(wanted: Change, call: Call) -> Thing:
    """Its third version is the current one."""
    call.require_version(3)
    return Thing(thing_id=wanted.thing_id, version=3)


async def show(wanted: Change) -> Thing:
    """Whatever its version is."""
    return Thing(thing_id=wanted.thing_id, version=3)


PUT = client_of(http(change, "PUT /api/v1/things/{thing_id}", conditional=True))
GET = client_of(http(show, "GET /api/v1/things/{thing_id}", conditional=True))
MAKE = client_of(http(show, "POST /api/v1/things", conditional=True))
DELETE = client_of(http(show, "DELETE /api/v1/things/{thing_id}"))
PATH = "/api/v1/things/t1"


@pytest.mark.parametrize("header", [None, "*", '"3"', '"2", "3"'])
async def test_the_version_that_was_read_may_be_changed(header: str | None) -> None:
    reply = await PUT.rest("PUT", PATH, {}, token="alice", headers={"If-Match": header} if header else {})
    assert (reply.status, reply.headers["etag"]) == (200, '"3"')


async def test_another_version_is_refused_by_412_without_a_time_to_come_back() -> None:
    reply = await PUT.rest("PUT", PATH, {}, token="alice", headers={"If-Match": '"2"'})
    assert (reply.status, reply.json["field"], "retry-after" in reply.headers) == (412, "If-Match", False)


@pytest.mark.parametrize("header", ["3", 'W/"3"', '"x"', '"-1"', '"1234567890"', '"3', ""])
async def test_what_is_no_etag_of_ours_is_refused_by_name(header: str) -> None:
    reply = await PUT.rest("PUT", PATH, {}, token="alice", headers={"If-Match": header})
    assert (reply.status, reply.json["field"]) == (400, "If-Match")


@pytest.mark.parametrize(("version", "status"), [(3, 200), (2, 412), ("3", 400), (True, 400), (-1, 400), (1.5, 400)])
async def test_a_callable_names_the_version_as_a_field(version: Any, status: int) -> None:
    reply = await PUT.call({"thing_id": "t1", "if_match": version}, token="alice")
    assert reply.status == status
    assert status == 200 or reply.error["status"] == ("ABORTED" if status == 412 else "INVALID_ARGUMENT")


async def test_a_read_is_always_told_whole_and_kept_by_no_cache() -> None:
    reply = await GET.rest("GET", PATH, token="alice", headers={"If-None-Match": '"3"'})
    assert (reply.status, reply.json["version"]) == (200, 3)
    assert (reply.headers["etag"], reply.headers["cache-control"]) == ('"3"', "no-store")


@pytest.mark.parametrize("header", ['"3"', "3", ""])
async def test_a_call_that_guards_no_version_refuses_a_condition_rather_than_to_ignore_it(header: str) -> None:
    headers = {"If-Match": header}
    made = await MAKE.rest("POST", "/api/v1/things", {"thing_id": "t1"}, token="alice", headers=headers)
    shown = await GET.rest("GET", PATH, token="alice", headers=headers)
    deleted = await DELETE.rest("DELETE", PATH, token="alice", headers=headers)
    for reply in (made, shown, deleted):
        assert (reply.status, reply.json["field"], reply.json["detail"]) == (400, "If-Match", "This call takes no If-Match.")
    called = await DELETE.call({"thing_id": "t1"}, token="alice", headers=headers)
    assert (called.status, called.error["details"]["field"]) == (400, "If-Match")


async def test_any_version_is_a_condition_that_every_call_meets() -> None:
    assert (await DELETE.rest("DELETE", PATH, token="alice", headers={"If-Match": "*"})).status == 200


@pytest.mark.parametrize("client", [MAKE, GET, DELETE])
async def test_a_field_if_match_is_unknown_to_a_call_that_guards_no_version(client: Client) -> None:
    reply = await client.call({"thing_id": "t1", "if_match": 3}, token="alice")
    assert (reply.status, reply.error["details"]["field"]) == (400, "if_match")
