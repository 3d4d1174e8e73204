"""The emulator answers any query without an index; so what the queries need is derived here and compared with the file."""

import inspect
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.firestore import AsyncClient, Query
from google.cloud.firestore_v1.types import StructuredAggregationQuery, StructuredQuery

from shared.adapters import firestore_queries
from shared.domain.document import Stage

ROOT = Path(__file__).resolve().parents[3]
DECLARED = json.loads((ROOT / "firestore.indexes.json").read_text("utf-8"))
EQUAL = StructuredQuery.FieldFilter.Operator.EQUAL
# A value for each parameter that a query may have; a new parameter needs one here.
VALUES = {
    "owner_id": "owner",
    "bot_id": "bot",
    "document_id": "d",
    "conversation_id": "c",
    "target_id": "t",
    "topic": "embed-chunks",
    "collection": "bots",
    "subcollection": "versions",
    "prompt_id": "p",
    "key": "k",
    "generation": 1,
    "stage": Stage.EMBED,
    "now": datetime(2026, 11, 22, tzinfo=UTC),
    "vector": (1.0, 0.0),
    "limit": 5,
    "since": datetime(2026, 11, 22, tzinfo=UTC),
    "rating": "up",
}


class Needed(NamedTuple):
    """An index that a query needs: fields that are compared for equality in any order, then those that sort in theirs."""

    collection: str
    scope: str
    equal: frozenset[str]
    sorts: tuple[tuple[str, str], ...]


def _queries() -> Iterator[tuple[str, StructuredQuery]]:
    return ((name, query) for name, query, _ in _built())


def _built() -> Iterator[tuple[str, StructuredQuery, tuple[str, ...]]]:
    """Each query with the fields that it averages."""
    client = AsyncClient(project="demo-synapse", credentials=AnonymousCredentials())
    for name, build in inspect.getmembers(firestore_queries, inspect.isfunction):
        if build.__module__ == firestore_queries.__name__ and not name.startswith("_"):
            arguments = {
                parameter: VALUES[parameter] for parameter in inspect.signature(build).parameters if parameter != "client"
            }
            query = build(client, **arguments)._to_protobuf()
            if isinstance(query, StructuredAggregationQuery):
                yield name, query.structured_query, tuple(one.avg.field.field_path for one in query.aggregations if one.avg)
            else:
                yield name, query, ()


def _filters(query: StructuredQuery) -> list[StructuredQuery.FieldFilter]:
    if "composite_filter" in query.where:
        return [inner.field_filter for inner in query.where.composite_filter.filters]
    return [query.where.field_filter] if "field_filter" in query.where else []


def _needed(query: StructuredQuery, averaged: tuple[str, ...] = ()) -> Needed | None:
    """The index that the query needs; single fields and equalities alone are served by automatic ones, but not in a group."""
    [source] = query.from_
    filters = _filters(query)
    equal = frozenset(found.field.field_path for found in filters if found.op == EQUAL)
    scope = "COLLECTION_GROUP" if source.all_descendants else "COLLECTION"
    if query.find_nearest.limit:
        return Needed(source.collection_id, scope, equal, ((query.find_nearest.vector_field.field_path, "VECTOR"),))
    sorts = tuple((order.field.field_path, order.direction.name) for order in query.order_by)
    # The id at the end of each index has the direction of the field before it.
    named = tuple(sort for sort in sorts if sort[0] != "__name__")
    ranged = {found.field.field_path for found in filters if found.op != EQUAL}
    assert ranged <= {path for path, _ in named}, "an inequality must be on a field that sorts"
    assert len({direction for _, direction in sorts}) <= 1, "ids must be sorted as their times are"
    # A figure is read from the index alone, so what is averaged stands at its end, in the direction of what sorts.
    named += tuple((path, named[0][1]) for path in averaged)
    alone = len(equal) + len(named) < 2 and scope == "COLLECTION"
    return Needed(source.collection_id, scope, equal, named) if named and not alone else None


def _all_needed() -> set[Needed]:
    return {index for _, query, averaged in _built() if (index := _needed(query, averaged))}


