"""The contract's generator on functions made for it: what it splits, names, and refuses."""

from collections.abc import AsyncGenerator
from enum import StrEnum
from typing import Any

import pytest
from pydantic import Field

from local.contract.callables import as_typescript
from local.contract.document import document
from local.contract.functions import ContractError, HttpEntry, prose
from local.contract.schemas import Schema, Schemas
from shared.domain.base import Id, Model, Page, PageRequest
from shared.domain.events import Token
from shared.runtime.catalogue import Manifest
from shared.runtime.contract import read_contract
from shared.runtime.functions import Call


class Colour(StrEnum):
    """What a bot is painted in."""

    RED = "red"
    BLUE = "blue"


class Settings(Model):
    """Both asked and answered."""

    size: int = 1


class PaintBot(Model):
    """Which bot, and how."""

    bot_id: Id
    colour: Colour | None = None
    settings: Settings = Settings()


class ShowBot(Model):
    """Which bot."""

    bot_id: Id


class Painted(Model):
    """The bot now."""

    version: int
    settings: Settings


class ListPaints(PageRequest):
    """Of which bot."""

    bot_id: Id
    colour: Colour | None = None


async def paint(request: PaintBot, call: Call) -> Painted:
    """The painted bot."""
    raise NotImplementedError


async def paints(request: ListPaints, call: Call) -> Page[Painted]:
    """Newest first."""
    raise NotImplementedError


async def talk(request: PaintBot, call: Call) -> AsyncGenerator[Token | Painted, None]:
    """What it says."""
    raise NotImplementedError
    yield


async def show(request: ShowBot) -> Painted:
    """The bot."""
    raise NotImplementedError


async def forget(request: ShowBot) -> None:
    """Nothing."""
    raise NotImplementedError


def entry(name: str, route: str, use_case: Any = paint, access: str = "signed_in", **manifest: Any) -> HttpEntry:
    declared = {"name": name, "trigger": {"http": {"route": route, "access": access}}, "account": "bots", **manifest}
    read, contract = Manifest.model_validate(declared), read_contract(use_case)
    assert read.trigger.http
    return HttpEntry(
        manifest=read,
        trigger=read.trigger.http,
        request=contract.request,
        result=contract.result,
        events=contract.events,
        purpose="Paints.",
        docstring=use_case.__doc__,
        example={"request": {"bot_id": "bot", "colour": "red"}, "response": None, "events": []},
    )


def documented(*entries: HttpEntry) -> Schema:
    return document(entries, Schemas(entries))


def operation(one: HttpEntry) -> Schema:
    described: Schema = documented(one)["paths"][one.trigger.path][one.trigger.method.lower()]
    return described


PAINT = entry("paint_bot", "PUT /api/v1/child-bots/{bot_id}")
PAINTS = entry("list_paints", "GET /api/v1/child-bots/{bot_id}/paints", paints)


def test_fields_of_the_path_are_no_fields_of_the_body():
    written = documented(PAINT)
    described = written["paths"][PAINT.trigger.path]["put"]
    body = written["components"]["schemas"]["PaintBotBody"]
    assert [one["name"] for one in described["parameters"] if one.get("in") == "path"] == ["bot_id"]
    assert sorted(body["properties"]) == ["colour", "settings"]
    assert body["additionalProperties"] is False
    assert described["requestBody"]["content"]["application/json"]["example"] == {"colour": "red"}


def test_fields_of_a_get_are_parameters_and_null_is_to_leave_them_out():
    fields = {one["name"]: one for one in operation(PAINTS)["parameters"] if "in" in one}
    assert {name: (one["in"], one["required"]) for name, one in fields.items()} == {
        "bot_id": ("path", True),
        "colour": ("query", False),
        "cursor": ("query", False),
        "page_size": ("query", False),
    }
    assert fields["colour"]["schema"] == {"$ref": "#/components/schemas/Colour"}
    assert fields["cursor"]["schema"] == {"maxLength": 512, "type": "string"}


def test_the_callable_takes_the_whole_request():
    assert operation(PAINT)["x-callable"]["data"] == {"$ref": "#/components/schemas/PaintBot"}


def test_what_rest_says_in_headers_is_a_field_of_the_callable():
    both = entry("paint_bot", "PUT /api/v1/child-bots/{bot_id}", conditional=True, idempotent=True)
    schemas = documented(both)["components"]["schemas"]
    names = [one["$ref"].rpartition("/")[2] for one in operation(both)["parameters"] if "$ref" in one]
    assert names == ["AppCheck", "CorrelationId", "IdempotencyKey", "IfMatch"]
    assert {"idempotency_key", "if_match"} <= set(schemas["PaintBotData"]["properties"])
    assert {"idempotency_key", "if_match"}.isdisjoint(schemas["PaintBotBody"]["properties"])


