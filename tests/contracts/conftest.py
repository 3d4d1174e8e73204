"""Each store twice: in memory, and on the emulator in a project of its own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from google.cloud.firestore import AsyncClient

from shared.adapters.firestore_ledger import FirestoreHolds, FirestoreLedger, FirestoreReceipts
from shared.adapters.firestore_store import (
    FirestoreBots,
    FirestoreChunks,
    FirestoreDeadLetters,
    FirestoreDocuments,
)
from shared.adapters.firestore_turns import FirestoreTurns
from shared.adapters.firestore_vectors import FirestoreEmbeddingCache, FirestoreVectorIndex
from shared.domain.account import Account
from shared.ports.ledger import Holds, Ledger, Receipts
from shared.ports.models import EmbeddingCache, VectorIndex
from shared.ports.store import Bots, Chunks, DeadLetters, Documents, Turns
from tests.contracts.records import NOW
from tests.memory.ledger import MemoryHolds, MemoryLedger, MemoryReceipts
from tests.memory.models import MemoryEmbeddingCache, MemoryVectorIndex
from tests.memory.store import MemoryBots, MemoryChunks, MemoryDeadLetters, MemoryDocuments, MemoryStore, MemoryTurns


@dataclass(frozen=True)
class Stores:
    """Every store of one database; time stands still at NOW."""

    bots: Bots
    documents: Documents
    chunks: Chunks
    turns: Turns
    dead_letters: DeadLetters
    ledger: Ledger
    receipts: Receipts
    holds: Holds
    vectors: VectorIndex
    embeddings: EmbeddingCache
    accounts: dict[str, Account] | AsyncClient

    async def add_account(self, account: Account) -> None:
        """No port writes accounts yet."""
        if isinstance(self.accounts, dict):
            self.accounts[account.id] = account
        else:
            await self.accounts.document("users", quote(account.id, safe="")).set(account.model_dump())


@pytest.fixture(params=["memory", "firestore"])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    if request.param == "memory":
        yield _in_memory()
    else:
        client = AsyncClient(project=request.getfixturevalue("fresh_project"))
        yield _in_firestore(client)
        await client._firestore_api.transport.close()


def _in_memory() -> Stores:
    store = MemoryStore()
    return Stores(
        bots=MemoryBots(store),
        documents=MemoryDocuments(store),
        chunks=MemoryChunks(store),
        turns=MemoryTurns(store, lambda: NOW),
        dead_letters=MemoryDeadLetters(store),
        ledger=MemoryLedger(store),
        receipts=MemoryReceipts(store),
        holds=MemoryHolds(store),
        vectors=MemoryVectorIndex(store),
        embeddings=MemoryEmbeddingCache(store),
        accounts=store.accounts,
    )


def _in_firestore(client: AsyncClient) -> Stores:
    return Stores(
        bots=FirestoreBots(client),
        documents=FirestoreDocuments(client),
        chunks=FirestoreChunks(client),
        turns=FirestoreTurns(client, lambda: NOW),
        dead_letters=FirestoreDeadLetters(client),
        ledger=FirestoreLedger(client),
        receipts=FirestoreReceipts(client),
        holds=FirestoreHolds(client),
        vectors=FirestoreVectorIndex(client),
        embeddings=FirestoreEmbeddingCache(client, lambda: NOW),
        accounts=client,
    )
