"""Models at people's own providers: each opened with its owner's key, kept while it is used, and let go for others."""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast

from shared.core.errors import (
    FailedPreconditionError,
    InternalError,
    NotFoundError,
    SynapseError,
)
from shared.domain.bot import GenerationSettings
from shared.domain.prompt import ModelEvent, ModelSpec, Prompt
from shared.domain.provider_key import ProviderKey, Sealed, provider_key_id, seal_context
from shared.ports.models import ChatModel
from shared.ports.vault import ProviderKeys, Vault

# What is known of a model that no registry describes; the smallest window that today's models commonly have.
CONTEXT_TOKENS = 32_768
_MOST_OPEN = 64


@dataclass(frozen=True)
class Connected:
    """A model and what closes its connections; closing is no end, since the next request opens new ones."""

    model: ChatModel
    close: Callable[[], Awaitable[None]]


Connect = Callable[[ModelSpec, str, str], Connected]
"""Opens a model from its spec, the base URL and the key."""


class OwnChatModel:
    """A provider's failures told to the person whose provider it is, without a word of what the provider said."""

    def __init__(self, connected: Connected) -> None:
        self.spec = connected.model.spec
        self._connected = connected
        self._streams = 0
        self._is_retired = False

    async def stream(self, prompt: Prompt, settings: GenerationSettings) -> AsyncGenerator[ModelEvent, None]:
        """As the port says, and FailedPreconditionError (field own_model) for what the owner has to mend."""
        self._streams += 1
        try:
            inner = cast("AsyncGenerator[ModelEvent, None]", self._connected.model.stream(prompt, settings))
            async with aclosing(inner) as events:
                async for event in events:
                    yield event
        except SynapseError as error:
            # The cause is the provider's answer, which may repeat the key or the prompt, and the log would keep it.
            raise _as_owners(error) from None
        finally:
            self._streams -= 1
            await self._close_if_idle()

    async def retire(self) -> None:
        """Close the connections once no stream uses them; whoever still holds the model may go on with it."""
        self._is_retired = True
        await self._close_if_idle()

    async def _close_if_idle(self) -> None:
        if self._is_retired and not self._streams:
            await self._connected.close()


class ProviderOwnModels:
    """Of one event loop. The record is read at each turn, so that a key that was deleted or replaced is not used again."""

    def __init__(
        self, keys: ProviderKeys, open_vault: Callable[[], Vault], connect: Connect, most_open: int = _MOST_OPEN
    ) -> None:
        self._keys = keys
        # Opened with the first key: an environment without a vault serves every other bot.
        self._open_vault = open_vault
        self._connect = connect
        self._most_open = most_open
        # By the key's document and the model's name; the seal tells whether the key is still the one that opened the model.
        self._open: OrderedDict[tuple[str, str], tuple[Sealed, OwnChatModel]] = OrderedDict()

    async def get(self, key_id: str, owner_id: str, model: str) -> ChatModel:
        """As the port says."""
        key = await self._keys.get(key_id, owner_id)
        if key is None:
            await self._forget(provider_key_id(owner_id, key_id))
            raise FailedPreconditionError(
                "The bot's owner has no such provider key; save it, or choose another model.", field="own_model"
            )
        place = (key.id, model)
        known = self._open.get(place)
        if known and known[0] == key.sealed:
            self._open.move_to_end(place)
            return known[1]
        return await self._keep(place, key.sealed, await self._opened(key, model))

    async def _forget(self, document_id: str) -> None:
        for place in [place for place in self._open if place[0] == document_id]:
            _, model = self._open.pop(place)
            await model.retire()

    async def _keep(self, place: tuple[str, str], sealed: Sealed, opened: OwnChatModel) -> ChatModel:
        replaced = self._open.pop(place, None)
        self._open[place] = (sealed, opened)
        retired = [replaced] if replaced else []
        while len(self._open) > self._most_open:
            retired.append(self._open.popitem(last=False)[1])
        for _, model in retired:
            await model.retire()
        return opened

    async def _opened(self, key: ProviderKey, model: str) -> OwnChatModel:
        context = seal_context(key.owner_id, key.key_id, key.base_url)
        vault = self._open_vault()
        try:
            opened = await vault.open(key.sealed, context)
        except FailedPreconditionError as error:
            raise FailedPreconditionError(error.message, field="own_model") from error
        if not opened.is_current:
            await self._keys.reseal(key, await vault.seal(opened.plaintext, context))
        spec = ModelSpec(name=f"own:{model}", adapter="openai_compatible", remote_name=model, context_tokens=CONTEXT_TOKENS)
        return OwnChatModel(self._connect(spec, key.base_url, opened.plaintext.decode()))


def _as_owners(error: SynapseError) -> SynapseError:
    match error:
        case InternalError():
            return FailedPreconditionError(
                "The provider refused the key of the bot's owner; save a valid one.", field="own_model"
            )
        case NotFoundError():
            return FailedPreconditionError("The provider does not offer this model at this address.", field="own_model")
        case FailedPreconditionError():
            return FailedPreconditionError(error.message, field="own_model")
    return error
