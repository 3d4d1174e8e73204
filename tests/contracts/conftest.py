"""Each store twice: in memory, and on the emulator in a project of its own."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
from google.cloud.firestore import AsyncClient

from shared.adapters.firestore_accounts import FirestoreAccounts
from shared.adapters.firestore_bots import FirestoreBots
from shared.adapters.firestore_ceiling import FirestoreCeiling
from shared.adapters.firestore_contents import FirestoreContents
from shared.adapters.firestore_deletions import FirestoreDeletions, FirestoreRemains
from shared.adapters.firestore_embeddings import FirestoreEmbeddingCache
from shared.adapters.firestore_ledger import FirestoreHolds, FirestoreLedger, FirestoreReceipts
from shared.adapters.firestore_log import FirestoreLog
from shared.adapters.firestore_meter import FirestoreMeter
from shared.adapters.firestore_prompts import FirestorePersonas, FirestorePromptRuns, FirestorePrompts
from shared.adapters.firestore_provider_keys import FirestoreProviderKeys
from shared.adapters.firestore_rates import FirestoreRates
from shared.adapters.firestore_store import (
    FirestoreChunks,
    FirestoreDeadLetters,
    FirestoreDocuments,
)
from shared.adapters.firestore_turns import FirestoreTurns
from shared.adapters.firestore_usage import FirestoreUsage
from shared.adapters.firestore_vectors import FirestoreVectorIndex
from shared.ports.ceiling import Ceiling
from shared.ports.contents import Contents
from shared.ports.deletions import Deletions, Remains
from shared.ports.identity import Accounts
from shared.ports.ledger import Holds, Ledger, Receipts
from shared.ports.log import Log
from shared.ports.meter import Meter
from shared.ports.models import EmbeddingCache, VectorIndex
from shared.ports.prompts import Personas, PromptRuns, Prompts
from shared.ports.rates import Rates
from shared.ports.store import Bots, Chunks, DeadLetters, Documents, Turns
from shared.ports.usage import Usage
from shared.ports.vault import ProviderKeys
from tests.contracts.records import NOW
from tests.memory.accounts import MemoryAccounts
from tests.memory.contents import MemoryContents
from tests.memory.counting import RepeatingClient, SilentClient
from tests.memory.deletions import MemoryDeletions, MemoryRemains
from tests.memory.ledger import MemoryHolds, MemoryLedger, MemoryReceipts
from tests.memory.log import MemoryLog
from tests.memory.meter import MemoryMeter
from tests.memory.models import MemoryEmbeddingCache, MemoryVectorIndex
from tests.memory.prompts import MemoryPersonas, MemoryPromptRuns, MemoryPrompts
from tests.memory.rates import MemoryRates
from tests.memory.store import MemoryBots, MemoryChunks, MemoryDeadLetters, MemoryDocuments, MemoryStore
from tests.memory.turns import MemoryCeiling, MemoryTurns, MemoryUsage
from tests.memory.vault import MemoryProviderKeys

Silent = Callable[[int, bool], SilentClient]
"""Opens a client that loses so many answers, before or after they were applied."""


@dataclass(frozen=True)
class Stores:
    """Every store of one database; time stands still at NOW."""

    bots: Bots
    log: Log
    documents: Documents
    contents: Contents
    chunks: Chunks
    turns: Turns
    usage: Usage
    ceiling: Ceiling
    dead_letters: DeadLetters
    deletions: Deletions
    remains: Remains
    ledger: Ledger
    receipts: Receipts
    holds: Holds
    vectors: VectorIndex
    embeddings: EmbeddingCache
    personas: Personas
    prompts: Prompts
    prompt_runs: PromptRuns
    provider_keys: ProviderKeys
    accounts: Accounts
    rates: Rates
    meter: Meter


@pytest.fixture(params=["memory", "firestore"])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    if request.param == "memory":
        yield _in_memory()
    else:
        client = AsyncClient(project=request.getfixturevalue("fresh_project"))
        yield in_firestore(client)
        await client._firestore_api.transport.close()


def _in_memory() -> Stores:
    store = MemoryStore()
    return Stores(
        bots=MemoryBots(store),
        log=MemoryLog(store, lambda: NOW),
        documents=MemoryDocuments(store, lambda: NOW),
        contents=MemoryContents(store),
        chunks=MemoryChunks(store),
        turns=MemoryTurns(store, lambda: NOW),
        usage=MemoryUsage(store),
        ceiling=MemoryCeiling(store),
        dead_letters=MemoryDeadLetters(store),
        deletions=MemoryDeletions(store, lambda: NOW),
        remains=MemoryRemains(store),
        ledger=MemoryLedger(store),
        receipts=MemoryReceipts(store),
        holds=MemoryHolds(store),
        vectors=MemoryVectorIndex(store),
        embeddings=MemoryEmbeddingCache(store),
        personas=MemoryPersonas(store),
        prompts=MemoryPrompts(store),
        prompt_runs=MemoryPromptRuns(store),
        provider_keys=MemoryProviderKeys(store),
        accounts=MemoryAccounts(store),
        rates=MemoryRates(store),
        meter=MemoryMeter(store),
    )


def in_firestore(client: AsyncClient) -> Stores:
    """The adapters, with the same clock."""
    return Stores(
        bots=FirestoreBots(client),
        log=FirestoreLog(client, lambda: NOW),
        documents=FirestoreDocuments(client, lambda: NOW),
        contents=FirestoreContents(client),
        chunks=FirestoreChunks(client),
        turns=FirestoreTurns(client, lambda: NOW),
        usage=FirestoreUsage(client),
        ceiling=FirestoreCeiling(client),
        dead_letters=FirestoreDeadLetters(client),
        deletions=FirestoreDeletions(client, lambda: NOW),
        remains=FirestoreRemains(client),
        ledger=FirestoreLedger(client),
        receipts=FirestoreReceipts(client),
        holds=FirestoreHolds(client),
        vectors=FirestoreVectorIndex(client),
        embeddings=FirestoreEmbeddingCache(client, lambda: NOW),
        personas=FirestorePersonas(client),
        prompts=FirestorePrompts(client),
        prompt_runs=FirestorePromptRuns(client),
        provider_keys=FirestoreProviderKeys(client),
        accounts=FirestoreAccounts(client),
        rates=FirestoreRates(client),
        meter=FirestoreMeter(client),
    )


@pytest.fixture
async def silent(fresh_project: str) -> AsyncIterator[Silent]:
    opened: list[SilentClient] = []

    def opening(losses: int, applied: bool) -> SilentClient:  # noqa: FBT001  Read beside its call.
        opened.append(SilentClient(project=fresh_project, losses=losses, applied=applied))
        return opened[-1]

    yield opening
    for client in opened:
        await client._firestore_api.transport.close()


@pytest.fixture
async def repeating(fresh_project: str) -> AsyncIterator[RepeatingClient]:
    client = RepeatingClient(project=fresh_project)
    yield client
    await client._firestore_api.transport.close()
