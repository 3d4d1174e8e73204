"""A bot that answers by its owner's own key, at a loopback provider, through the guard and the real SDK."""

import io
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.core.settings import Settings
from shared.domain.bot import AgentKind, OwnModel
from shared.ports.models import OwnModels
from shared.runtime.models import open_own_models
from shared.runtime.wiring import bound
from tests.functional.harness import client_for
from tests.functional.people import SETTINGS, World, recorded
from tests.memory.vault import MemoryProviderKeys
from tests.unit.agent.library import a_bot
from tests.wire import openai_format
from tests.wire.server import Reply, WireServer, running

CHAT = client_for("chat")
SAVE = client_for("save_provider_key")
LIST = client_for("list_provider_keys")
PRIVATE = SETTINGS.model_copy(update={"allow_private_providers": True})
SECRET = openai_format.KEY  # Which the scripted failures of the format repeat.


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with running() as started:
        yield started


@pytest.fixture(autouse=True)
def own_bot(world: World) -> None:
    bot = a_bot("own", agent_kind=AgentKind.CHAT)
    draft = bot.configuration.model_copy(update={"own_model": OwnModel(key_id="my-openai", model="small-talker")})
    world.store.bots["own"] = bot.model_copy(update={"configuration": draft})


def deciding(world: World, settings: Settings) -> dict[Any, Any]:
    """The real own models, under these settings."""
    return {Settings: settings, OwnModels: open_own_models(settings, MemoryProviderKeys(world.store), lambda: world.vault)}


async def save(server: WireServer) -> None:
    with bound({Settings: PRIVATE}):
        draft = recorded(__file__, "save_provider_key", base_url=f"{server.url}/v1", api_key=SECRET)
        assert (await SAVE.call(draft, token="alice")).status == 200


async def ask() -> list[Any]:
    return await CHAT.events({"bot_id": "own", "message": "Who are you?"}, token="alice")


async def test_a_bot_answers_by_its_owners_key(world: World, server: WireServer) -> None:
    server.will_reply(Reply(openai_format.answer("I am ", "yours.")))
    await save(server)

    with bound(deciding(world, PRIVATE)):
        events = await ask()

    assert events[-1]["result"]["answer"] == "I am yours."
    assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"
    (turn,) = world.store.turns.values()
    assert turn.model == "own:small-talker"


async def test_the_same_address_is_refused_without_the_setting(world: World, server: WireServer) -> None:
    await save(server)

    with bound(deciding(world, SETTINGS)):
        events = await ask()

    assert (events[-1]["error"]["status"], events[-1]["error"]["details"]["field"]) == ("FAILED_PRECONDITION", "own_model")
    assert server.requests == []


async def test_a_bot_whose_key_was_deleted_says_so(world: World) -> None:
    with bound(deciding(world, PRIVATE)):
        events = await ask()

    assert (events[-1]["error"]["status"], events[-1]["error"]["details"]["field"]) == ("FAILED_PRECONDITION", "own_model")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
async def test_no_log_line_no_answer_and_no_record_ever_holds_the_key(
    world: World, server: WireServer, logged: io.StringIO, status: int
) -> None:
    server.will_reply(openai_format.failure(status), Reply([*openai_format.said("Half"), openai_format.failure_within(status)]))
    await save(server)

    with bound(deciding(world, PRIVATE)):
        answers = [await ask(), await ask(), (await LIST.call({}, token="alice")).result]

    assert "error" in answers[0][-1]
    seen = logged.getvalue() + str(answers) + str(vars(world.store))
    assert len(server.requests) == 2
    assert SECRET not in seen
    assert "Bearer" not in seen
    assert "Authorization" not in seen