def test_an_answer_is_always_whole_and_a_request_need_not_be():
    schemas = documented(PAINT)["components"]["schemas"]
    assert (schemas["Settings"].get("required"), schemas["SettingsInput"].get("required")) == (["size"], None)


def test_a_page_is_named_by_its_items():
    assert "PageOfPainted" in documented(PAINTS)["components"]["schemas"]


def test_a_stream_says_what_a_line_holds():
    one = entry("paint_bot", "POST /api/v1/child-bots/{bot_id}/paint", talk, stream=True)
    written = documented(one)
    content = written["paths"][one.trigger.path]["post"]["responses"]["200"]["content"]
    frame = written["components"]["schemas"]["PaintBotFrame"]
    assert sorted(content) == ["application/json", "text/event-stream"]
    assert [list(choice["properties"]) for choice in frame["oneOf"]] == [["message"], ["result"], ["error"]]
    assert written["components"]["schemas"]["PaintBotEvent"]["discriminator"] == {
        "mapping": {"token": "#/components/schemas/Token"},
        "propertyName": "type",
    }


def test_what_answers_nothing_is_204():
    assert "content" not in operation(entry("forget_bot", "DELETE /api/v1/child-bots/{bot_id}", forget))["responses"]["204"]


@pytest.mark.parametrize(
    ("one", "there", "absent"),
    [
        (PAINTS, {"200", "404"}, {"409", "412", "413", "415", "429"}),
        (PAINT, {"200", "404", "409", "413", "415", "429"}, {"412"}),
        (entry("get_bot", "GET /api/v1/child-bots/{bot_id}", show, conditional=True), {"200"}, {"412"}),
        (entry("paint_bot", "PUT /api/v1/child-bots/{bot_id}", conditional=True), {"412"}, {"304"}),
        (entry("make_bot", "POST /api/v1/child-bots", conditional=True), {"200"}, {"304", "412"}),
        (entry("forget_bot", "DELETE /api/v1/child-bots/{bot_id}", forget), {"204", "409"}, {"413", "415", "429"}),
    ],
)
def test_the_refusals_are_those_that_can_occur(one: HttpEntry, there: set[str], absent: set[str]):
    listed = set(operation(one)["responses"])
    assert there <= listed
    assert not absent & listed


def test_a_public_function_may_be_called_with_and_without_a_token():
    assert operation(entry("health", "GET /api/v1/health", paints, access="public"))["security"] == [{}, {"bearer": []}]


def test_the_map_of_a_page_names_request_result_and_event():
    one = entry("paint_bot", "POST /api/v1/child-bots/{bot_id}/paint", talk, stream=True, idempotent=True)
    line = '  paint_bot: { request: Schemas["PaintBotData"]; result: Schemas["Painted"]; event: Schemas["PaintBotEvent"] };\n'
    assert line in as_typescript([one], Schemas([one]))


def test_a_list_in_a_query_is_refused():
    class Wanted(Model):
        """Several at once."""

        bot_ids: tuple[Id, ...] = Field(default=())

    async def wanted(request: Wanted) -> Painted:
        """Them."""
        raise NotImplementedError

    with pytest.raises(ContractError, match="bot_ids is no plain value"):
        operation(entry("get_bots", "GET /api/v1/child-bots", wanted))


def test_two_models_of_one_name_are_refused():
    class Painted(Model):
        """Another one."""

    async def other(request: PaintBot) -> Painted:
        """Another one."""
        raise NotImplementedError

    with pytest.raises(ContractError, match="rename one of them"):
        documented(PAINT, entry("other_bot", "POST /api/v1/child-bots/{bot_id}/other", other))


def test_a_path_of_no_known_room_is_refused():
    with pytest.raises(ContractError, match="to which room /api/v1/walls"):
        operation(entry("paint_wall", "PUT /api/v1/walls/{bot_id}"))


@pytest.mark.parametrize(
    ("docstring", "told"),
    [
        ("The bot\n    now.\n\n    As it is.\n    ", "The bot now.\n\nAs it is."),
        ("Raises NotFoundError for a bot that is absent.", ""),
        ("The bot. Raises as `ChatModel.stream`, and more. It stays.", "The bot. It stays."),
        ("The bot.\n\n    Raises KeyError where it is gone;\n    ValueError else. Raises no more.", "The bot."),
        ("Raises the bot's limit. The new limit.", "The new limit."),
        ("The one who Raises it.", "The one who Raises it."),
        (None, ""),
    ],
)
def test_callers_are_not_told_what_python_raises(docstring: str | None, told: str):
    assert prose(docstring) == told
