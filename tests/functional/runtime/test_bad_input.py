"""Bad input is a 4xx of the right code, whose message names the field and what it should be."""

import json
from io import StringIO

import pytest

from tests.functional.harness import client_of
from tests.functional.runtime.samples import find, http, make

MAKE = client_of(http(make))
FIND = client_of(http(find, "GET /api/v1/things/{thing_id}"))
JSON = {"content-type": "application/json", "authorization": "Bearer alice"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b'{"data": {"name": "Ada"}} trailing', "body"),
        (b'{"data": {"name": "Ada", "name": "Eve"}}', "body"),
        (b'{"data": {"name": NaN}}', "body"),
        (b'{"data": {"ratio": -Infinity}}', "body"),
        (b'{"data": {"ratio": 1e999}}', "body"),
        (b'{"data": {"name": "\\ud800"}}', "body"),
        (b'{"data": {"\\udc00": 1}}', "body"),
        (b'\xff\xfe{"data": {}}', "body"),
        (b'{"data": {"name": "\xed\xa0\x80"}}', "body"),
        (b'{"data":' + b"[" * 65 + b"]" * 65 + b"}", "body"),
        (b'{"data":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "body"),
        (b'{"data": {"count": ' + b"9" * 5000 + b"}}", "body"),
        (b"[]", "data"),
        (b"null", "data"),
        (b'"data"', "data"),
        (b"{}", "data"),
        (b'{"name": "Ada"}', "data"),
        (b'{"data": []}', "data"),
        (b'{"data": "Ada"}', "data"),
        (b'{"data": {"name": "Ada"}, "context": 1}', "context"),
        (b'{"data": {}}', "name"),
        (b'{"data": {"name": ""}}', "name"),
        (b'{"data": {"name": "' + b"x" * 21 + b'"}}', "name"),
        (b'{"data": {"name": 5}}', "name"),
        (b'{"data": {"name": null}}', "name"),
        (b'{"data": {"name": ["Ada"]}}', "name"),
        (b'{"data": {"name": "Ada", "colour": "green"}}', "colour"),
        (b'{"data": {"name": "Ada", "count": "1"}}', "count"),
        (b'{"data": {"name": "Ada", "count": true}}', "count"),
        (b'{"data": {"name": "Ada", "count": 1.5}}', "count"),
        (b'{"data": {"name": "Ada", "count": 0}}', "count"),
        (b'{"data": {"name": "Ada", "parts": {}}}', "parts"),
        (b'{"data": {"name": "Ada", "parts": [{"size": "x"}]}}', "parts.0.size"),
        (b'{"data": {"name": "Ada", "nmae": "x"}}', "nmae"),
        (b'{"data": {"count": {"@type": "type.googleapis.com/google.protobuf.Int64Value", "value": "x"}}}', "data.count"),
        (b'{"data": {"count": {"@type": "type.googleapis.com/google.protobuf.Int64Value"}}}', "data.count"),
    ],
)
async def test_a_bad_callable_body_is_refused_by_its_field(body: bytes, field: str) -> None:
    reply = await MAKE.request("POST", "/", JSON, body)
    assert (reply.status, reply.error["status"], reply.error["details"]["field"]) == (400, "INVALID_ARGUMENT", field)
    assert field in reply.error["message"]


async def test_several_wrong_fields_are_named_at_once() -> None:
    reply = await MAKE.call({"colour": "green", "count": 0}, token="alice")
    assert all(name in reply.error["message"] for name in ("name", "colour", "count"))


async def test_a_message_says_what_was_expected() -> None:
    reply = await MAKE.call({"name": "Ada", "colour": "green"}, token="alice")
    assert reply.error["message"] == "colour must be 'red' or 'blue'."


async def test_a_huge_field_name_is_not_echoed_whole() -> None:
    reply = await MAKE.call({"name": "Ada", "x" * 5000: 1}, token="alice")
    assert len(reply.error["message"]) < 300


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", ""]
)
async def test_another_content_type_is_refused(content_type: str) -> None:
    reply = await MAKE.call({"name": "Ada"}, token="alice", headers={"content-type": content_type})
    assert (reply.status, reply.error["status"], reply.error["details"]["field"]) == (415, "INVALID_ARGUMENT", "Content-Type")


async def test_a_content_type_may_name_the_encoding() -> None:
    reply = await MAKE.call({"name": "Ada"}, token="alice", headers={"content-type": 'Application/JSON; charset="UTF-8"'})
    assert reply.status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "PATCH"])
