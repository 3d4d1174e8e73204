"""Documents: versions guard writes, stock follows, progress is reported blindly, and the sweep finds what is due."""

import asyncio

import pytest

from shared.core.errors import AlreadyExistsError, ConflictError, InvalidArgumentError, ResourceExhaustedError
from shared.domain.base import PageRequest
from shared.domain.document import Document, DocumentSource, DocumentStatus, Failure, FailureCode, Stage, StageProgress, Wait
from shared.domain.plan import Stock
from shared.domain.web import Refresh, Scope, WebSource
from shared.ports.store import Versioned
from tests.contracts.conftest import Stores
from tests.contracts.records import NAUGHTY, NOW, PLENTY, after, document


async def _stored(stores: Stores, made: Document, limits: Stock = PLENTY) -> Versioned[Document]:
    await stores.documents.create(made, limits)
    read = await stores.documents.load(made.id)
    assert read is not None
    return read


async def test_a_created_document_is_read_back_whole(stores: Stores) -> None:
    failure = Failure(code=FailureCode.NEEDS_OCR, message="Scan it.", can_retry=True)
    progress = {Stage.EXTRACT: StageProgress(done=2, of=2), Stage.EMBED: StageProgress(done=1, of=9)}
    made = document(failure=failure, progress=progress, pages=3, due_at=after(60), content_hash="h==")

    read = await _stored(stores, made)

    assert read.value == made
    assert await stores.documents.get(made.id, "owner") == made


async def test_what_a_server_said_of_a_page_is_read_back_whole(stores: Stores) -> None:
    web = WebSource(scope=Scope.SECTION, max_pages=9, refresh=Refresh.WEEKLY, etag='W/"1"', fetched_at=NOW)
    made = document(source=DocumentSource.URL, url="https://example.com/?a=b", web=web, refresh_at=after(60))

    assert (await _stored(stores, made)).value == made


async def test_titles_are_stored_byte_for_byte(stores: Stores) -> None:
    made = [document(title=title) for title in NAUGHTY]

    for one in made:
        await stores.documents.create(one, PLENTY)

    found = await stores.documents.get_many([one.id for one in made], "owner")
    assert [found[one.id] for one in made] == made


async def test_another_tenants_document_reads_as_missing(stores: Stores) -> None:
    theirs = document("somebody")
    await stores.documents.create(theirs, PLENTY)

    assert await stores.documents.get(theirs.id, "owner") is None
    assert await stores.documents.get_many([theirs.id], "owner") == {}
    assert (await stores.documents.list("owner", "bot", PageRequest())).items == ()


async def test_of_many_ids_those_that_exist_are_found_once(stores: Stores) -> None:
    made = document()
    await stores.documents.create(made, PLENTY)

    found = await stores.documents.get_many([made.id, "absent", "a/b", "", made.id], "owner")

    assert found == {made.id: made}
    assert await stores.documents.get_many([], "owner") == {}


@pytest.mark.parametrize("absent", ["absent", "a/b", ""])
async def test_nothing_is_loaded_where_there_is_nothing(stores: Stores, absent: str) -> None:
    assert await stores.documents.load(absent) is None


async def test_a_list_holds_one_bots_documents_newest_first_and_walks(stores: Stores) -> None:
    made = [document(age=number) for number in range(5)]
    for one in [*made, document(bot_id="other")]:
        await stores.documents.create(one, PLENTY)

    first = await stores.documents.list("owner", "bot", PageRequest(page_size=3))
    second = await stores.documents.list("owner", "bot", PageRequest(page_size=3, cursor=first.next_cursor))

    assert [*first.items, *second.items] == made
    assert second.next_cursor is None


async def test_a_cursor_that_is_not_ours_is_refused_by_field(stores: Stores) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        await stores.documents.list("owner", "bot", PageRequest(cursor="nonsense"))

    assert refused.value.field == "cursor"


async def test_a_taken_id_is_refused_and_keeps_the_first(stores: Stores) -> None:
    made = document()
    await stores.documents.create(made, PLENTY)

    with pytest.raises(AlreadyExistsError):
        await stores.documents.create(document("somebody", id=made.id), PLENTY)

    assert await stores.documents.get(made.id, "owner") == made


