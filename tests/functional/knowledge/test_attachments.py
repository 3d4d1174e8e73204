"""Mails with files in them, from the upload to documents that are learned by themselves, whatever dies on the way."""

from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from shared.core.errors import ResourceExhaustedError, UnavailableError
from shared.core.ids import derived_id
from shared.domain.document import Document, DocumentSource, DocumentStatus, Stage
from shared.domain.ending import upload_expired
from shared.domain.plan import FREE, Stock
from shared.ingest.extraction import Attachment, Extraction
from shared.runtime.wiring import provide
from shared.services.attachments import Attachments
from tests.functional.harness import client_for
from tests.functional.knowledge.world import FUNCTIONS, ON_UPLOAD, World, published
from tests.unit.ingest.workbooks import write_workbook

REPROCESS = client_for("reprocess_document")
NOTE = b"Humpback whales sing for hours."


def letter(*attachments: tuple[str, str, bytes], text: str = "See the files.") -> bytes:
    message = EmailMessage()
    message["Subject"], message["From"] = "Whales", "ada@example.org"
    message.set_content(text)
    for name, kind, content in attachments:
        main, _, sub = kind.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    message.set_boundary("b")
    return message.as_bytes()


MAIL = letter(("song.txt", "application/octet-stream", NOTE), ("fins.csv", "application/octet-stream", b"Fin,Size\ntail,5\n"))


def children(world: World, parent_id: str) -> list[Document]:
    """The documents under it, by title."""
    every = (stored.value for stored in world.store.documents.values())
    return sorted((each for each in every if each.parent_id == parent_id), key=lambda each: each.title)


async def learn_whole(world: World, content: bytes = MAIL, name: str = "mail.eml") -> Document:
    """Learn a mail and whatever lies in it; the mail in its end."""
    document = await world.learn(name, content, "message/rfc822")
    await settle(world)
    return world.document(document.id)


async def settle(world: World) -> None:
    """Tell of each object that no document has begun with, and deliver, until nothing is left."""
    while waiting := [each.value.id for each in world.store.documents.values() if is_waiting(world, each.value)]:
        for document_id in waiting:
            stat = await world.blobs.stat(f"uploads/{document_id}")
            assert stat is not None
            assert (await ON_UPLOAD.notify(stat.name, stat.size_bytes, stat.md5, stat.content_type)).status == 204
        assert set(await world.deliver()) <= {204}


def is_waiting(world: World, document: Document) -> bool:
    return document.status is DocumentStatus.AWAITING_UPLOAD and document.blob in world.blobs.objects


async def test_each_attachment_becomes_a_document_under_the_mail_and_is_learned(world: World) -> None:
    mail = await learn_whole(world)
    found = children(world, mail.id)
    assert [(each.title, each.content_type, each.status) for each in found] == [
        ("fins.csv", "text/csv", DocumentStatus.READY),
        ("song.txt", "text/plain", DocumentStatus.READY),
    ]
    assert {(each.source, each.owner_id, each.bot_id) for each in found} == {(DocumentSource.ATTACHMENT, "alice", "bot")}
    assert any(NOTE.decode() in entry.chunk.text for entry in world.store.chunks.values())
    assert (mail.status, mail.notes) == (DocumentStatus.READY, ())
    assert world.store.stock["alice"] == Stock(documents=3, bytes=sum(each.size_bytes for each in [mail, *found]))


async def test_a_second_delivery_and_a_second_learning_make_no_second_documents(world: World) -> None:
    document_id = await world.upload("mail.eml", MAIL, "message/rfc822")
    for body in published(world, "extract-document"):
        assert [(await FUNCTIONS["extract-document"].push(body)).status for _ in "ab"] == [204, 204]
    await world.deliver()
    before = {each.id for each in children(world, document_id)}
    assert (await REPROCESS.call({"document_id": document_id}, token="alice")).status == 200
    await world.deliver()
    assert {each.id for each in children(world, document_id)} == before
    assert (len(before), world.document(document_id).generation, world.store.stock["alice"].documents) == (2, 2, 3)


@pytest.mark.parametrize("moment", ["before create", "after create", "before upload", "after upload", "before write"])
async def test_whoever_dies_on_the_way_is_repeated_without_a_trace(world: World, moment: str) -> None:
    document_id = await world.upload("mail.eml", MAIL, "message/rfc822")
    world.hook.errors[moment] = [UnavailableError("gone")]
    (body,) = published(world, "extract-document")
    assert (await FUNCTIONS["extract-document"].push(body)).status == 503
    assert not world.hook.errors[moment]
    assert (await FUNCTIONS["extract-document"].push(body)).status == 204
    found = children(world, document_id)
    assert [world.blobs.objects[each.blob].content for each in found] == [b"Fin,Size\ntail,5\n", NOTE]
    assert [published(world, "chunk-document") != [], world.document(document_id).status] == [True, DocumentStatus.CHUNKING]
    assert world.store.stock["alice"].documents == 3


async def test_a_bucket_that_is_overrun_is_no_full_plan_and_loses_no_attachment(world: World) -> None:
    document_id = await world.upload("mail.eml", MAIL, "message/rfc822")
    world.hook.errors["before upload"] = [ResourceExhaustedError("The bucket is overrun.", retry_after_seconds=1)]
    (body,) = published(world, "extract-document")
    await FUNCTIONS["extract-document"].push(body)
    assert (await world.sweep(timedelta(minutes=1))).status == 204
    assert set(await world.deliver()) == {204}
    await settle(world)
    mail = world.document(document_id)
    assert (mail.status, mail.notes, len(children(world, document_id))) == (DocumentStatus.READY, (), 2)


