"""Opens Firestore, and turns records into documents and back: a document's fields are the model's own."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

from google.cloud.firestore import AsyncClient, AsyncDocumentReference, AsyncQuery, DocumentSnapshot, WriteOption
from google.cloud.firestore_v1.types import WriteResult
from pydantic import ValidationError

from shared.adapters import cursors
from shared.core.errors import NotFoundError
from shared.core.ids import is_id
from shared.core.log import logger
from shared.domain.base import Page, PageRequest, Record

Entity = TypeVar("Entity", bound=Record)
SCHEMA = {"schema_version": 1}
Snapshot: TypeAlias = DocumentSnapshot[Any]


def open_client(project: str) -> AsyncClient:
    """A client of the calling event loop; the library itself finds the emulator."""
    return AsyncClient(project=project)


def reference(client: AsyncClient, *path: str) -> AsyncDocumentReference:
    """Collections and ids in turn. Raises NotFoundError for an id that Firestore cannot hold, since nothing can be there."""
    if not all(is_id(part) for part in path):
        raise NotFoundError("There is no such thing.")
    return client.document(*path)


def place_of_user(client: AsyncClient, collection: str, uid: str, suffix: str = "") -> AsyncDocumentReference:
    """Where what is kept of a user lies; a custom token's uid may hold any character, or read `..` or `__x__`.

    What Firestore takes is left as it is, and the same is done by `mayAct` of firestore.rules, which else would look elsewhere.
    """
    quoted = uid.replace("%", "%25").replace("/", "%2F")
    if quoted.startswith((".", "_")):
        quoted = f"%{ord(quoted[0]):02X}{quoted[1:]}"
    return client.document(collection, f"{quoted}{suffix}")


def fields(record: Record) -> dict[str, Any]:
    """The record as a document's fields."""
    # Python values rather than JSON ones: Firestore has times of its own, by which queries sort.
    return record.model_dump()


def loaded(model: type[Entity], snapshot: Snapshot) -> Entity | None:
    """The document as a record, or None where there is none."""
    return model.stored(snapshot.to_dict()) if snapshot.exists else None


def readable(model: type[Entity], snapshot: Snapshot) -> Entity | None:
    """As `loaded`; one that cannot be read is logged and passed over, so that it does not hold up everybody's."""
    try:
        return loaded(model, snapshot)
    except ValidationError as error:
        # The error's own text holds what is stored, which is no business of the log.
        wrong = sorted({".".join(map(str, fault["loc"])) for fault in error.errors(include_input=False)})
        logger.error("a stored record cannot be read", extra={"record": f"{model.__name__} {snapshot.id}", "fields": wrong})
        return None


async def owned(
    client: AsyncClient,
    collection: str,
    ids: Sequence[str],
    owner_id: str,
    model: type[Entity],
    only: Sequence[str] | None = None,
) -> dict[str, Entity]:
    """Those of the documents that are the owner's, in one round trip."""
    wanted = [reference(client, collection, item_id) for item_id in dict.fromkeys(ids) if is_id(item_id)]
    if not wanted:
        return {}
    # Read by id and checked rather than queried by owner: it needs no index, and nothing tells a foreign id from a free one.
    own: dict[str, Entity] = {}
    async for snapshot in client.get_all(wanted, field_paths=only):
        if snapshot.exists and snapshot.get("owner_id") == owner_id:
            own[snapshot.id] = model.stored(snapshot.to_dict())
    return own


async def stands(place: AsyncDocumentReference, record: Record) -> bool:
    """Whether the record is stored there exactly so: what there is to ask once the answer to a commit was lost."""
    return loaded(type(record), await place.get()) == record


def if_unchanged(client: AsyncClient, update_time: Any) -> WriteOption:
    """The precondition that the document is still of this update time."""
    return client.write_option(last_update_time=update_time)


def totals(result: WriteResult, paths: Iterable[str]) -> dict[str, int]:
    """What a write's Increments came to; Firestore returns them by field path, as the client library sorts them."""
    return dict(zip(sorted(paths), (value.integer_value for value in result.transform_results), strict=True))


async def counted(query: AsyncQuery) -> int:
    """How many documents match, at one read a thousand."""
    # The library's own hint for `count` names the class where it returns an instance.
    count: Any = query.count()
    [[total]] = await count.get()
    return int(total.value)


async def page_by_time(query: AsyncQuery, time_field: str, request: PageRequest, model: type[Entity]) -> Page[Entity]:
    """A page of a query that is sorted by the time field, then by id."""
    if request.cursor:
        moment, item_id = cursors.read_time(request.cursor)
        query = query.start_after({time_field: moment, "__name__": item_id})
    found, more = await _window(query, request, model)
    return Page(items=found, next_cursor=_after(found[-1], time_field) if more else None)


def _after(last: Any, time_field: str) -> str:
    return cursors.after_time(getattr(last, time_field), last.id)


async def page_by_number(query: AsyncQuery, field: str, request: PageRequest, model: type[Entity]) -> Page[Entity]:
    """A page of a query that is sorted by a number without ties."""
    if request.cursor:
        query = query.start_after({field: cursors.read_ordinal(request.cursor)})
    found, more = await _window(query, request, model)
    return Page(items=found, next_cursor=cursors.after_ordinal(getattr(found[-1], field)) if more else None)


async def page_of_strangers(query: AsyncQuery, time_field: str, request: PageRequest, model: type[Entity]) -> Page[Entity]:
    """A page of a query that is sorted by the time field, over records whose ids the reader may not learn from a cursor."""
    start = cursors.read_moment(request.cursor) if request.cursor else None
    if start:
        query = query.start_at({time_field: start.moment}).offset(start.passed)
    found, more = await _window(query, request, model)
    times = [getattr(record, time_field) for record in found]
    return Page(items=found, next_cursor=cursors.after_moment(times, start) if more else None)


async def _window(query: AsyncQuery, request: PageRequest, model: type[Entity]) -> tuple[tuple[Entity, ...], bool]:
    """The page's records, and whether others follow: one document more than the page is read to know."""
    found = [model.stored(snapshot.to_dict()) async for snapshot in query.limit(request.page_size + 1).stream()]
    return tuple(found[: request.page_size]), len(found) > request.page_size
