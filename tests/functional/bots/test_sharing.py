"""Sharing by link: its holder sees whom it leads to and nothing else, and its owner can take it back at once."""

from typing import Any

import pytest

from shared.core.errors import UnavailableError
from shared.domain.bot import Visibility
from shared.ports.store import Bots
from shared.runtime.wiring import bound
from tests.functional.harness import Reply, client_for
from tests.functional.people import NOW, World, recorded
from tests.memory.interposed import Interposed, Raises
from tests.memory.store import MemoryBots

UPDATE = client_for("update_bot")
SHARE = client_for("share_bot")
GET = client_for("get_bot")
SHARED = client_for("get_shared_bot")


async def shared_as(visibility: str, **changes: Any) -> Any:
    return (await SHARE.call({"bot_id": "bot", "visibility": visibility, **changes}, token="alice")).result


async def changed(**changes: Any) -> Any:
    wanted = recorded(__file__, "update_bot", bot_id="bot", **changes)
    return (await UPDATE.call(wanted, token="alice")).result


async def followed(link: str) -> Reply:
    return await SHARED.rest("GET", f"/api/v1/shared-bots/{link}", token="bob")


async def test_a_link_shows_a_stranger_the_bots_face_alone() -> None:
    link = (await shared_as("link"))["link"]
    assert (await followed(link)).json == {
        "id": "bot",
        "name": "Reader",
        "icon": "",
        "description": "",
        "keywords": [],
    }
    assert (await SHARED.call({"link": link}, token="bob")).status == 200


async def test_sharing_makes_no_version_and_a_private_bot_shows_no_link(world: World) -> None:
    opened = await shared_as("link")
    closed = await shared_as("private")

    assert [one["version"] for one in (opened, closed)] == [1, 1]
    assert [one["visibility"] for one in (opened, closed)] == ["link", "private"]
    assert closed["link"] is None
    assert sorted(number for bot_id, number in world.store.bot_versions if bot_id == "bot") == [1]


async def test_a_bot_that_is_shared_again_has_its_old_link(world: World) -> None:
    link = (await shared_as("link"))["link"]
    await shared_as("private")
    assert (await followed(link)).status == 404
    assert (await shared_as("link"))["link"] == link
    assert (await followed(link)).status == 200
    assert world.store.bots["bot"].visibility is Visibility.LINK


async def test_a_new_link_shuts_the_old_one_at_once() -> None:
    old = (await shared_as("link"))["link"]
    new = (await shared_as("link", new_link=True))["link"]
    assert new != old
    assert [(await followed(link)).status for link in (old, new)] == [404, 200]


async def test_a_repeated_call_under_its_key_makes_no_second_link() -> None:
    wanted = {"bot_id": "bot", "new_link": True, "idempotency_key": "once"}
    first, again = [(await SHARE.call(wanted, token="alice")).result for _ in range(2)]
    assert first["link"] == again["link"]
    assert (await followed(first["link"])).status == 200


async def test_by_rest_sharing_is_a_post_at_the_bot() -> None:
    reply = await SHARE.rest("POST", "/api/v1/child-bots/bot/share", recorded(__file__, "share_bot"), token="alice")
    assert (reply.status, reply.json["visibility"]) == (200, "link")


@pytest.mark.parametrize(
    ("change", "field"), [({"visibility": "public"}, "visibility"), ({"new_link": 1}, "new_link"), ({"bot_id": "."}, "bot_id")]
)
async def test_a_wrong_wish_is_refused_by_its_field(change: dict[str, Any], field: str) -> None:
    error = (await SHARE.call({"bot_id": "bot", **change}, token="alice")).error
    assert (error["status"], error["details"]["field"]) == ("INVALID_ARGUMENT", field)


@pytest.mark.parametrize("bot_id", ["bot", "none"])
async def test_anothers_bot_is_shared_as_a_missing_one(world: World, bot_id: str) -> None:
    error = (await SHARE.call({"bot_id": bot_id}, token="bob")).error
    assert (error["status"], error["message"]) == ("NOT_FOUND", "There is no such bot.")
    assert world.store.bots["bot"].link is None


async def test_a_change_of_the_configuration_keeps_link_and_visibility() -> None:
    link = (await shared_as("link"))["link"]
    renamed = await changed(name="Renamed")
    assert (renamed["link"], renamed["visibility"], renamed["version"]) == (link, "link", 2)
    assert (await GET.call({"bot_id": "bot"}, token="alice")).result["link"] == link


async def test_links_that_open_nothing_answer_alike(world: World) -> None:
    link = (await shared_as("link"))["link"]
    bot_id, secret = link.split(".")
    others = (f"{bot_id}.{secret[:-1]}", f"talker.{secret}", f"none.{secret}")
    wrong = [*others, bot_id, f"{bot_id}.", f".{secret}", f"{link}.x", "ü", "."]
    replies = [await SHARED.call({"link": text}, token="bob") for text in wrong]
    await shared_as("private")
    replies.append(await SHARED.call({"link": link}, token="bob"))
    deleted = {"visibility": Visibility.LINK, "deleted_at": NOW}
    world.store.bots["bot"] = world.store.bots["bot"].model_copy(update=deleted)
    replies.append(await SHARED.call({"link": link}, token="bob"))

    assert {reply.status for reply in replies} == {404}
    assert {reply.error["message"] for reply in replies} == {"This link opens nothing; ask its owner for another."}


@pytest.mark.parametrize("link", ["", "x" * 301, None, 5])
async def test_what_cannot_be_a_link_is_refused_by_name(link: Any) -> None:
    error = (await SHARED.call({"link": link}, token="bob")).error
    assert (error["status"], error["details"]["field"]) == ("INVALID_ARGUMENT", "link")


async def test_a_store_that_fails_is_unavailable(world: World) -> None:
    failing = Raises({"before shared": [UnavailableError("The store did not answer.")]})
    with bound({Bots: Interposed(MemoryBots(world.store), failing)}):
        assert (await SHARED.call({"link": "bot.secret"}, token="bob")).error["status"] == "UNAVAILABLE"


async def test_a_link_is_for_people_who_are_signed_in() -> None:
    assert (await SHARED.call({"link": "bot.secret"})).status == 401