async def test_an_attachment_whose_bytes_never_came_is_noted(world: World) -> None:
    mail = await learn_whole(world)
    lost = children(world, mail.id)[0]
    expired = {"status": DocumentStatus.FAILED, "failure": upload_expired(lost)}
    world.store.documents[lost.id] = world.store.stamp(lost.model_copy(update=expired))
    await REPROCESS.call({"document_id": mail.id}, token="alice")
    await world.deliver()
    assert world.document(mail.id).notes == (
        (
            f"The attachment {lost.title} was left out: "
            "It did not come the last time. Delete its document, and learn this one again."
        ),
    )


async def test_what_the_plan_has_no_room_for_is_noted_and_the_mail_is_learned(world: World) -> None:
    world.store.stock["alice"] = Stock(documents=FREE.stock.documents - 2)
    mail = await world.learn("mail.eml", MAIL, "message/rfc822")
    assert (mail.status, [each.title for each in children(world, mail.id)]) == (DocumentStatus.READY, ["song.txt"])
    assert mail.notes == (
        "The attachment fins.csv was left out: The plan's limit of 200 documents is reached. Delete what is no longer needed.",
    )
    assert world.store.stock["alice"].documents == FREE.stock.documents


async def test_what_cannot_be_read_is_noted_by_name_or_by_content(world: World) -> None:
    unread = (
        ("film.mp4", "video/mp4", b"film"),
        ("a.zip", "application/zip", b"PK\x05\x06"),
        ("a.txt", "text/plain", b"\x7fELF\x00\x01"),
    )
    mail = await world.learn("mail.eml", letter(*unread), "message/rfc822")
    assert (mail.status, children(world, mail.id)) == (DocumentStatus.READY, [])
    assert [note.split(" was left out: ")[0] for note in mail.notes] == [f"The attachment {name}" for name, *_ in unread]
    assert all(note.endswith(".") for note in mail.notes)


async def test_files_are_learned_three_deep_and_no_deeper(world: World) -> None:
    content, names = NOTE, ["song.txt", "c.eml", "b.eml", "a.eml"]
    for name in names:
        content = letter((name, "application/octet-stream", content), text=f"Holds {name}.")
    mail = await learn_whole(world, content)
    titles = []
    while found := children(world, mail.id):
        mail = found[0]
        titles.append(mail.title)
    assert titles == ["a.eml", "b.eml", "c.eml"]
    assert (mail.status, len(mail.notes), "3 levels deep" in mail.notes[0]) == (DocumentStatus.READY, 1, True)


async def test_the_same_bytes_under_another_number_are_another_document(world: World) -> None:
    mail = await world.learn("mail.eml", letter(("a.txt", "text/plain", NOTE), ("b.txt", "text/plain", NOTE)), "message/rfc822")
    ids = {each.id for each in children(world, mail.id)}
    digest = children(world, mail.id)[0].content_hash or ""
    assert ids == {derived_id("attachment", mail.id, number, digest) for number in "12"}


async def test_a_mail_that_is_being_deleted_gets_no_bytes_under_it(world: World, tmp_path: Path) -> None:
    document_id = await world.upload("mail.eml", MAIL, "message/rfc822")
    stored = world.document(document_id)
    world.store.documents[document_id] = world.store.stamp(stored.model_copy(update={"status": DocumentStatus.DELETING}))
    path = tmp_path / "attachment-001"
    path.write_bytes(NOTE)
    listed = Attachment(name="song.txt", file=path.name, content_type="text/plain", size_bytes=len(NOTE))
    await provide(Attachments).keep(stored, Extraction(pages=(), characters=0, attachments=(listed,)), tmp_path)
    assert [name for name in world.blobs.objects if name.startswith("uploads/")] == [f"uploads/{document_id}"]


@pytest.mark.parametrize("file", ["../outside", "/etc/hostname", "link", "absent", ".", ""])
async def test_a_path_that_no_reader_should_name_is_never_opened(world: World, tmp_path: Path, file: str) -> None:
    (tmp_path / "outside").write_bytes(NOTE)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "outside")
    document_id = await world.create("mail.eml", "message/rfc822", 10)
    listed = Attachment(name="a.txt", file=file, content_type="text/plain", size_bytes=1)
    parent = world.document(document_id)
    await provide(Attachments).keep(parent, Extraction(pages=(), characters=0, attachments=(listed,)), folder)
    assert (children(world, document_id), world.document(document_id).notes) == (
        [],
        ("The attachment a.txt was left out: It could not be unpacked.",),
    )


async def test_hidden_sheets_are_noted_on_the_document(world: World, tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a", {"Open": [["seen", "by all"]], "Secret": [["not", "seen"]]}, hidden=["Secret"])
    document = await world.learn("a.xlsx", path.read_bytes(), "application/octet-stream")
    assert (document.status, document.notes) == (DocumentStatus.READY, ("1 hidden sheet was left out.",))
    assert document.progress[Stage.EXTRACT].done == 1
