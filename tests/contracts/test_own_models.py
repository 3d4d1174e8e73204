"""Models behind people's own keys, in memory and through a vault: one owner's key is nobody else's."""

from collections.abc import AsyncIterator

import pytest

from shared.adapters.own_models import Connected, ProviderOwnModels
from shared.core.errors import FailedPreconditionError
from shared.domain.plan import Stock
from shared.domain.prompt import Completion, ModelSpec, TextDelta
from shared.domain.provider_key import seal_context
from shared.ports.models import OwnModels
from tests.contracts.test_provider_keys import a_key
from tests.memory.chat_models import ScriptedChatModel
from tests.memory.vault import MemoryOwnModels, MemoryProviderKeys, MemoryVault
from tests.wire.providers import PROMPT, SETTINGS


@pytest.fixture(params=["memory", "provider"])
async def own_models(request: pytest.FixtureRequest) -> AsyncIterator[OwnModels]:
    """Own models of alice, who has saved the key `key`."""
    if request.param == "memory":
        yield MemoryOwnModels()
        return
    keys, vault = MemoryProviderKeys(), MemoryVault()
    key = a_key("key", "alice")
    sealed = await vault.seal(b"sk-alices", seal_context("alice", "key", key.base_url))
    await keys.save(key.model_copy(update={"sealed": sealed}), Stock(provider_keys=1))
    yield ProviderOwnModels(keys, lambda: vault, _connect)


def _connect(_: ModelSpec, __: str, ___: str) -> Connected:
    async def close() -> None:
        """Nothing is open."""

    return Connected(ScriptedChatModel(["From my own model."]), close)


async def test_the_owners_key_opens_a_model_that_answers(own_models: OwnModels) -> None:
    model = await own_models.get("key", "alice", "small-talker")

    said = [event async for event in model.stream(PROMPT, SETTINGS)]

    assert said == [TextDelta(text="From my own model."), Completion()]


@pytest.mark.parametrize("asked", [("key", "bob"), ("other", "alice"), ("", "alice"), ("a/b", "alice")])
async def test_a_foreign_key_is_as_a_missing_one(own_models: OwnModels, asked: tuple[str, str]) -> None:
    with pytest.raises(FailedPreconditionError) as refused:
        await own_models.get(*asked, "small-talker")

    assert refused.value.field == "own_model"
    assert refused.value.message == "The bot's owner has no such provider key; save it, or choose another model."
