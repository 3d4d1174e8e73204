"""Every query that the adapters make, in one place: `firestore.indexes.json` must hold what these need, and a test compares."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from google.cloud.firestore import And, AsyncClient, AsyncCollectionReference, AsyncQuery, FieldFilter, Query
from google.cloud.firestore_v1.async_vector_query import AsyncVectorQuery
from google.cloud.firestore_v1.base_query import BaseFilter
from google.cloud.firestore_v1.base_vector_query import DistanceMeasure
from google.cloud.firestore_v1.vector import Vector

from shared.domain.chunk import Chunk
from shared.domain.document import Stage
from shared.domain.step import StepState

DISTANCE = "distance"
_CHUNK_FIELDS = tuple(Chunk.model_fields)


def bots(client: AsyncClient, owner_id: str) -> AsyncQuery:
    """The owner's bots, newest first."""
    return _newest_first(_equal(client.collection("bots"), owner_id=owner_id), "created_at")


def documents(client: AsyncClient, owner_id: str, bot_id: str) -> AsyncQuery:
    """The bot's documents, newest first."""
    return _newest_first(_equal(client.collection("documents"), owner_id=owner_id, bot_id=bot_id), "created_at")


def due_documents(client: AsyncClient, now: datetime) -> AsyncQuery:
    """Documents that are due; a null `due_at` is of another type, so the filter leaves it out."""
    return client.collection("documents").where(filter=FieldFilter("due_at", "<=", now)).order_by("due_at")


def chunks(client: AsyncClient, document_id: str, generation: int, owner_id: str) -> AsyncQuery:
    """A generation's chunks in reading order, without their vectors."""
    own = _equal(client.collection("chunks"), owner_id=owner_id, document_id=document_id, generation=generation)
    return own.order_by("ordinal").select(_CHUNK_FIELDS)


def chunks_of_generation(client: AsyncClient, document_id: str, generation: int) -> AsyncQuery:
    """A generation's chunks by id alone, to count or to delete."""
    return _equal(client.collection("chunks"), document_id=document_id, generation=generation).select([])


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


def conversations(client: AsyncClient, owner_id: str) -> AsyncQuery:
    """The owner's conversations, last used first."""
    return _newest_first(_equal(client.collection("conversations"), owner_id=owner_id), "updated_at")


def _of_stage(generation: int, stage: Stage) -> dict[str, Any]:
    return {"key.generation": generation, "key.stage": stage.value}


def _equal(collection: AsyncCollectionReference, **values: Any) -> AsyncQuery:
    filters: list[BaseFilter] = [FieldFilter(path, "==", value) for path, value in values.items()]
    return collection.where(filter=And(filters))


def _newest_first(query: AsyncQuery, time_field: str) -> AsyncQuery:
    # The id breaks ties of time: otherwise an item could stand on two pages, or on none.
    return query.order_by(time_field, direction=Query.DESCENDING).order_by("__name__", direction=Query.DESCENDING)
