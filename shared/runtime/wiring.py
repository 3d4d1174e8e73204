"""The one place that knows adapters: each is imported and built when a call first needs it, once per event loop."""

from __future__ import annotations  # The ports are named here, not imported: a cold start reads those of its function alone.

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar, get_type_hints
from weakref import WeakKeyDictionary

from shared.core.clock import Clock, system_clock
from shared.core.errors import InternalError
from shared.core.settings import Settings, settings

if TYPE_CHECKING:
    from google.cloud.firestore import AsyncClient

    from shared.ports.blobs import Blobs
    from shared.ports.ceiling import Ceiling
    from shared.ports.contents import Contents
    from shared.ports.deletions import Deletions, Remains
    from shared.ports.identity import Accounts, Directory, Identity
    from shared.ports.ledger import Holds, Ledger, Receipts
    from shared.ports.log import Log
    from shared.ports.meter import Meter
    from shared.ports.models import ChatModels, Embedder, EmbeddingCache, OwnModels, TokenCounter, VectorIndex
    from shared.ports.notifier import Notifier
    from shared.ports.pause import Pause
    from shared.ports.prompts import Personas, PromptRuns, Prompts
    from shared.ports.queue import Queue
    from shared.ports.rates import Rates
    from shared.ports.store import Bots, Chunks, DeadLetters, Documents, Turns
    from shared.ports.usage import Usage
    from shared.ports.vault import ProviderKeys, Vault
    from shared.ports.vision import Vision
    from shared.ports.web import Web
    from shared.runtime.models import Registry
    from shared.services.ceiling import DailyCeiling
    from shared.services.robots import Robots

# Clients without an async form wait in threads; the default of cpu + 4 would queue an instance's calls.
THREADS = 64

Port = TypeVar("Port")
Factory = Callable[[], Any]

# By name, since this file only names the ports: importing them all would cost each function the others' imports.
_factories: dict[str, Factory] = {}
_bound: dict[str, Any] = {}
# Clients keep connections of the loop that made them, and must go with it.
_built: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Any]] = WeakKeyDictionary()


def provide(annotation: Any) -> Any:
    """The port of that type: the bound one, else the real adapter; a dataclass of ports, such as a service, by its fields.

    Raises InternalError for a type nobody wired.
    """
    name = _name(annotation)
    if name not in _bound and _is_bundle(annotation):
        return annotation(**{field: provide(port) for field, port in get_type_hints(annotation).items()})
    return _bound[name] if name in _bound else _build(name)


def is_known(annotation: Any) -> bool:
    """Whether `provide` can fill a parameter of that type."""
    if _is_bundle(annotation):
        return all(is_known(port) for port in get_type_hints(annotation).values())
    return _name(annotation) in _factories


@contextmanager
def bound(ports: Mapping[Any, Any]) -> Iterator[None]:
    """Within the block these ports stand in for the real ones, for every function of the process."""
    before = dict(_bound)
    _bound.update({_name(annotation): port for annotation, port in ports.items()})
    try:
        yield
    finally:
        # Restored whole rather than key by key, so that blocks may stand within each other.
        _bound.clear()
        _bound.update(before)


def _is_bundle(annotation: Any) -> TypeGuard[Callable[..., Any]]:
    return isinstance(annotation, type) and is_dataclass(annotation)


def _name(annotation: Any) -> str:
    return "Clock" if annotation == Clock else getattr(annotation, "__name__", str(annotation))


def _build(name: str) -> Any:
    if name not in _factories:
        raise InternalError(f"No port is wired for {name}")
    return _once(name, _factories[name])


