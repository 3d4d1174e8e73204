"""Changing a bot: each new configuration is a version that stays, can be seen and restored, and is never overwritten unseen."""

import asyncio
from typing import Any

import pytest

from shared.core.errors import ConflictError, UnavailableError
from shared.domain.bot import BotDraft, BotVersion, OwnModel
from shared.domain.provider_key import ProviderKey, Sealed, provider_key_id
from shared.ports.prompts import Personas
from shared.ports.store import Bots
from shared.ports.vault import ProviderKeys
from shared.runtime.wiring import bound
from tests.contracts.records import own_persona
from tests.functional.harness import client_for
from tests.functional.people import NOW, World, recorded
from tests.memory.interposed import Interposed, Raises
from tests.memory.prompts import MemoryPersonas
from tests.memory.store import MemoryBots
from tests.memory.vault import MemoryProviderKeys

UPDATE = client_for("update_bot")
GET = client_for("get_bot")
VERSIONS = client_for("list_bot_versions")
RESTORE = client_for("restore_bot_version")
CREATE = client_for("create_bot")
PATH = "/api/v1/child-bots/bot"


def changed(**changes: Any) -> Any:
    return recorded(__file__, "update_bot", bot_id="bot", **changes)


async def saved(name: str) -> Any:
    """The bot's next version."""
    return (await UPDATE.call(changed(name=name), token="alice")).result


def with_key(world: World, owner_id: str) -> None:
    sealed = Sealed(ciphertext=b"s", nonce=b"n", wrapped_key=b"w", wrapping_key="first")
    key_id = provider_key_id(owner_id, "key")
    world.store.provider_keys[key_id] = ProviderKey(
        id=key_id,
        key_id="key",
        owner_id=owner_id,
        name="Mine",
        base_url="https://models.example/v1",
        sealed=sealed,
        created_at=NOW,
        updated_at=NOW,
    )


async def test_a_changed_configuration_is_the_next_version(world: World) -> None:
    reply = await UPDATE.rest("PUT", PATH, recorded(__file__, "update_bot"), token="alice", headers={"If-Match": '"1"'})

    assert (reply.status, reply.headers["etag"]) == (200, '"2"')
    assert reply.json == reply.json | recorded(__file__, "update_bot")
    assert (await GET.call({"bot_id": "bot"}, token="alice")).result["instructions"] == "Answer in two sentences."
    assert world.store.bot_versions["bot", 1].configuration.name == "Reader"
    assert world.store.bot_versions["bot", 2] == BotVersion.of(world.store.bots["bot"])


async def test_what_is_left_out_takes_its_default() -> None:
    await saved("Whale expert")
    bare = (await UPDATE.call({"bot_id": "bot", "name": "Bare"}, token="alice")).result
    assert (bare["version"], bare["instructions"], bare["keywords"], bare["persona_id"]) == (3, "", [], None)


async def test_a_repeated_change_makes_no_second_version_and_answers_alike(world: World) -> None:
    headers = {"If-Match": '"1"'}
    replies = [await UPDATE.rest("PUT", PATH, recorded(__file__, "update_bot"), token="alice", headers=headers) for _ in "ab"]

    assert [reply.status for reply in replies] == [200, 200]
    assert replies[0].json == replies[1].json
    assert sorted(number for bot_id, number in world.store.bot_versions if bot_id == "bot") == [1, 2]


async def test_a_change_of_another_version_than_the_current_one_is_refused(world: World) -> None:
    await saved("Whale expert")
    refused = await UPDATE.rest("PUT", PATH, {"name": "Pilot"}, token="alice", headers={"If-Match": '"1"'})

    assert (refused.status, refused.json["field"]) == (412, "If-Match")
    assert world.store.bots["bot"].configuration.name == "Whale expert"


async def test_of_two_changes_at_once_under_one_version_one_comes_through() -> None:
    changes = (UPDATE.call(changed(name=name, if_match=1), token="alice") for name in ("Pilot", "Captain"))
    assert sorted(reply.status for reply in await asyncio.gather(*changes)) == [200, 412]


async def test_changes_at_once_without_a_condition_are_all_made(world: World) -> None:
    replies = await asyncio.gather(*(UPDATE.call(changed(name=f"Pilot {number}"), token="alice") for number in range(8)))

    assert sorted(reply.result["version"] for reply in replies) == list(range(2, 10))
    assert world.store.bots["bot"].version == 9