@pytest.mark.parametrize(
    ("limits", "name"), [(Stock(documents=1, bytes=10_000), "documents"), (Stock(documents=9, bytes=1500), "bytes")]
)
async def test_a_document_over_a_limit_is_refused_by_name_and_leaves_nothing(stores: Stores, limits: Stock, name: str) -> None:
    await stores.documents.create(document(), limits)
    refused = document()

    with pytest.raises(ResourceExhaustedError, match=name):
        await stores.documents.create(refused, limits)

    assert await stores.documents.load(refused.id) is None
    await stores.documents.create(refused, Stock(documents=2, bytes=2000))
    assert await stores.documents.get(refused.id, "owner") == refused


async def test_one_owners_stock_is_not_anothers(stores: Stores) -> None:
    limits = Stock(documents=1, bytes=1000)
    await stores.documents.create(document("somebody"), limits)
    made = document()

    await stores.documents.create(made, limits)

    assert await stores.documents.get(made.id, "owner") == made


async def test_odd_owner_ids_have_a_stock_too(stores: Stores) -> None:
    made = document("a/b ü")

    await stores.documents.create(made, PLENTY)

    assert await stores.documents.get(made.id, "a/b ü") == made


async def test_fifty_creates_at_once_never_pass_the_limit(stores: Stores) -> None:
    made = [document() for _ in range(50)]
    limits = Stock(documents=50, bytes=20_000)

    await asyncio.gather(*(stores.documents.create(one, limits) for one in made), return_exceptions=True)

    assert len(await stores.documents.get_many([one.id for one in made], "owner")) == 20


async def test_replace_writes_the_whole_document(stores: Stores) -> None:
    made = document(progress={Stage.EXTRACT: StageProgress(done=1, of=1)}, due_at=after(60))
    read = await _stored(stores, made)
    changed = made.model_copy(update={"status": DocumentStatus.READY, "progress": {}, "due_at": None, "live_generation": 1})

    await stores.documents.replace(read, changed)

    assert await stores.documents.get(made.id, "owner") == changed


async def test_replace_of_a_version_that_was_overwritten_is_a_conflict(stores: Stores) -> None:
    made = document()
    read = await _stored(stores, made)
    await stores.documents.replace(read, made.model_copy(update={"pages": 1}))

    with pytest.raises(ConflictError):
        await stores.documents.replace(read, made.model_copy(update={"pages": 2}))

    stored = await stores.documents.get(made.id, "owner")
    assert stored is not None
    assert stored.pages == 1


async def test_a_replace_that_was_written_before_is_no_conflict(stores: Stores) -> None:
    read = await _stored(stores, document())
    changed = read.value.model_copy(update={"pages": 1})

    for _ in range(2):
        await stores.documents.replace(read, changed)

    assert await stores.documents.get(changed.id, "owner") == changed


async def test_of_many_replaces_of_one_version_one_wins(stores: Stores) -> None:
    read = await _stored(stores, document())
    changed = [read.value.model_copy(update={"pages": number}) for number in range(20)]

    results = await asyncio.gather(*(stores.documents.replace(read, one) for one in changed), return_exceptions=True)

    stored = await stores.documents.get(read.value.id, "owner")
    assert [isinstance(result, ConflictError) for result in results].count(True) == 19
    assert stored == changed[results.index(None)]


async def test_release_gives_the_stock_back_once(stores: Stores) -> None:
    limits = Stock(documents=1, bytes=1000)
    read = await _stored(stores, document(), limits)
    failed = read.value.model_copy(update={"status": DocumentStatus.FAILED})
    for _ in range(2):
        await stores.documents.release(read, failed)

    with pytest.raises(ConflictError):
        await stores.documents.release(read, failed.model_copy(update={"updated_at": after(1)}))

    assert await stores.documents.get(failed.id, "owner") == failed
    await stores.documents.create(document(), limits)
    with pytest.raises(ResourceExhaustedError):
        await stores.documents.create(document(), limits)


