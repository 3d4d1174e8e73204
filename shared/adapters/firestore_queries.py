"""Every query that the adapters make, in one place: `firestore.indexes.json` must hold what these need, and a test compares."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from google.cloud.firestore import (
    And,
    AsyncClient,
    AsyncCollectionReference,
    AsyncQuery,
    FieldFilter,
    Query,
)
from google.cloud.firestore_v1.async_aggregation import AsyncAggregationQuery
from google.cloud.firestore_v1.async_vector_query import AsyncVectorQuery
from google.cloud.firestore_v1.base_query import BaseFilter
from google.cloud.firestore_v1.base_vector_query import DistanceMeasure
from google.cloud.firestore_v1.vector import Vector

from shared.domain.chunk import Chunk
from shared.domain.conversation import Rating, TurnStatus
from shared.domain.document import Stage
from shared.domain.step import StepState

DISTANCE = "distance"
_CHUNK_FIELDS = tuple(Chunk.model_fields)


def bots(client: AsyncClient, owner_id: str) -> AsyncQuery:
    """The owner's bots, newest first."""
    return _newest_first(_equal(client.collection("bots"), owner_id=owner_id), "created_at")


def bot_versions(client: AsyncClient, bot_id: str) -> AsyncQuery:
    """The bot's versions, newest first; whose they are is asked of its head."""
    return client.collection("bots", bot_id, "versions").order_by("number", direction=Query.DESCENDING)


def documents(client: AsyncClient, owner_id: str, bot_id: str) -> AsyncQuery:
    """The bot's documents, newest first."""
    return _newest_first(_equal(client.collection("documents"), owner_id=owner_id, bot_id=bot_id), "created_at")


def due_documents(client: AsyncClient, now: datetime) -> AsyncQuery:
    """Documents that are due; a null `due_at` is of another type, so the filter leaves it out."""
    return client.collection("documents").where(filter=FieldFilter("due_at", "<=", now)).order_by("due_at")


def documents_to_refresh(client: AsyncClient, now: datetime) -> AsyncQuery:
    """Documents that are to be fetched anew; as `due_documents`."""
    return client.collection("documents").where(filter=FieldFilter("refresh_at", "<=", now)).order_by("refresh_at")


def chunks(client: AsyncClient, document_id: str, generation: int, owner_id: str) -> AsyncQuery:
    """A generation's chunks in reading order, without their vectors."""
    own = _equal(client.collection("chunks"), owner_id=owner_id, document_id=document_id, generation=generation)
    return own.order_by("ordinal").select(_CHUNK_FIELDS)


def chunks_of(client: AsyncClient, document_id: str, generation: int | None) -> AsyncQuery:
    """A generation's chunks, null: the whole document's, by id alone, to count or to delete."""
    of = {"document_id": document_id} | ({} if generation is None else {"generation": generation})
    return _equal(client.collection("chunks"), **of).select([])


def nearest_chunks(client: AsyncClient, vector: Sequence[float], bot_id: str, owner_id: str, limit: int) -> AsyncVectorQuery:
    """The bot's chunks by cosine distance, without their vectors."""
    own = _equal(client.collection("chunks"), owner_id=owner_id, bot_id=bot_id).select([*_CHUNK_FIELDS, DISTANCE])
    return own.find_nearest("vector", Vector(vector), limit, DistanceMeasure.COSINE, distance_result_field=DISTANCE)


def steps(client: AsyncClient, document_id: str, generation: int, stage: Stage) -> AsyncQuery:
    """The stage's steps of a generation."""
    return _equal(client.collection("documents", document_id, "steps"), **_of_stage(generation, stage))


def done_steps(client: AsyncClient, document_id: str, generation: int, stage: Stage) -> AsyncQuery:
    """Those of the stage's steps that are done."""
    done = {**_of_stage(generation, stage), "state": StepState.DONE.value}
    return _equal(client.collection("documents", document_id, "steps"), **done)


def turns(client: AsyncClient, conversation_id: str, owner_id: str) -> AsyncQuery:
    """A conversation's turns, newest first."""
    return _newest_first(_equal(client.collection("conversations", conversation_id, "turns"), owner_id=owner_id), "created_at")


def bot_turns(client: AsyncClient, owner_id: str, bot_id: str) -> AsyncQuery:
    """Everybody's turns with a bot, newest first; by who pays, since a visitor's turn is the visitor's own."""
    return _newest_first(_equal(client.collection_group("turns"), bot_owner_id=owner_id, bot_id=bot_id), "created_at")


def bot_figures(client: AsyncClient, owner_id: str, bot_id: str, since: datetime) -> AsyncAggregationQuery:
    """How many turns a bot had since then, and how long their answers took on average."""
    # The library's own hint names the class where it returns an instance.
    turns: Any = _recent(client, since, bot_owner_id=owner_id, bot_id=bot_id).count("turns")
    figures: AsyncAggregationQuery = turns.avg("latency_ms", "latency_ms")
    return figures


def rated_bot_turns(client: AsyncClient, owner_id: str, bot_id: str, rating: Rating, since: datetime) -> AsyncQuery:
    """A bot's turns since then that were rated so, to count."""
    return _recent(client, since, bot_owner_id=owner_id, bot_id=bot_id, rating=rating)