def _once(name: str, factory: Factory) -> Any:
    """What the factory builds, the same for every call that runs on this event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _built:
        # Once a loop, before its first client can start a thread of the default executor.
        loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="synapse"))
        _built[loop] = {}
    built = _built[loop]
    if name not in built:
        built[name] = factory()
    return built[name]


def _port(factory: Callable[[], Port]) -> Callable[[], Port]:
    """Registers a factory under the name of the port that it returns."""
    _factories[factory.__annotations__["return"]] = factory
    return factory


@_port
def _settings() -> Settings:
    return settings()


@_port
def _clock() -> Clock:
    return system_clock


def _firestore() -> AsyncClient:
    from shared.adapters.firestore_client import open_client

    client: AsyncClient = _once("Firestore client", lambda: open_client(settings().google_cloud_project))
    return client


@_port
def _bots() -> Bots:
    from shared.adapters.firestore_bots import FirestoreBots

    return FirestoreBots(_firestore())


@_port
def _log() -> Log:
    from shared.adapters.firestore_log import FirestoreLog

    return FirestoreLog(_firestore())


@_port
def _documents() -> Documents:
    from shared.adapters.firestore_store import FirestoreDocuments

    return FirestoreDocuments(_firestore())


@_port
def _contents() -> Contents:
    from shared.adapters.firestore_contents import FirestoreContents

    return FirestoreContents(_firestore())


@_port
def _chunks() -> Chunks:
    from shared.adapters.firestore_store import FirestoreChunks

    return FirestoreChunks(_firestore())


@_port
def _turns() -> Turns:
    from shared.adapters.firestore_turns import FirestoreTurns

    return FirestoreTurns(_firestore())


@_port
def _usage() -> Usage:
    from shared.adapters.firestore_usage import FirestoreUsage

    return FirestoreUsage(_firestore())


@_port
def _ceiling() -> Ceiling:
    from shared.adapters.firestore_ceiling import FirestoreCeiling

    return FirestoreCeiling(_firestore())


@_port
def _daily_ceiling() -> DailyCeiling:
    from shared.services.ceiling import DailyCeiling

    # Once an instance: what is left of its block lies in memory.
    return DailyCeiling(_build("Ceiling"), settings().daily_token_ceiling, system_clock)


@_port
def _dead_letters() -> DeadLetters:
    from shared.adapters.firestore_store import FirestoreDeadLetters

    return FirestoreDeadLetters(_firestore())


@_port
def _deletions() -> Deletions:
    from shared.adapters.firestore_deletions import FirestoreDeletions

    return FirestoreDeletions(_firestore())


@_port
def _remains() -> Remains:
    from shared.adapters.firestore_deletions import FirestoreRemains

    return FirestoreRemains(_firestore())


@_port
def _accounts() -> Accounts:
    from shared.adapters.firestore_accounts import FirestoreAccounts

    return FirestoreAccounts(_firestore())


@_port
def _rates() -> Rates:
    from shared.adapters.firestore_rates import FirestoreRates

    return FirestoreRates(_firestore())


@_port
def _meter() -> Meter:
    from shared.adapters.firestore_meter import FirestoreMeter

    return FirestoreMeter(_firestore())


@_port
def _ledger() -> Ledger:
    from shared.adapters.firestore_ledger import FirestoreLedger

    return FirestoreLedger(_firestore())


@_port
def _receipts() -> Receipts:
    from shared.adapters.firestore_ledger import FirestoreReceipts

    return FirestoreReceipts(_firestore())


@_port
def _holds() -> Holds:
    from shared.adapters.firestore_ledger import FirestoreHolds

    return FirestoreHolds(_firestore())


@_port
def _vector_index() -> VectorIndex:
    from shared.adapters.firestore_vectors import FirestoreVectorIndex

    return FirestoreVectorIndex(_firestore())


@_port
def _embedding_cache() -> EmbeddingCache:
    from shared.adapters.firestore_embeddings import FirestoreEmbeddingCache

    return FirestoreEmbeddingCache(_firestore())


@_port
def _pause() -> Pause:
    return asyncio.sleep


@_port
def _blobs() -> Blobs:
    from shared.adapters.cloud_storage import CloudStorageBlobs

    return CloudStorageBlobs(bucket=settings().bucket, project=settings().google_cloud_project)


@_port
def _personas() -> Personas:
    from shared.adapters.firestore_prompts import FirestorePersonas

    return FirestorePersonas(_firestore())


@_port
def _prompts() -> Prompts:
    from shared.adapters.firestore_prompts import FirestorePrompts

    return FirestorePrompts(_firestore())


@_port
def _prompt_runs() -> PromptRuns:
    from shared.adapters.firestore_prompts import FirestorePromptRuns

    return FirestorePromptRuns(_firestore())


@_port
def _queue() -> Queue:
    from shared.adapters.pubsub import PubSubQueue

    return PubSubQueue(project=settings().google_cloud_project)


@_port
def _notifier() -> Notifier:
    if settings().notifier == "fcm":
        from shared.adapters.fcm_notifier import FcmNotifier

        return FcmNotifier(settings().google_cloud_project)
    from shared.adapters.logging_notifier import LoggingNotifier

    return LoggingNotifier()


@_port
def _identity() -> Identity:
    from shared.adapters.firebase_auth import FirebaseIdentity

    return FirebaseIdentity(project=settings().google_cloud_project)


@_port
def _directory() -> Directory:
    from shared.adapters.firebase_auth import open_app
    from shared.adapters.identity_toolkit import IdentityToolkit, open_client

    own = settings()
    http = open_client(own.firebase_api_key, own.firebase_auth_emulator_host)
    return IdentityToolkit(http, open_app(own.google_cloud_project))


@_port
def _registry() -> Registry:
    from shared.runtime.models import registry

    return registry()


@_port
def _embedder() -> Embedder:
    from shared.runtime.models import open_embedder

    return open_embedder(settings())


@_port
def _token_counter() -> TokenCounter:
    from shared.runtime.models import open_token_counter

    return open_token_counter(settings())


@_port
def _chat_models() -> ChatModels:
    from shared.runtime.models import open_chat_models

    return open_chat_models(settings(), _build("Embedder"))


@_port
def _vision() -> Vision:
    from shared.runtime.models import open_vision

    return open_vision(settings())


@_port
def _web() -> Web:
    from shared.adapters.resolver import Resolver
    from shared.adapters.web import GuardedWeb, user_agent

    return GuardedWeb(Resolver(allow_private=settings().allow_private_providers), user_agent(settings().web_contact_url))


@_port
def _robots() -> Robots:
    from shared.services.robots import Robots

    # Once an instance: what a site's robots.txt says is remembered for an hour.
    return Robots(_build("Web"), system_clock)


@_port
def _provider_keys() -> ProviderKeys:
    from shared.adapters.firestore_provider_keys import FirestoreProviderKeys

    return FirestoreProviderKeys(_firestore())


@_port
def _vault() -> Vault:
    # Both or neither is a slip that would seal keys under the wrong one, or not at all.
    if bool(settings().kms_key) is bool(settings().key_file):
        raise InternalError("Set exactly one of KMS_KEY and KEY_FILE: provider keys are sealed under it.")
    if settings().kms_key:
        from shared.adapters.kms_vault import KmsVault

        return KmsVault(settings().kms_key)
    from shared.adapters.local_vault import LocalVault

    return LocalVault(Path(settings().key_file))


@_port
def _own_models() -> OwnModels:
    from shared.runtime.models import open_own_models

    return open_own_models(settings(), _build("ProviderKeys"), lambda: _build("Vault"))
