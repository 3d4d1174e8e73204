"""Pictures and scanned pages through the whole pipeline, with a model that sees and without one."""

import json
from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image

from functions.extract_document import sight
from shared.core.errors import InvalidArgumentError, NotFoundError, ResourceExhaustedError, UnavailableError
from shared.domain.blob import pages_name
from shared.domain.document import DocumentStatus, FailureCode, RejectedFileError
from shared.domain.prompt import SeenPicture
from shared.domain.reading import Reading
from shared.ingest.pages import load_pages
from shared.ingest.sandbox import draw_contained
from tests.functional.harness import client_for
from tests.functional.knowledge.world import FUNCTIONS, START, World, file
from tests.memory.vision import ScriptedVision
from tests.unit.ingest.samples import text_at, write_pdf

READ = "Blue whales eat krill.\n\nUp to four tonnes a day."
PICTURE = "q 500 0 0 700 40 60 cm BI /W 1 /H 1 /CS /G /BPC 8 ID {} EI Q"
REPROCESS = client_for("reprocess_document")


def photo(colour: str = "white", form: str = "PNG") -> bytes:
    content = BytesIO()
    Image.new("RGB", (40, 30), colour).save(content, form)
    return content.getvalue()


def mixed(tmp_path, *pictures: str) -> bytes:
    """A page of text, then a page a picture."""
    said = text_at(*((50, 700 - 20 * line, 12, f"The first page has text in line {line} of some length") for line in range(5)))
    return write_pdf(tmp_path / "mixed.pdf", [said, *(PICTURE.format(picture) for picture in pictures)]).read_bytes()


def seeing(world: World, text: str = READ) -> ScriptedVision:
    world.vision = ScriptedVision(text)
    return world.vision


@pytest.fixture
def world():
    made = World()
    made.vision = ScriptedVision(READ)
    with made.running():
        yield made


def texts(world: World) -> str:
    return " ".join(entry.chunk.text for entry in world.store.chunks.values())


async def test_an_image_is_learned_as_what_the_model_reads_in_it(world):
    document = await world.learn("whale.png", photo(), "image/png")
    assert (document.status, document.pages, document.notes) == (DocumentStatus.READY, 1, ())
    assert "Blue whales eat krill." in texts(world)
    assert "Up to four tonnes a day." in texts(world)
    assert {entry.chunk.place.page for entry in world.store.chunks.values()} == {1}


async def test_its_tokens_are_the_documents_cost_and_its_owners(world):
    document = await world.learn("whale.png", photo(), "image/png")
    assert document.cost.vision_tokens == 1000
    assert 1000 in world.store.flow.values()


async def test_the_stray_words_of_a_scanned_page_give_way_to_the_reading(world, tmp_path):
    stamped = PICTURE.format("0") + text_at((50, 20, 8, "Scanned by App"))
    document = await world.learn("scan.pdf", write_pdf(tmp_path / "a.pdf", [stamped]).read_bytes(), "application/pdf")
    assert document.status is DocumentStatus.READY
    assert "krill" in texts(world)
    assert "Scanned" not in texts(world)


async def test_what_was_read_in_a_scan_counts_and_its_stray_words_do_not(world, tmp_path):
    stamped = PICTURE.format("0") + text_at((50, 20, 8, "Scanned by App"))
    document = await world.learn("scan.pdf", write_pdf(tmp_path / "a.pdf", [stamped]).read_bytes(), "application/pdf")
    step = world.store.steps[document.id, "1-extract-00000"].value
    [page] = load_pages(await world.blobs.read(pages_name(document.id, 1, 0)))
    assert step.output["characters"] == len(page.text) > 0


async def test_a_page_that_breaks_the_drawing_takes_no_other_along(world, tmp_path, monkeypatch):
    async def breaks(path, kind, pages, bounds):
        if 3 in pages:
            raise RejectedFileError(FailureCode.TOO_SLOW, "It takes for ever.")
        return await draw_contained(path, kind, pages, bounds)

    monkeypatch.setattr(sight, "draw_contained", breaks)
    document = await world.learn("mixed.pdf", mixed(tmp_path, "0", " ", "0"), "application/pdf")
    assert (document.status, document.notes) == (DocumentStatus.READY, ("The text in pictures was not read: page 3.",))
    assert {entry.chunk.place.page for entry in world.store.chunks.values() if "krill" in entry.chunk.text} == {2, 4}


async def test_only_the_pages_that_are_pictures_are_shown(world, tmp_path):
    document = await world.learn("mixed.pdf", mixed(tmp_path, "0"), "application/pdf")
    assert (document.status, document.notes, len(world.vision.seen)) == (DocumentStatus.READY, (), 1)
    assert {entry.chunk.place.page for entry in world.store.chunks.values() if "krill" in entry.chunk.text} == {2}


async def test_the_same_picture_on_many_pages_is_paid_for_once(world, tmp_path):
    document = await world.learn("mixed.pdf", mixed(tmp_path, *"00000 0"), "application/pdf")
    assert document.cost.vision_tokens == 1000 * len(world.vision.seen)
    assert len({picture.content for picture in world.vision.seen}) == len(world.vision.seen) == 2


