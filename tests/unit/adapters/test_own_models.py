"""Models behind people's own keys: opened once, shared while they last, closed when idle, and silent about the key."""

import asyncio
import traceback
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

import pytest

from shared.adapters.guarded import Caps, GuardedTransport
from shared.adapters.openai_compatible import OpenAiCompatibleChatModel, open_client
from shared.adapters.own_models import Connected, ProviderOwnModels
from shared.adapters.resolver import Resolver
from shared.core.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    ResourceExhaustedError,
    SynapseError,
    UnavailableError,
    Verdict,
)
from shared.domain.plan import Stock
from shared.domain.prompt import Completion, ModelSpec
from shared.domain.provider_key import ProviderKey, provider_key_id, seal_context
from shared.ports.models import ChatModel
from tests.contracts.records import NOW
from tests.memory.chat_models import ScriptedChatModel
from tests.memory.vault import MemoryProviderKeys, MemoryVault
from tests.wire import openai_format
from tests.wire.providers import PATIENT, PROMPT, SETTINGS
from tests.wire.server import Reply, WireServer, running

SECRET = openai_format.KEY  # Which the scripted failures of the format repeat.
ADDRESS = "https://api.example/v1"


class Desk:
    """Keys, a vault and own models; `opened` is what each connection was opened with, `closed` counts what was closed."""

    def __init__(self, most_open: int = 2) -> None:
        self.keys = MemoryProviderKeys()
        self.vault = MemoryVault()
        self.opened: list[tuple[str, str, str]] = []
        self.closed: list[str] = []
        self.models = ProviderOwnModels(self.keys, lambda: self.vault, self._connect, most_open)

    def _connect(self, spec: ModelSpec, base_url: str, key: str) -> Connected:
        self.opened.append((spec.name, base_url, key))

        async def close() -> None:
            self.closed.append(spec.name)

        return Connected(ScriptedChatModel(["Hello."]), close)

    async def save(self, key_id: str = "key", owner_id: str = "alice", secret: str = SECRET, base_url: str = ADDRESS) -> None:
        sealed = await self.vault.seal(secret.encode(), seal_context(owner_id, key_id, base_url))
        document_id = provider_key_id(owner_id, key_id)
        named = {"id": document_id, "key_id": key_id, "owner_id": owner_id, "name": "Mine", "base_url": base_url}
        key = ProviderKey.model_validate({**named, "sealed": sealed, "created_at": NOW, "updated_at": NOW})
        await self.keys.save(key, Stock(provider_keys=100))


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_model_is_opened_with_its_owners_key_and_address(desk: Desk) -> None:
    await desk.save()

    await desk.models.get("key", "alice", "small-talker")

    assert desk.opened == [("own:small-talker", ADDRESS, SECRET)]


async def test_the_next_turn_finds_it_open(desk: Desk) -> None:
    await desk.save()

    one, other = [await desk.models.get("key", "alice", "small-talker") for _ in range(2)]

    assert one is other
    assert len(desk.opened) == 1


@pytest.mark.parametrize("asked", [("key", "bob"), ("other", "alice"), ("", "alice"), ("a/b", "alice")])
async def test_a_foreign_or_missing_key_is_one_and_the_same_error(desk: Desk, asked: tuple[str, str]) -> None:
    await desk.save()

    with pytest.raises(FailedPreconditionError, match="no such provider key") as refused:
        await desk.models.get(*asked, "small-talker")

    assert refused.value.field == "own_model"


async def test_an_environment_without_a_vault_is_noticed_with_the_first_key_alone() -> None:
    desk = Desk()

    def none() -> MemoryVault:
        raise AssertionError("nobody asked for a key")

    with pytest.raises(FailedPreconditionError):
        await ProviderOwnModels(desk.keys, none, desk._connect).get("key", "alice", "m")


async def test_a_replaced_key_opens_the_model_anew_and_closes_the_old_connection(desk: Desk) -> None:
    await desk.save(secret="sk-old")
    await desk.models.get("key", "alice", "m")
    await desk.save(secret="sk-new", base_url="https://other.example")

    await desk.models.get("key", "alice", "m")

    assert [(address, key) for _, address, key in desk.opened] == [(ADDRESS, "sk-old"), ("https://other.example", "sk-new")]
    assert desk.closed == ["own:m"]


async def test_a_deleted_key_is_let_go(desk: Desk) -> None:
    await desk.save()
    await desk.models.get("key", "alice", "m")
    await desk.keys.delete("key", "alice")

    with pytest.raises(FailedPreconditionError):
        await desk.models.get("key", "alice", "m")

    assert desk.closed == ["own:m"]


async def test_the_model_that_was_not_used_longest_makes_room(desk: Desk) -> None:
    await desk.save()
    for name in ("one", "two", "one", "three"):
        await desk.models.get("key", "alice", name)

    assert desk.closed == ["own:two"]


async def test_a_model_that_speaks_is_closed_when_it_has_finished(desk: Desk) -> None:
    await desk.save()
    speaking = await desk.models.get("key", "alice", "one")
    events = cast("Any", speaking.stream(PROMPT, SETTINGS))
    async with aclosing(events):
        await anext(events)
        for name in ("two", "three"):
            await desk.models.get("key", "alice", name)
        assert desk.closed == []

    assert desk.closed == ["own:one"]