@pytest.mark.parametrize("absent", ["absent", "a/b"])
async def test_a_report_on_a_document_that_is_gone_makes_none(stores: Stores, absent: str) -> None:
    await stores.documents.report_retry(absent, 2, NOW, NOW)

    assert await stores.documents.load(absent) is None


async def test_due_documents_come_longest_due_first_for_all_owners(stores: Stores) -> None:
    late, later, now = document(due_at=after(-9)), document("somebody", due_at=after(-99)), document(due_at=NOW)
    for one in (late, now, later, document(due_at=after(1)), document(due_at=None)):
        await stores.documents.create(one, PLENTY)

    assert await stores.documents.due(NOW, limit=10) == [later, late, now]
    assert await stores.documents.due(NOW, limit=1) == [later]


async def test_a_due_document_that_cannot_be_read_does_not_hold_up_the_others(stores: Stores) -> None:
    whole = document(due_at=after(-9))
    torn = Document.model_construct(**{name: value for name, value in document(due_at=after(-99)) if name != "title"})
    for one in (torn, whole):
        await stores.documents.create(one, PLENTY)

    assert await stores.documents.due(NOW, limit=10) == [whole]


async def _bytes_fit(stores: Stores, size: int, limit: int) -> bool:
    """Whether one more document of that size fits; it is stored if so."""
    try:
        await stores.documents.create(document(size_bytes=size), Stock(documents=1000, bytes=limit))
    except ResourceExhaustedError:
        return False
    return True


async def test_resize_writes_the_document_and_counts_its_bytes(stores: Stores) -> None:
    read = await _stored(stores, document(size_bytes=0))
    grown = read.value.model_copy(update={"size_bytes": 700, "title": "Whales"})

    written = await stores.documents.resize(read, grown, Stock(documents=1, bytes=700))

    assert (written.value, await stores.documents.load(grown.id)) == (grown, written)
    assert not await _bytes_fit(stores, 301, 1000)
    shrunk = grown.model_copy(update={"size_bytes": 100})
    await stores.documents.resize(written, shrunk, Stock(documents=1, bytes=1))
    assert await _bytes_fit(stores, 900, 1000)


async def test_resize_over_the_limit_leaves_document_and_stock_as_they_were(stores: Stores) -> None:
    read = await _stored(stores, document(size_bytes=100))

    with pytest.raises(ResourceExhaustedError, match="bytes"):
        await stores.documents.resize(read, read.value.model_copy(update={"size_bytes": 701}), Stock(documents=9, bytes=700))

    assert await stores.documents.get(read.value.id, "owner") == read.value
    assert await _bytes_fit(stores, 600, 700)


async def test_resize_of_a_version_that_was_overwritten_counts_nothing(stores: Stores) -> None:
    read = await _stored(stores, document(size_bytes=100))
    await stores.documents.replace(read, read.value.model_copy(update={"title": "Another"}))

    with pytest.raises(ConflictError):
        await stores.documents.resize(read, read.value.model_copy(update={"size_bytes": 500}), PLENTY)

    assert await _bytes_fit(stores, 900, 1000)


async def test_what_is_to_be_refreshed_is_found_once_its_time_has_come(stores: Stores) -> None:
    made = [document(refresh_at=at) for at in (after(-20), after(0), after(-30), after(1), None)]
    for one in made:
        await stores.documents.create(one, PLENTY)

    assert await stores.documents.to_refresh(NOW, 9) == [made[2], made[0], made[1]]
    assert await stores.documents.to_refresh(NOW, 1) == [made[2]]


async def test_a_retry_is_reported_without_a_word_on_the_rest_and_of_an_absent_document_nothing(stores: Stores) -> None:
    stored = document(stands_still=True)
    await stores.documents.create(stored, PLENTY)

    for document_id in (stored.id, "absent"):
        await stores.documents.report_retry(document_id, 3, after(40), after(90))

    waiting = {"attempt": 3, "retry_at": after(40), "wait": Wait.RETRY, "due_at": after(90), "stands_still": False}
    assert await stores.documents.get(stored.id, "owner") == stored.model_copy(update=waiting)
    assert await stores.documents.load("absent") is None