async def test_a_death_on_the_way_pays_for_no_picture_twice(world, tmp_path):
    answers = iter([Reading(text=READ, tokens=700), None])

    def dies(_: SeenPicture) -> Reading:
        answer = next(answers, Reading(text="Whales sing.", tokens=50))
        if answer is None:
            raise UnavailableError("The model hung up.")
        return answer

    world.vision.script = dies
    document_id = await world.upload("mixed.pdf", mixed(tmp_path, "0", " "), "application/pdf")
    [message] = world.queue.drain("extract-document")
    assert (await FUNCTIONS["extract-document"].push(message.body)).status == 503
    assert (await FUNCTIONS["extract-document"].push(message.body)).status == 204
    assert len(world.vision.seen) == 3
    await world.deliver()
    assert world.document(document_id).cost.vision_tokens == 750


async def test_learning_a_document_anew_does_not_look_again(world):
    document = await world.learn("whale.png", photo(), "image/png")
    await REPROCESS.call({"document_id": document.id}, token="alice")
    assert set(await world.deliver()) == {204}
    again = world.document(document.id)
    assert (again.live_generation, again.cost.vision_tokens, len(world.vision.seen)) == (2, 1000, 1)


async def test_a_quota_of_the_provider_postpones_and_is_known_to_every_instance(world):
    def refuse() -> None:
        raise ResourceExhaustedError("Too often.", retry_after_seconds=90)

    world.vision.before = refuse
    document_id = await world.upload("whale.png", photo(), "image/png")
    assert await world.deliver() == [204]
    assert world.document(document_id).retry_at == START + timedelta(seconds=90)
    world.vision.before = lambda: None
    other = await world.upload("other.png", photo("red"), "image/png")
    await world.deliver()
    assert world.vision.seen == []
    await world.sweep(timedelta(seconds=91))
    await world.deliver()
    assert {world.document(one).status for one in (document_id, other)} == {DocumentStatus.READY}


async def test_the_owners_limit_postpones_before_anything_is_paid(world):
    world.settings = world.settings.model_copy(update={"daily_token_ceiling": 100})
    with world.running():
        document_id = await world.upload("whale.png", photo(), "image/png")
        assert await world.deliver() == [204]
    assert world.document(document_id).retry_at is not None
    assert world.vision.seen == []


async def test_a_picture_that_the_model_refuses_is_told_and_the_rest_is_learned(world, tmp_path):
    def refuse() -> None:
        raise InvalidArgumentError("Against the rules.")

    world.vision.before = refuse
    document = await world.learn("mixed.pdf", mixed(tmp_path, "0", " "), "application/pdf")
    assert document.status is DocumentStatus.READY
    assert document.notes == ("The text in pictures was not read: pages 2 to 3.",)


async def test_an_answer_that_was_cut_is_told(world):
    world.vision.script = lambda _: Reading(text=READ, tokens=9, is_whole=False)
    document = await world.learn("whale.png", photo(), "image/png")
    assert document.notes == ("Longer than a model may write, hence read in part: page 1.",)


async def test_a_model_that_is_not_offered_fails_the_document(world):
    def absent() -> None:
        raise NotFoundError("There is no such model.")

    world.vision.before = absent
    document = await world.learn("whale.png", photo(), "image/png")
    assert document.failure is not None
    assert document.failure.code is FailureCode.INTERNAL


async def test_a_picture_without_text_is_empty(world):
    world.vision.script = lambda _: Reading(text="[no text]\n", tokens=9)
    document = await world.learn("sky.png", photo("blue"), "image/png")
    assert document.failure is not None
    assert document.failure.code is FailureCode.EMPTY


async def test_a_deleted_document_leaves_no_reading(world):
    document = await world.learn("whale.png", photo(), "image/png")
    readings = await world.blobs.list(f"derived/{document.id}/readings/")
    assert [json.loads(await world.blobs.read(name))["text"] for name in readings] == [READ]
    assert (await client_for("delete_document").call({"document_id": document.id}, token="alice")).status == 200
    await world.deliver()
    assert await world.blobs.list(f"derived/{document.id}/") == []


@pytest.mark.parametrize(
    ("title", "content", "content_type"),
    [
        ("whale.png", photo(), "image/png"),
        ("whale.jpg", photo(form="JPEG"), "image/jpeg"),
        ("scan.pdf", file("imagemagick-images.pdf"), "application/pdf"),
    ],
)
async def test_where_no_model_sees_pictures_need_ocr(world, title, content, content_type):
    world.vision.can_see = False
    document = await world.learn(title, content, content_type)
    assert document.failure is not None
    assert document.failure.code is FailureCode.NEEDS_OCR
    assert "text recognition (OCR)" in document.failure.message


async def test_where_no_model_sees_a_mixed_document_says_what_was_not_read(world, tmp_path):
    world.vision.can_see = False
    document = await world.learn("mixed.pdf", mixed(tmp_path, "0", " "), "application/pdf")
    assert document.status is DocumentStatus.READY
    assert document.notes == ("The text in pictures was not read: pages 2 to 3.",)


async def test_a_damaged_image_is_corrupt_whoever_sees(world):
    document = await world.learn("whale.png", photo()[:50], "image/png")
    assert document.failure is not None
    assert document.failure.code is FailureCode.CORRUPT
