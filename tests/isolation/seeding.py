"""Copies the stores in memory into Firestore, where the adapters look for each thing, and tells all that Firestore holds."""

from collections.abc import Iterator
from typing import Any

from google.cloud.firestore import AsyncClient
from google.cloud.firestore_v1._helpers import encode_dict
from google.cloud.firestore_v1.types import Document
from google.cloud.firestore_v1.vector import Vector

from shared.adapters.firestore_client import SCHEMA, fields
from shared.domain.account import UsernameClaim
from shared.domain.base import Record
from shared.domain.chunk import EmbeddedChunk
from shared.domain.plan import Stock
from shared.ports.store import Versioned
from tests.memory.store import MemoryStore

_PLACES = {
    "accounts": "users/{0.id}",
    "usernames": "usernames/{key}",
    "bots": "bots/{0.id}",
    "bot_versions": "bots/{0.bot_id}/versions/{0.number}",
    "documents": "documents/{0.id}",
    "chunks": "chunks/{0.id}",
    "contents": "contents/{0.id}",
    "conversations": "conversations/{0.id}",
    "turns": "conversations/{0.conversation_id}/turns/{0.id}",
    "provider_keys": "provider_keys/{0.id}",
    "stock": "usage/{key}",
    "deletions": "deletions/{0.id}",
    "dead_letters": "dead_letters/{0.id}",
    "personas": "personas/{0.id}",
    "prompts": "prompts/{0.id}",
    "prompt_versions": "prompts/{0.id}/versions/{0.version}",
}
"""Where the adapters keep what MemoryStore has under these names; what is missing here cannot be seeded."""


async def seed(client: AsyncClient, store: MemoryStore) -> None:
    """Let the client's project hold exactly what the store holds; what is right already is not written."""
    root, stored = _root(client), await everything(client)
    wanted = {
        f"{root}/documents/{path}": Document(name=f"{root}/documents/{path}", fields=encode_dict(document))
        for path, document in _documents(store)
    }
    writes: list[dict[str, Any]] = [{"delete": name} for name in stored.keys() - wanted.keys()]
    for name, document in wanted.items():
        if name not in stored or stored[name].fields != document.fields:
            writes.append({"update": document})
    if writes:
        await client._firestore_api.commit(request={"database": root, "writes": writes}, metadata=client._rpc_metadata)


async def everything(client: AsyncClient) -> dict[str, Document]:
    """Every document of the project by its name, with the moment it was last written, whatever its collection."""
    # A query of all descendants that names no collection finds even what nobody thought of.
    request = {"parent": f"{_root(client)}/documents", "structured_query": {"from_": [{"all_descendants": True}]}}
    found = await client._firestore_api.run_query(request=request, metadata=client._rpc_metadata)
    return {answer.document.name: answer.document async for answer in found if "document" in answer}


def _documents(store: MemoryStore) -> Iterator[tuple[str, dict[str, Any]]]:
    """The path and the fields of each thing."""
    for kind, kept in vars(store).items():
        if isinstance(kept, dict):
            for key, one in kept.items():
                record = one.value if isinstance(one, Versioned) else getattr(one, "chunk", one)
                yield _PLACES[kind].format(record, key=key), _fields(key, one)


def _fields(key: str, kept: Any) -> dict[str, Any]:
    match kept:
        case Versioned():
            return fields(kept.value)
        case EmbeddedChunk():
            return {**fields(kept.chunk), "vector": Vector(kept.vector)}
        case Stock():
            return {**SCHEMA, "owner_id": key, **kept.model_dump()}
        case str():
            return fields(UsernameClaim(id=key, owner_id=kept))
        case Record():
            return fields(kept)
    raise TypeError(f"{key} is of a kind that no adapter stores: {type(kept)}")


def _root(client: AsyncClient) -> str:
    return client._database_string
