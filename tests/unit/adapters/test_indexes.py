"""The emulator answers any query without an index; so what the queries need is derived here and compared with the file."""

import inspect
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.firestore import AsyncClient, Query
from google.cloud.firestore_v1.types import StructuredQuery

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
    "generation": 1,
    "stage": Stage.EMBED,
    "now": datetime(2026, 11, 22, tzinfo=UTC),
    "vector": (1.0, 0.0),
    "limit": 5,
}
# Collection, fields that are compared for equality in any order, then fields that sort or search in theirs.
Needed = tuple[str, frozenset[str], tuple[tuple[str, str], ...]]


def _queries() -> Iterator[tuple[str, StructuredQuery]]:
    client = AsyncClient(project="demo-synapse", credentials=AnonymousCredentials())
    for name, build in inspect.getmembers(firestore_queries, inspect.isfunction):
        if build.__module__ == firestore_queries.__name__ and not name.startswith("_"):
            arguments = {
                parameter: VALUES[parameter] for parameter in inspect.signature(build).parameters if parameter != "client"
            }
            yield name, build(client, **arguments)._to_protobuf()


def _filters(query: StructuredQuery) -> list[StructuredQuery.FieldFilter]:
    if "composite_filter" in query.where:
        return [inner.field_filter for inner in query.where.composite_filter.filters]
    return [query.where.field_filter] if "field_filter" in query.where else []


def _needed(query: StructuredQuery) -> Needed | None:
    """The composite index that the query needs; single fields and equalities alone are served by automatic ones."""
    [source] = query.from_
    filters = _filters(query)
    equal = frozenset(found.field.field_path for found in filters if found.op == EQUAL)
    if query.find_nearest.limit:
        return source.collection_id, equal, ((query.find_nearest.vector_field.field_path, "VECTOR"),)
    sorts = tuple((order.field.field_path, order.direction.name) for order in query.order_by)
    # The id at the end of each index has the direction of the field before it.
    named = tuple(sort for sort in sorts if sort[0] != "__name__")
    ranged = {found.field.field_path for found in filters if found.op != EQUAL}
    assert ranged <= {path for path, _ in named}, "an inequality must be on a field that sorts"
    assert len({direction for _, direction in sorts}) <= 1, "ids must be sorted as their times are"
    return (source.collection_id, equal, named) if len(equal) + len(named) > 1 and named else None


def _declared() -> list[tuple[Needed, int | None]]:
    return [_read(index) for index in DECLARED["indexes"]]


def _read(index: dict[str, Any]) -> tuple[Needed, int | None]:
    *leading, last = index["fields"]
    equal = frozenset(field["fieldPath"] for field in leading)
    kind = "VECTOR" if "vectorConfig" in last else last["order"]
    dimension = last["vectorConfig"]["dimension"] if "vectorConfig" in last else None
    return (index["collectionGroup"], equal, ((last["fieldPath"], kind),)), dimension


def test_the_file_declares_exactly_the_indexes_that_queries_need() -> None:
    needed = {index for _, query in _queries() if (index := _needed(query))}

    assert needed == {index for index, _ in _declared()}


def test_no_index_is_declared_twice() -> None:
    assert len(_declared()) == len(set(_declared()))


def test_every_index_is_of_one_collection_since_no_query_spans_a_group() -> None:
    assert {index["queryScope"] for index in DECLARED["indexes"]} == {"COLLECTION"}
    assert not any(source.all_descendants for _, query in _queries() for source in query.from_)


def test_vectors_are_indexed_in_the_dimension_of_each_registered_embedder() -> None:
    registry = json.loads((ROOT / "shared/models.json").read_text("utf-8"))

    declared = {dimension for _, dimension in _declared() if dimension}

    assert declared == {embedder["dimension"] for embedder in registry["embedders"]}


def test_documents_that_expire_are_removed_by_the_store() -> None:
    removed = {field["collectionGroup"] for field in DECLARED["fieldOverrides"] if field.get("ttl")}

    assert removed == {"turns", "receipts", "embeddings"}
    assert all(field["fieldPath"] == "expire_at" for field in DECLARED["fieldOverrides"] if field.get("ttl"))


def test_a_field_without_an_index_is_in_no_query() -> None:
    queried = {(query.from_[0].collection_id, path) for _, query in _queries() for path in _paths(query)}

    assert not queried & {(field["collectionGroup"], field["fieldPath"]) for field in DECLARED["fieldOverrides"]}


def _paths(query: StructuredQuery) -> set[str]:
    return {found.field.field_path for found in _filters(query)} | {order.field.field_path for order in query.order_by}


@pytest.mark.parametrize("path", sorted((ROOT / "shared/adapters").glob("*.py")), ids=lambda path: path.stem)
def test_queries_are_built_in_one_module(path: Path) -> None:
    building = re.search(r"\.(where|order_by|find_nearest|collection_group)\(", path.read_text("utf-8"))

    assert (building is not None) == (path.stem == "firestore_queries")


def test_a_query_with_a_sort_beyond_its_filter_is_seen_to_need_an_index() -> None:
    client = AsyncClient(project="demo-synapse", credentials=AnonymousCredentials())
    query = client.collection("bots").order_by("name").order_by("created_at", direction=Query.ASCENDING)

    assert _needed(query._to_protobuf()) == ("bots", frozenset(), (("name", "ASCENDING"), ("created_at", "ASCENDING")))


def test_vector_searches_are_recognised() -> None:
    assert [name for name, query in _queries() if query.find_nearest.limit] == ["nearest_chunks"]
