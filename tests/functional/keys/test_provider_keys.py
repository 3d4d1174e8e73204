"""People's own provider keys: saved sealed, listed without themselves, and gone when they are deleted."""

import io
from typing import Any

import pytest

from shared.core.errors import SynapseError, UnavailableError
from shared.core.settings import Settings
from shared.domain.provider_key import provider_key_id, seal_context
from shared.ports.vault import ProviderKeys, Vault
from shared.runtime.wiring import bound
from tests.functional.harness import Reply, client_for
from tests.functional.people import SETTINGS, World, recorded
from tests.memory.interposed import Interposed, Raises
from tests.memory.vault import MemoryProviderKeys

SAVE = client_for("save_provider_key")
LIST = client_for("list_provider_keys")
DELETE = client_for("delete_provider_key")
ROUTE = "/api/v1/auth/me/provider-keys"
SECRET = recorded(__file__, "save_provider_key")["api_key"]


async def save(token: str = "alice", **changes: Any) -> Reply:
    return await SAVE.call(recorded(__file__, "save_provider_key", **changes), token=token)


async def test_a_saved_key_is_shown_without_itself(world: World) -> None:
    saved = (await save()).result

    assert saved == {
        "id": "my-openai",
        "name": "My OpenAI account",
        "base_url": "https://api.openai.com/v1",
        "hint": "7f3a",
        "created_at": "2026-11-22T10:00:30Z",
        "updated_at": "2026-11-22T10:00:30Z",
    }
    assert (await LIST.call({}, token="alice")).result == {"items": [saved], "next_cursor": None}


async def test_rest_saves_lists_and_deletes_as_the_callables_do() -> None:
    draft = recorded(__file__, "save_provider_key")
    key_id = draft.pop("key_id")

    saved = await SAVE.rest("PUT", f"{ROUTE}/{key_id}", draft, token="alice")
    listed = await LIST.rest("GET", f"{ROUTE}?page_size=5", token="alice")
    deleted = await DELETE.rest("DELETE", f"{ROUTE}/{key_id}", token="alice")
    again = await DELETE.rest("DELETE", f"{ROUTE}/{key_id}", token="alice")

    assert (saved.status, listed.status, deleted.status, again.status) == (200, 200, 200, 404)
    assert listed.json["items"] == [saved.json]
    assert deleted.json == {"key_id": key_id}


async def test_what_is_stored_is_sealed_for_this_owner_and_this_address(world: World) -> None:
    await save()

    stored = world.store.provider_keys[provider_key_id("alice", "my-openai")]
    opened = await world.vault.open(stored.sealed, seal_context("alice", "my-openai", "https://api.openai.com/v1"))
    assert opened.plaintext == SECRET.encode()
    assert SECRET not in repr(stored)
    assert SECRET not in stored.model_dump_json()


async def test_a_key_saved_again_takes_the_place_of_the_first(world: World) -> None:
    await save()

    saved = (await save(api_key="short", base_url="https://other.example:8443", name="Other")).result

    assert (saved["hint"], saved["base_url"], saved["name"]) == ("", "https://other.example:8443", "Other")
    assert len((await LIST.call({}, token="alice")).result["items"]) == 1


async def test_twenty_keys_are_the_limit_of_the_plan_and_a_deleted_one_makes_room() -> None:
    for number in range(20):
        await save(key_id=f"k{number}")

    refused = (await save(key_id="one-more")).error
    await save(key_id="k3", name="Again")
    await DELETE.call({"key_id": "k3"}, token="alice")

    assert (refused["status"], refused["message"]) == (
        "RESOURCE_EXHAUSTED",
        "The plan's limit of 20 provider keys is reached. Delete what is no longer needed.",
    )
    assert (await save(key_id="one-more")).status == 200


async def test_anothers_key_is_as_a_missing_one_and_stays() -> None:
    await save()

    foreign = await DELETE.call({"key_id": "my-openai"}, token="bob")
    missing = await DELETE.call({"key_id": "nothing"}, token="bob")

    assert foreign.status == missing.status == 404
    assert foreign.error["message"] == missing.error["message"]
    assert (await LIST.call({}, token="bob")).result["items"] == []
    assert len((await LIST.call({}, token="alice")).result["items"]) == 1


async def test_a_key_of_the_same_name_is_each_persons_own() -> None:
    await save(name="Hers")
    await save("bob", name="His")

    names = [(await LIST.call({}, token=person)).result["items"][0]["name"] for person in ("alice", "bob")]
    assert names == ["Hers", "His"]