def _fields(index: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((field["fieldPath"], "VECTOR" if "vectorConfig" in field else field["order"]) for field in index["fields"])


def _serves(index: dict[str, Any], needed: Needed) -> bool:
    count, fields = len(needed.equal), _fields(index)
    is_of_it = (index["collectionGroup"], index["queryScope"]) == (needed.collection, needed.scope)
    return is_of_it and {path for path, _ in fields[:count]} == needed.equal and fields[count:] == needed.sorts


def _declared() -> list[dict[str, Any]]:
    """The composite indexes, and those of single fields, which stand apart in the file."""
    single = [
        {"collectionGroup": one["collectionGroup"], "queryScope": index["queryScope"], "fields": [{**one, **index}]}
        for one in DECLARED["fieldOverrides"]
        for index in one["indexes"]
        if index["queryScope"] == "COLLECTION_GROUP"
    ]
    return DECLARED["indexes"] + single


def test_every_query_has_its_index() -> None:
    assert [needed for needed in _all_needed() if not any(_serves(index, needed) for index in _declared())] == []


def test_every_index_has_its_query() -> None:
    assert [index for index in _declared() if not any(_serves(index, needed) for needed in _all_needed())] == []


def test_no_index_is_declared_twice() -> None:
    declared = [json.dumps(index, sort_keys=True) for index in _declared()]

    assert len(declared) == len(set(declared))


def test_vectors_are_indexed_in_the_dimension_of_each_registered_embedder() -> None:
    registry = json.loads((ROOT / "shared/models.json").read_text("utf-8"))

    fields = [field for index in DECLARED["indexes"] for field in index["fields"]]
    declared = {field["vectorConfig"]["dimension"] for field in fields if "vectorConfig" in field}

    assert declared == {embedder["dimension"] for embedder in registry["embedders"]}


def test_documents_that_expire_are_removed_by_the_store() -> None:
    removed = {field["collectionGroup"] for field in DECLARED["fieldOverrides"] if field.get("ttl")}

    assert removed == {
        *("turns", "receipts", "embeddings", "prompt_runs", "rates", "conversations", "deletions", "documents", "dead_letters")
    }
    assert all(field["fieldPath"] == "expire_at" for field in DECLARED["fieldOverrides"] if field.get("ttl"))


def test_a_field_without_an_index_is_in_no_query() -> None:
    queried = {(query.from_[0].collection_id, path) for _, query, used in _built() for path in {*_paths(query), *used}}

    assert not queried & {(one["collectionGroup"], one["fieldPath"]) for one in DECLARED["fieldOverrides"] if not one["indexes"]}


def _paths(query: StructuredQuery) -> set[str]:
    return {found.field.field_path for found in _filters(query)} | {order.field.field_path for order in query.order_by}


@pytest.mark.parametrize("path", sorted((ROOT / "shared/adapters").glob("*.py")), ids=lambda path: path.stem)
def test_queries_are_built_in_one_module(path: Path) -> None:
    building = re.search(r"\.(where|order_by|find_nearest|collection_group)\(", path.read_text("utf-8"))

    assert (building is not None) == (path.stem == "firestore_queries")


def test_a_query_with_a_sort_beyond_its_filter_is_seen_to_need_an_index() -> None:
    client = AsyncClient(project="demo-synapse", credentials=AnonymousCredentials())
    query = client.collection("bots").order_by("name").order_by("created_at", direction=Query.ASCENDING)

    sorts = (("name", "ASCENDING"), ("created_at", "ASCENDING"))
    assert _needed(query._to_protobuf()) == Needed("bots", "COLLECTION", frozenset(), sorts)


def test_a_single_field_of_a_group_is_seen_to_need_an_index() -> None:
    client = AsyncClient(project="demo-synapse", credentials=AnonymousCredentials())
    query = client.collection_group("turns").order_by("created_at")

    assert _needed(query._to_protobuf()) == Needed("turns", "COLLECTION_GROUP", frozenset(), (("created_at", "ASCENDING"),))


def test_vector_searches_are_recognised() -> None:
    assert [name for name, query in _queries() if query.find_nearest.limit] == ["nearest_chunks"]