async def test_a_change_that_others_are_always_before_ends_in_a_conflict(world: World) -> None:
    outrun = Raises({"before save": [ConflictError("Another wrote first.") for _ in range(50)]})
    with bound({Bots: Interposed(MemoryBots(world.store), outrun)}):
        refused = await UPDATE.rest("PUT", PATH, {"name": "Pilot"}, token="alice")

    assert (refused.status, refused.json["code"]) == (409, "ABORTED")
    assert len(outrun.errors["before save"]) > 30
    assert world.store.bots["bot"].version == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"persona_id": "nobody"}, "persona_id"),
        ({"model": "gpt-none"}, "model"),
        ({"own_model": {"key_id": "key", "model": "gpt"}}, "own_model"),
        ({"agent_kind": "react"}, "agent_kind"),
        ({"tools": ["calculate"]}, "tools"),
        ({"icon": "javascript:alert(1)"}, "icon"),
        ({"icon": " java\tscript:alert(1)"}, "icon"),
        ({"icon": "data:text/html,x"}, "icon"),
        ({"icon": "http://example.com/a.png"}, "icon"),
        ({"icon": "//example.com/a.png"}, "icon"),
        ({"icon": " /\\example.com/a.png"}, "icon"),
        ({"icon": "x" * 201}, "icon"),
        ({"visibility": "link"}, "visibility"),
        ({"version": 7}, "version"),
        ({"if_match": "1"}, "if_match"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_changed(world: World, change: dict[str, Any], field: str) -> None:
    before = world.store.bots["bot"]
    error = (await UPDATE.call(changed(**change), token="alice")).error
    assert error["status"] == "INVALID_ARGUMENT"
    assert field in str(error)
    assert world.store.bots["bot"] == before


@pytest.mark.parametrize("icon", ["", "🐋", "whale", ":whale:", "https://example.com/a.png?x=1"])
async def test_an_icon_is_a_sign_a_name_or_a_safe_address(icon: str) -> None:
    assert (await UPDATE.call(changed(icon=icon), token="alice")).result["icon"] == icon


async def test_an_own_persona_may_be_named_and_anothers_may_not(world: World) -> None:
    world.store.personas["alice", "pirate"] = own_persona("alice", "pirate")
    assert (await UPDATE.call(changed(persona_id="pirate"), token="alice")).result["persona_id"] == "pirate"
    error = (await CREATE.call({"name": "Reader", "persona_id": "pirate"}, token="bob")).error
    assert (error["status"], error["details"]["field"]) == ("INVALID_ARGUMENT", "persona_id")


async def test_an_own_model_needs_a_key_of_ones_own_and_stands_alone(world: World) -> None:
    own_model = {"key_id": "key", "model": "gpt-oss"}
    with_key(world, "bob")
    foreign = (await UPDATE.call(changed(own_model=own_model), token="alice")).error
    with_key(world, "alice")
    both = (await UPDATE.call(changed(own_model=own_model, model="local-extractive"), token="alice")).error
    assert [error["details"]["field"] for error in (foreign, both)] == ["own_model", "own_model"]
    assert (await UPDATE.call(changed(own_model=own_model), token="alice")).result["own_model"] == own_model
    assert world.store.bots["bot"].configuration.own_model == OwnModel(**own_model)


async def test_versions_are_listed_newest_first_by_page() -> None:
    for name in ("Second", "Third"):
        await saved(name)
    first = (await VERSIONS.rest("GET", f"{PATH}/versions?page_size=2", token="alice")).json
    rest = (await VERSIONS.rest("GET", f"{PATH}/versions?page_size=2&cursor={first['next_cursor']}", token="alice")).json

    shown = [(item["version"], item["name"]) for item in first["items"] + rest["items"]]
    assert shown == [(3, "Third"), (2, "Second"), (1, "Reader")]
    assert (rest["next_cursor"], "owner_id" in first["items"][0]) == (None, False)


async def test_an_earlier_version_is_shown_as_it_was() -> None:
    await saved("Second")
    reply = await GET.rest("GET", f"{PATH}?version=1", token="alice")
    assert (reply.json["version"], reply.json["name"], reply.json["current_version"]) == (1, "Reader", 2)
    assert reply.headers["etag"] == '"1"'
    missing = await GET.rest("GET", f"{PATH}?version=3", token="alice")
    assert (missing.status, missing.json["field"]) == (404, "version")


@pytest.mark.parametrize("version", ["0", "-1", "x", "1.5", "1000000000"])
async def test_what_is_no_version_is_refused_by_name(version: str) -> None:
    shown = await GET.rest("GET", f"{PATH}?version={version}", token="alice")
    restored = await RESTORE.rest("POST", f"{PATH}/versions/{version}/restore", token="alice")
    assert [(reply.status, reply.json["field"]) for reply in (shown, restored)] == [(400, "version")] * 2


async def test_a_restored_version_is_a_new_one_that_says_what_it_repeats(world: World) -> None:
    await saved("Second")
    reply = await RESTORE.rest("POST", f"{PATH}/versions/1/restore", token="alice", headers={"If-Match": '"2"'})

    assert (reply.status, reply.headers["etag"], reply.json["name"]) == (201, '"3"', "Reader")
    listed = (await VERSIONS.call({"bot_id": "bot"}, token="alice")).result["items"]
    assert [(item["version"], item["restored_from"]) for item in listed] == [(3, 1), (2, None), (1, None)]
    assert world.store.bots["bot"].configuration == world.store.bot_versions["bot", 1].configuration


async def test_a_restore_that_is_called_twice_makes_one_version(world: World) -> None:
    await saved("Second")
    wanted = {"bot_id": "bot", "version": 1, "idempotency_key": "k"}
    first = (await RESTORE.call(wanted, token="alice")).result
    replayed = (await RESTORE.call(wanted, token="alice")).result
    world.store.receipts.clear()
    assert first == replayed == (await RESTORE.call(wanted, token="alice")).result
    assert world.store.bots["bot"].version == 3


async def test_a_restore_upon_another_version_is_refused() -> None:
    await saved("Second")
    refused = await RESTORE.rest("POST", f"{PATH}/versions/1/restore", token="alice", headers={"If-Match": '"1"'})
    assert refused.status == 412


async def test_a_version_that_was_never_made_cannot_be_restored() -> None:
    refused = await RESTORE.rest("POST", f"{PATH}/versions/9/restore", token="alice")
    assert (refused.status, refused.json["field"]) == (404, "version")


async def test_a_version_whose_persona_is_gone_is_not_restored(world: World) -> None:
    world.store.bot_versions["bot", 1] = world.store.bot_versions["bot", 1].model_copy(
        update={"configuration": BotDraft(name="Old", persona_id="gone")}
    )
    refused = await RESTORE.rest("POST", f"{PATH}/versions/1/restore", token="alice")
    assert (refused.status, refused.json["field"]) == (400, "persona_id")


@pytest.mark.parametrize("bot_id", ["bot", "none"])
async def test_anothers_bot_is_changed_shown_and_restored_as_a_missing_one(world: World, bot_id: str) -> None:
    before = dict(world.store.bots)
    path = f"/api/v1/child-bots/{bot_id}"
    replies = [
        await UPDATE.rest("PUT", path, {"name": "Mine"}, token="bob"),
        await GET.rest("GET", f"{path}?version=1", token="bob"),
        await VERSIONS.rest("GET", f"{path}/versions", token="bob"),
        await RESTORE.rest("POST", f"{path}/versions/1/restore", token="bob"),
    ]
    assert [(reply.status, reply.json["detail"]) for reply in replies] == [(404, "There is no such bot.")] * 4
    assert world.store.bots == before


async def test_a_deleted_bot_is_missing(world: World) -> None:
    world.store.bots["bot"] = world.store.bots["bot"].model_copy(update={"deleted_at": NOW})
    assert (await UPDATE.rest("PUT", PATH, {"name": "Back"}, token="alice")).status == 404
    assert (await RESTORE.rest("POST", f"{PATH}/versions/1/restore", token="alice")).status == 404


@pytest.mark.parametrize("moment", ["before load", "before save", "after save"])
async def test_a_store_that_fails_is_unavailable_and_the_call_can_be_repeated(world: World, moment: str) -> None:
    failing = Raises({moment: [UnavailableError("The store did not answer.")]})
    with bound({Bots: Interposed(MemoryBots(world.store), failing)}):
        replies = [await UPDATE.rest("PUT", PATH, {"name": "Pilot"}, token="alice") for _ in "ab"]
    assert [reply.status for reply in replies] == [503, 200]
    assert world.store.bots["bot"].version == 2


@pytest.mark.parametrize(
    ("port", "twin", "change"),
    [
        (Personas, MemoryPersonas, {"persona_id": "pirate"}),
        (ProviderKeys, MemoryProviderKeys, {"persona_id": None, "own_model": {"key_id": "key", "model": "gpt"}}),
    ],
)
async def test_what_cannot_be_checked_is_not_saved(world: World, port: Any, twin: Any, change: dict[str, Any]) -> None:
    failing = Raises({"before get": [UnavailableError("The store did not answer.")]})
    with bound({port: Interposed(twin(world.store), failing)}):
        error = (await UPDATE.call(changed(**change), token="alice")).error
    assert error["status"] == "UNAVAILABLE"
    assert world.store.bots["bot"].version == 1


@pytest.mark.parametrize("client", [UPDATE, VERSIONS, RESTORE])
async def test_nobody_unknown_is_served(client: Any) -> None:
    assert (await client.call({})).status == 401