@pytest.mark.parametrize("token", [None, "nonsense token"])
async def test_nobody_has_no_keys(token: str | None) -> None:
    replies = [await client.call({"key_id": "my-openai"}, token=token) for client in (SAVE, DELETE, LIST)]

    assert [reply.status for reply in replies] == [401, 401, 401]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"key_id": "a/b"}, "key_id"),
        ({"key_id": ""}, "key_id"),
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"api_key": ""}, "api_key"),
        ({"api_key": "x" * 501}, "api_key"),
        ({"api_key": "two words"}, "api_key"),
        ({"api_key": "line\nbreak"}, "api_key"),
        ({"api_key": "schlüssel"}, "api_key"),
        ({"api_key": 5}, "api_key"),
        ({"api_key": None}, "api_key"),
        ({"base_url": ""}, "base_url"),
        ({"base_url": "http://api.openai.com/v1"}, "base_url"),
        ({"base_url": "https://localhost/v1"}, "base_url"),
        ({"base_url": "https://169.254.169.254/"}, "base_url"),
        ({"base_url": "https://user:pw@api.openai.com/"}, "base_url"),
        ({"base_url": "https://" + "a" * 500}, "base_url"),
        ({"owner_id": "bob"}, "owner_id"),
        ({"hint": "abcd"}, "hint"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_saved(world: World, change: dict[str, object], field: str) -> None:
    error = (await save(**change)).error

    assert (error["status"], error["details"]["field"]) == ("INVALID_ARGUMENT", field)
    assert world.store.provider_keys == {}


@pytest.mark.parametrize("missing", ["key_id", "name", "base_url", "api_key"])
async def test_every_field_is_needed(missing: str) -> None:
    draft = recorded(__file__, "save_provider_key")
    del draft[missing]

    assert missing in (await SAVE.call(draft, token="alice")).error["message"]


@pytest.mark.parametrize("wrong", ["k" * 600, "two words and more of them", "line\nbreak-of-a-secret", "\x7f-a-secret-of-alice"])
async def test_a_wrong_key_is_repeated_nowhere(logged: io.StringIO, wrong: str) -> None:
    reply = await save(api_key=wrong)

    assert wrong not in reply.content.decode() + logged.getvalue()
    assert wrong[-12:] not in reply.content.decode() + logged.getvalue()


async def test_a_private_address_may_be_saved_where_the_setting_allows_it() -> None:
    with bound({Settings: SETTINGS.model_copy(update={"allow_private_providers": True})}):
        saved = (await save(base_url="http://127.0.0.1:11434/v1")).result

    assert saved["base_url"] == "http://127.0.0.1:11434/v1"


async def test_the_setting_is_refused_in_the_cloud() -> None:
    deployed = SETTINGS.model_copy(update={"allow_private_providers": True, "k_service": "save_provider_key"})
    with bound({Settings: deployed}):
        reply = await save(base_url="http://127.0.0.1:11434/v1")

    assert reply.status == 500


@pytest.mark.parametrize(("port", "method"), [(Vault, "seal"), (ProviderKeys, "save")])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_port_that_fails_tells_that_it_may_pass_and_saving_again_works(
    world: World, logged: io.StringIO, port: Any, method: str, moment: str
) -> None:
    failing = Raises({f"{moment} {method}": [UnavailableError("It did not answer.")]})
    real = world.vault if port is Vault else MemoryProviderKeys(world.store)
    with bound({port: Interposed(real, failing)}):
        first, second = [await save() for _ in "ab"]

    assert (first.status, second.status) == (503, 200)
    assert SECRET not in logged.getvalue()
    assert len((await LIST.call({}, token="alice")).result["items"]) == 1


@pytest.mark.parametrize(("client", "method"), [(LIST, "list"), (DELETE, "delete")])
async def test_a_store_that_fails_tells_that_it_may_pass(world: World, client: Any, method: str) -> None:
    failure: SynapseError = UnavailableError("It did not answer.")
    with bound({ProviderKeys: Interposed(MemoryProviderKeys(world.store), Raises({f"before {method}": [failure]}))}):
        reply = await client.call({"key_id": "k"} if method == "delete" else {}, token="alice")

    assert reply.error["status"] == "UNAVAILABLE"


@pytest.mark.parametrize("cursor", ["x", "bnVsbA=="])
async def test_a_cursor_that_is_not_ours_is_named(cursor: str) -> None:
    assert (await LIST.call({"cursor": cursor}, token="alice")).error["details"]["field"] == "cursor"
