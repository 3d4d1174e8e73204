"""The one place that knows adapters: each is imported and built when a call first needs it, once per event loop."""

from __future__ import annotations  # The ports are named here, not imported: a cold start reads those of its function alone.

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar, get_type_hints
from weakref import WeakKeyDictionary

from shared.core.clock import Clock, system_clock
from shared.core.errors import InternalError
from shared.core.settings import Settings, settings

if TYPE_CHECKING:
    from google.cloud.firestore import AsyncClient

    from shared.ports.blobs import Blobs
    from shared.ports.identity import Accounts, Identity
    from shared.ports.ledger import Holds, Ledger, Receipts
    from shared.ports.models import ChatModels, Embedder, EmbeddingCache, TokenCounter, VectorIndex
    from shared.ports.queue import Queue
    from shared.ports.store import Bots, Chunks, DeadLetters, Documents, Turns
    from shared.runtime.models import Registry

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
    from shared.adapters.firestore_store import FirestoreBots

    return FirestoreBots(_firestore())


@_port
def _documents() -> Documents:
    from shared.adapters.firestore_store import FirestoreDocuments

    return FirestoreDocuments(_firestore())


@_port
def _chunks() -> Chunks:
    from shared.adapters.firestore_store import FirestoreChunks

    return FirestoreChunks(_firestore())


@_port
def _turns() -> Turns:
    from shared.adapters.firestore_turns import FirestoreTurns

    return FirestoreTurns(_firestore())


@_port
def _dead_letters() -> DeadLetters:
    from shared.adapters.firestore_store import FirestoreDeadLetters

    return FirestoreDeadLetters(_firestore())


@_port
def _accounts() -> Accounts:
    from shared.adapters.firestore_store import FirestoreAccounts

    return FirestoreAccounts(_firestore())


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
    from shared.adapters.firestore_vectors import FirestoreEmbeddingCache

    return FirestoreEmbeddingCache(_firestore())


@_port
def _blobs() -> Blobs:
    from shared.adapters.cloud_storage import CloudStorageBlobs

    return CloudStorageBlobs(bucket=settings().bucket, project=settings().google_cloud_project)


@_port
def _queue() -> Queue:
    from shared.adapters.pubsub import PubSubQueue

    return PubSubQueue(project=settings().google_cloud_project)


@_port
def _identity() -> Identity:
    from shared.adapters.firebase_auth import FirebaseIdentity

    return FirebaseIdentity(project=settings().google_cloud_project)


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