async def test_a_model_that_was_let_go_still_serves_who_holds_it_and_closes_again(desk: Desk) -> None:
    await desk.save()
    held = await desk.models.get("key", "alice", "one")
    for name in ("two", "three"):
        await desk.models.get("key", "alice", name)

    said = [event async for event in held.stream(PROMPT, SETTINGS)]

    assert isinstance(said[-1], Completion)
    assert desk.closed == ["own:one", "own:one"]


async def test_turns_that_open_one_model_at_once_all_get_one_that_works(desk: Desk) -> None:
    await desk.save()

    models = await asyncio.gather(*(desk.models.get("key", "alice", "m") for _ in range(10)))

    for model in models:
        assert [event async for event in model.stream(PROMPT, SETTINGS)]


async def test_a_key_under_an_older_wrapping_key_is_sealed_again_when_it_is_used(desk: Desk) -> None:
    await desk.save()
    desk.vault.rotate("second")

    await desk.models.get("key", "alice", "m")

    stored = await desk.keys.get("key", "alice")
    assert stored is not None
    assert stored.sealed.wrapping_key == "second"
    desk.vault.wrapping_keys.remove("first")
    assert await desk.models.get("key", "alice", "another")


async def test_a_key_whose_wrapping_key_is_gone_must_be_entered_again(desk: Desk) -> None:
    await desk.save()
    desk.vault.wrapping_keys[:] = ["second"]

    with pytest.raises(FailedPreconditionError, match="enter it again") as refused:
        await desk.models.get("key", "alice", "m")

    assert refused.value.field == "own_model"


async def test_a_record_copied_to_another_owner_or_address_does_not_open(desk: Desk) -> None:
    await desk.save()
    stored = await desk.keys.get("key", "alice")
    assert stored is not None
    stolen = stored.model_copy(update={"id": provider_key_id("bob", "key"), "owner_id": "bob"})
    await desk.keys.save(stolen, Stock(provider_keys=1))
    await desk.keys.save(stored.model_copy(update={"base_url": "https://evil.example"}), Stock(provider_keys=1))

    for owner in ("alice", "bob"):
        with pytest.raises(FailedPreconditionError):
            await desk.models.get("key", owner, "m")
    assert desk.opened == []


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with running() as started:
        yield started


async def _own(server: WireServer, *, allow_private: bool = True) -> ChatModel:
    """A model at the loopback server, through the real guard and SDK."""

    def connect(spec: ModelSpec, base_url: str, key: str) -> Connected:
        transport = GuardedTransport(Resolver(allow_private=allow_private), Caps())
        return Connected(
            OpenAiCompatibleChatModel(spec, open_client(base_url, key, PATIENT, transport), PATIENT), transport.aclose
        )

    desk = Desk()
    await desk.save(base_url=f"{server.url}/v1")
    return await ProviderOwnModels(desk.keys, lambda: desk.vault, connect).get("key", "alice", "small-talker")


async def _fails(model: ChatModel) -> SynapseError:
    with pytest.raises(SynapseError) as failed:
        [event async for event in model.stream(PROMPT, SETTINGS)]
    return failed.value


async def test_it_talks_through_the_guard_with_the_key(server: WireServer) -> None:
    server.will_reply(Reply(openai_format.answer("Grüezi.")))

    said = [event async for event in (await _own(server)).stream(PROMPT, SETTINGS)]

    assert [type(event).__name__ for event in said] == ["TextDelta", "Completion"]
    assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"
    assert server.requests[0].body["model"] == "small-talker"


async def test_a_private_address_is_refused_at_the_call_too(server: WireServer) -> None:
    failed = await _fails(await _own(server, allow_private=False))

    assert (type(failed), failed.field, server.requests) == (FailedPreconditionError, "own_model", [])


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed_with_the_key(server: WireServer, status: int) -> None:
    server.will_reply(Reply((), status, {"Location": f"{server.url}/elsewhere"}))

    await _fails(await _own(server))

    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "error", "verdict"),
    [
        (401, FailedPreconditionError, Verdict.DROP),
        (403, FailedPreconditionError, Verdict.DROP),
        (404, FailedPreconditionError, Verdict.DROP),
        (400, InvalidArgumentError, Verdict.DROP),
        (429, ResourceExhaustedError, Verdict.RETRY),
        (500, UnavailableError, Verdict.RETRY),
    ],
)
async def test_a_refusal_is_told_without_what_the_provider_said(
    server: WireServer, status: int, error: type[SynapseError], verdict: Verdict
) -> None:
    server.will_reply(openai_format.failure(status))

    failed = await _fails(await _own(server))

    assert (type(failed), failed.verdict) == (error, verdict)
    assert SECRET not in "".join(traceback.format_exception(failed))
    assert failed.__cause__ is None


async def test_a_refused_key_is_the_owners_to_mend(server: WireServer) -> None:
    server.will_reply(openai_format.failure(401))

    failed = await _fails(await _own(server))

    assert (failed.field, "refused the key" in failed.message) == ("own_model", True)
