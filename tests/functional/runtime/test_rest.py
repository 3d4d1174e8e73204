"""The same functions behind their REST routes."""

import pytest

from shared.core.errors import ResourceExhaustedError, UnavailableError
from tests.functional.harness import client_of
from tests.functional.runtime.samples import Answer, find, http, make

MAKE = client_of(http(make, success=201))
FIND = client_of(http(find, "GET /api/v1/things/{thing_id}"))


async def test_a_post_takes_and_answers_plain_json() -> None:
    reply = await MAKE.rest("POST", "/api/v1/things", {"name": "Ada"}, token="alice")
    assert (reply.status, reply.json["by"]) == (201, "alice")


async def test_path_and_query_parameters_are_fields_of_the_request() -> None:
    reply = await FIND.rest("GET", "/api/v1/things/t1?page_size=5&deep=true&cursor=12", token="alice")
    assert reply.json == {"thing_id": "t1", "page_size": 5, "deep": True, "cursor": "12"}


async def test_a_refusal_is_a_problem_that_names_code_and_field() -> None:
    reply = await FIND.rest("GET", "/api/v1/things/absent", token="alice", headers={"X-Correlation-Id": "abc"})
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json == {
        "type": "about:blank",
        "title": "Not found",
        "status": 404,
        "detail": "There is no such thing.",
        "code": "NOT_FOUND",
        "field": "thing_id",
        "correlation_id": "abc",
    }


async def test_another_verb_is_told_the_right_one() -> None:
    reply = await FIND.rest("POST", "/api/v1/things/t1", {}, token="alice")
    assert (reply.status, reply.headers["allow"]) == (405, "GET")


@pytest.mark.parametrize(
    "path", ["/api/v1/things", "/api/v1/things/t1/parts", "/api/v1/things/t1/", "/favicon", "/api/v2/things/t1"]
)
async def test_another_path_is_not_found(path: str) -> None:
    reply = await FIND.rest("GET", path, token="alice")
    assert (reply.status, reply.json["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("error", "status"), [(ResourceExhaustedError("Full.", retry_after_seconds=0.2), 429), (UnavailableError("Down."), 503)]
)
async def test_what_passes_by_itself_says_when_to_come_back(error: Exception, status: int) -> None:
    async def refuse() -> Answer:
        raise error

    reply = await client_of(http(refuse)).rest("POST", "/api/v1/things", token="alice")
    assert (reply.status, reply.headers["retry-after"]) == (status, "1")


async def test_a_use_case_without_an_answer_has_no_content() -> None:
    async def forget() -> None:
        return None

    reply = await client_of(http(forget, "DELETE /api/v1/things")).rest("DELETE", "/api/v1/things", token="alice")
    assert (reply.status, reply.content) == (204, b"")