def conversations(client: AsyncClient, owner_id: str) -> AsyncQuery:
    """The owner's conversations, last used first."""
    return _newest_first(_equal(client.collection("conversations"), owner_id=owner_id), "updated_at")


def provider_keys(client: AsyncClient, owner_id: str) -> AsyncQuery:
    """The owner's provider keys, newest first."""
    return _newest_first(_equal(client.collection("provider_keys"), owner_id=owner_id), "created_at")


def personas(client: AsyncClient, owner_id: str) -> AsyncQuery:
    """The owner's own personas, newest first."""
    return _newest_first(_equal(client.collection("personas"), owner_id=owner_id), "created_at")


def prompts(client: AsyncClient, owner_id: str) -> AsyncQuery:
    """The owner's own prompts, newest first."""
    return _newest_first(_equal(client.collection("prompts"), owner_id=owner_id), "created_at")


def versions_of_prompt(client: AsyncClient, key: str) -> AsyncQuery:
    """A prompt's versions by id alone, to delete."""
    return client.collection("prompts", key, "versions").select([])


def prompt_runs(client: AsyncClient, owner_id: str, prompt_id: str) -> AsyncQuery:
    """The kept answers of a prompt by id alone, to delete."""
    return _equal(client.collection("prompt_runs"), owner_id=owner_id, prompt_id=prompt_id).select([])


def abandoned_turns(client: AsyncClient, now: datetime) -> AsyncQuery:
    """Turns of everybody whose lease has ended; it is null in those that have ended themselves, which leaves them out."""
    return client.collection_group("turns").where(filter=FieldFilter("lease_until", "<=", now)).order_by("lease_until")


def ended_reservations(client: AsyncClient, now: datetime) -> AsyncQuery:
    """Reservations whose lease has ended."""
    return client.collection("reservations").where(filter=FieldFilter("lease_until", "<=", now)).order_by("lease_until")


def devices(client: AsyncClient, owner_id: str) -> AsyncQuery:
    """The person's devices, last stored first."""
    return _newest_first(_equal(client.collection("devices"), owner_id=owner_id), "updated_at")


def contents_of(client: AsyncClient, document_id: str) -> AsyncQuery:
    """The document's claims on bytes, by id alone."""
    return _equal(client.collection("contents"), document_id=document_id).select([])


def children(client: AsyncClient, document_id: str, owner_id: str) -> AsyncQuery:
    """The documents that were found in the document."""
    return _equal(client.collection("documents"), owner_id=owner_id, parent_id=document_id)


def due_deletions(client: AsyncClient, now: datetime) -> AsyncQuery:
    """Deletions that are due; as of documents."""
    return client.collection("deletions").where(filter=FieldFilter("due_at", "<=", now)).order_by("due_at")


def dead_letters(client: AsyncClient) -> AsyncQuery:
    """Everybody's dead letters, newest first."""
    return _newest_first(client.collection("dead_letters"), "recorded_at")


def dead_letters_of(client: AsyncClient, topic: str) -> AsyncQuery:
    """A topic's dead letters, newest first."""
    return _newest_first(_equal(client.collection("dead_letters"), topic=topic), "recorded_at")


def under(client: AsyncClient, collection: str, target_id: str, subcollection: str) -> AsyncQuery:
    """All that lies under a head, to count or to delete; a turn's status tells whether it may go."""
    return client.collection(collection, target_id, subcollection).select(["status"])


def running_turns(client: AsyncClient, conversation_id: str) -> AsyncQuery:
    """A conversation's turns that were not settled."""
    return _equal(client.collection("conversations", conversation_id, "turns"), status=TurnStatus.RUNNING.value)


def held_steps(client: AsyncClient, document_id: str) -> AsyncQuery:
    """The document's steps of all generations that somebody holds or held when it died."""
    return _equal(client.collection("documents", document_id, "steps"), state=StepState.HELD.value)


def _of_stage(generation: int, stage: Stage) -> dict[str, Any]:
    return {"key.generation": generation, "key.stage": stage.value}


def _equal(collection: AsyncCollectionReference | AsyncQuery, **values: Any) -> AsyncQuery:
    filters: list[BaseFilter] = [FieldFilter(path, "==", value) for path, value in values.items()]
    return collection.where(filter=And(filters))


def _recent(client: AsyncClient, since: datetime, **values: Any) -> AsyncQuery:
    """Turns with these values since then; sorted upwards, as an index whose last field is averaged must be."""
    of_bot = [FieldFilter(path, "==", value) for path, value in values.items()]
    recent = And([*of_bot, FieldFilter("created_at", ">=", since)])
    return client.collection_group("turns").where(filter=recent).order_by("created_at")


def _newest_first(query: AsyncQuery | AsyncCollectionReference, time_field: str) -> AsyncQuery:
    # The id breaks ties of time: otherwise an item could stand on two pages, or on none.
    return query.order_by(time_field, direction=Query.DESCENDING).order_by("__name__", direction=Query.DESCENDING)
