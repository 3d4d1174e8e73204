"""The stores that a cloud runs on: in memory, or the real adapters on a Firestore emulator's project of its own."""

from dataclasses import dataclass

from google.cloud.firestore import AsyncClient

from shared.adapters.firestore_accounts import FirestoreAccounts
from shared.adapters.firestore_ceiling import FirestoreCeiling
from shared.adapters.firestore_contents import FirestoreContents
from shared.adapters.firestore_deletions import FirestoreDeletions, FirestoreRemains
from shared.adapters.firestore_embeddings import FirestoreEmbeddingCache
from shared.adapters.firestore_ledger import FirestoreHolds, FirestoreLedger
from shared.adapters.firestore_store import FirestoreChunks, FirestoreDocuments
from shared.adapters.firestore_usage import FirestoreUsage
from shared.adapters.firestore_vectors import FirestoreVectorIndex
from shared.core.clock import Clock
from shared.ports.ceiling import Ceiling
from shared.ports.contents import Contents
from shared.ports.deletions import Deletions, Remains
from shared.ports.identity import Accounts
from shared.ports.ledger import Holds, Ledger
from shared.ports.models import EmbeddingCache, VectorIndex
from shared.ports.store import Chunks, Documents
from shared.ports.usage import Usage
from tests.memory.accounts import MemoryAccounts
from tests.memory.contents import MemoryContents
from tests.memory.deletions import MemoryDeletions, MemoryRemains
from tests.memory.ledger import MemoryHolds, MemoryLedger
from tests.memory.models import MemoryEmbeddingCache, MemoryVectorIndex
from tests.memory.store import MemoryChunks, MemoryDocuments, MemoryStore
from tests.memory.turns import MemoryCeiling, MemoryUsage


@dataclass(frozen=True)
class Stores:
    """Every store that a stage, the sweep or a purge asks."""

    documents: Documents
    chunks: Chunks
    contents: Contents
    ledger: Ledger
    holds: Holds
    cache: EmbeddingCache
    index: VectorIndex
    deletions: Deletions
    remains: Remains
    accounts: Accounts
    usage: Usage
    ceiling: Ceiling


def in_memory(store: MemoryStore, clock: Clock) -> Stores:
    """The twins, on one store."""
    return Stores(
        documents=MemoryDocuments(store, clock),
        chunks=MemoryChunks(store),
        contents=MemoryContents(store),
        ledger=MemoryLedger(store),
        holds=MemoryHolds(store),
        cache=MemoryEmbeddingCache(store),
        index=MemoryVectorIndex(store),
        deletions=MemoryDeletions(store, clock),
        remains=MemoryRemains(store),
        accounts=MemoryAccounts(store),
        usage=MemoryUsage(store),
        ceiling=MemoryCeiling(store),
    )


def in_firestore(client: AsyncClient, clock: Clock) -> Stores:
    """The adapters, as the functions have them."""
    return Stores(
        documents=FirestoreDocuments(client, clock),
        chunks=FirestoreChunks(client),
        contents=FirestoreContents(client),
        ledger=FirestoreLedger(client),
        holds=FirestoreHolds(client),
        cache=FirestoreEmbeddingCache(client, clock),
        index=FirestoreVectorIndex(client),
        deletions=FirestoreDeletions(client, clock),
        remains=FirestoreRemains(client),
        accounts=FirestoreAccounts(client),
        usage=FirestoreUsage(client),
        ceiling=FirestoreCeiling(client),
    )