async def test_a_callable_takes_post_alone(method: str) -> None:
    reply = await MAKE.request(method, "/", JSON)
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


class TestSize:
    SMALL = client_of(http(make, max_body_bytes=1024))

    async def test_an_announced_size_over_the_limit_is_refused_unread(self) -> None:
        exchange = self.SMALL.send("POST", "/", {**JSON, "content-length": "1025"}, [b"x" * 1025])
        reply = await exchange.reply()
        assert (reply.status, reply.error["status"], exchange.pieces_read) == (413, "INVALID_ARGUMENT", 0)

    async def test_reading_stops_once_the_limit_is_passed(self) -> None:
        exchange = self.SMALL.send("POST", "/", JSON, [b"x" * 600] * 10)
        reply = await exchange.reply()
        assert (reply.status, exchange.pieces_read) == (413, 2)

    async def test_a_body_of_exactly_the_limit_is_read(self) -> None:
        body = json.dumps({"data": {"name": "Ada"}}).encode()
        reply = await self.SMALL.request("POST", "/", JSON, body + b" " * (1024 - len(body)))
        assert reply.status == 200

    async def test_who_may_not_call_is_told_so_before_the_body_is_read(self) -> None:
        exchange = self.SMALL.send("POST", "/", {"content-type": "application/json"}, [b"x" * 600] * 10)
        reply = await exchange.reply()
        assert (reply.status, exchange.pieces_read) == (401, 0)


@pytest.mark.parametrize(
    ("url", "field"),
    [
        ("/api/v1/things/a%20b", "thing_id"),
        ("/api/v1/things/t1?page_size=ten", "page_size"),
        ("/api/v1/things/t1?page_size=0", "page_size"),
        ("/api/v1/things/t1?page_size=1&page_size=2", "page_size"),
        ("/api/v1/things/t1?deep=perhaps", "deep"),
        ("/api/v1/things/t1?colour=red", "colour"),
        ("/api/v1/things/t1?thing_id=t2", "thing_id"),
    ],
)
async def test_a_bad_parameter_is_refused_by_its_name(url: str, field: str) -> None:
    reply = await FIND.rest("GET", url, token="alice")
    problem = reply.json
    assert (reply.status, problem["code"], problem["field"]) == (400, "INVALID_ARGUMENT", field)
    assert field in problem["detail"]


async def test_a_get_with_a_body_is_refused() -> None:
    reply = await FIND.rest("GET", "/api/v1/things/t1", {"page_size": 1}, token="alice")
    assert (reply.status, reply.json["field"]) == (400, "body")


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_defect(lines: StringIO) -> None:
    exchange = MAKE.send("POST", "/", JSON, [b'{"data":'], cut=True)
    exchange.disconnect()
    await exchange.reply()
    last = json.loads(lines.getvalue().splitlines()[-1])
    assert (last["status"], last["severity"]) == (499, "INFO")


async def test_half_a_character_in_a_query_is_read_as_its_replacement() -> None:
    reply = await FIND.rest("GET", "/api/v1/things/t1?cursor=%ED%A0", token="alice")
    assert (reply.status, reply.json["cursor"]) == (200, "\N{REPLACEMENT CHARACTER}" * 2)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "name is required."),
        ({"name": ""}, "name must have at least 1 character(s)."),
        ({"name": "x" * 21}, "name may have at most 20 characters."),
        ({"name": 5}, "name must be text."),
        ({"name": "Ada", "count": "1"}, "count must be a whole number."),
        ({"name": "Ada", "count": 0}, "count must be at least 1."),
        ({"name": "Ada", "ratio": "x"}, "ratio must be a number."),
        ({"name": "Ada", "parts": {}}, "parts must be a list."),
        ({"name": "Ada", "parts": [1]}, "parts.0 must be an object."),
        ({"name": "Ada", "nmae": "x"}, "nmae is not a field of this function."),
    ],
)
async def test_a_sentence_says_what_the_field_must_be(fields: dict[str, object], sentence: str) -> None:
    assert (await MAKE.call(fields, token="alice")).error["message"] == sentence


async def test_a_spelling_is_told_in_words_and_of_a_parameter_too() -> None:
    refused = await FIND.rest("GET", "/api/v1/things/a.b?page_size=x", token="alice")
    assert refused.json["detail"] == "page_size must be a whole number."
    refused = await FIND.rest("GET", "/api/v1/things/a.b", token="alice")
    assert refused.json["detail"] == "thing_id must be letters, digits, - and _ alone."
