"""Pages that are pictures, shown to the model that sees: each picture is paid for once, however often its page is read."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.core.clock import Clock
from shared.core.errors import InvalidArgumentError, NotFoundError, ResourceExhaustedError
from shared.core.ids import digest
from shared.core.log import logger
from shared.domain.blob import reading_name
from shared.domain.document import Document, RejectedFileError
from shared.domain.page import TextPage
from shared.domain.plan import FlowLimits, Reservation, plan_of
from shared.domain.prompt import SeenPicture
from shared.domain.reading import Reading
from shared.ingest.extraction import Extraction, Picture
from shared.ingest.kinds import Kind
from shared.ingest.sandbox import Bounds, draw_contained
from shared.ingest.seen import INSTRUCTIONS, page_numbers, page_of
from shared.ports.blobs import Blobs
from shared.ports.identity import Accounts
from shared.ports.ledger import Holds
from shared.ports.vision import Vision
from shared.services.batches import JSON
from shared.services.metering import Purse, metered
from shared.services.steps import retry_at

AT_ONCE = 4
"""Pictures that are drawn and asked about together: they lie in memory, as files and as requests."""

PICTURE_TOKENS = 12_000
"""Set aside for one: as much as the model may write, and the picture itself."""

DRAW_SECONDS = 5.0
"""For one page; most are drawn in less than one. A shard's forty, drawn together and then alone, end within a step's time."""


@dataclass(frozen=True)
class Viewing:
    """On whose behalf pictures are looked at: `step` names the step that pays, `limits` are its owner's."""

    document: Document
    step: str
    limits: FlowLimits


@dataclass(frozen=True)
class Seen:
    """The extraction with what was read in its pictures, and the tokens that its step has paid for that, in all its tries."""

    extraction: Extraction
    tokens: int = 0


@dataclass(frozen=True)
class Sight:
    """The ports that looking needs."""

    vision: Vision
    blobs: Blobs
    holds: Holds
    accounts: Accounts
    purse: Purse
    clock: Clock

    async def look(self, document: Document, kind: Kind, extraction: Extraction, path: Path, step: str) -> Seen:
        """Read the pages that the extraction left unseen; where no model sees, or it refuses a picture, a note tells which ones.

        Raises ResourceExhaustedError while the provider wants to be left alone, and over the owner's limits.
        """
        if not extraction.unseen or not self.vision.can_see:
            return Seen(_noted(extraction))
        viewing = Viewing(document, step, plan_of(await self.accounts.get(document.owner_id)).flow)
        read: dict[int, Reading] = {}
        paid: dict[str, int] = {}
        for start in range(0, len(extraction.unseen), AT_ONCE):
            pictures = await _drawn(path, kind, extraction.unseen[start : start + AT_ONCE])
            for key, (pages, reading) in (await self._read_all(viewing, pictures)).items():
                read |= dict.fromkeys(pages, reading)
                paid[key] = reading.tokens if reading.paid_by == step else 0
        return Seen(_noted(_with_readings(extraction, read)), sum(paid.values()))

    async def _read_all(self, viewing: Viewing, pictures: Mapping[int, SeenPicture]) -> dict[str, tuple[list[int], Reading]]:
        """By key, so that the same picture on many pages is asked about once: its pages and what was read in it."""
        pages: dict[str, list[int]] = {}
        for page, picture in pictures.items():
            pages.setdefault(self._key(picture), []).append(page)
        asked = [self._read(viewing, key, pictures[numbers[0]]) for key, numbers in pages.items()]
        # To their ends, whatever becomes of one: an answer on its way is paid for, and kept for the next try.
        answers = await asyncio.gather(*asked, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        readings = zip(pages, answers, strict=True)
        return {key: (pages[key], reading) for key, reading in readings if isinstance(reading, Reading)}

    def _key(self, picture: SeenPicture) -> str:
        return digest(self.vision.name, self.vision.model, INSTRUCTIONS, hashlib.sha256(picture.content).hexdigest())

    async def _read(self, viewing: Viewing, key: str, picture: SeenPicture) -> Reading | None:
        """What was read in the picture before, or is now; None where the model refuses it."""
        name = reading_name(viewing.document.id, key)
        known = await self._known(name)
        reading = known or await self._ask(viewing, picture)
        if reading is None or known is not None:
            return reading
        paid = reading.model_copy(update={"paid_by": viewing.step})
        await self.blobs.write(name, paid.model_dump_json().encode(), JSON)
        return paid

    async def _known(self, name: str) -> Reading | None:
        try:
            return Reading.model_validate_json(await self.blobs.read(name))
        except NotFoundError:
            return None

    async def _ask(self, viewing: Viewing, picture: SeenPicture) -> Reading | None:
        await self._check_hold()
        tokens = 0
        owner_id = viewing.document.owner_id
        reservation = Reservation(owner_id=owner_id, at=self.clock(), tokens=PICTURE_TOKENS, turns=0)
        async with metered(self.purse, reservation, viewing.limits, lambda: tokens):
            try:
                reading = await self.vision.read(picture, INSTRUCTIONS)
            except InvalidArgumentError:
                # Against its provider's rules; the other pages are not.
                logger.info("a model refused a picture", extra={"document_id": viewing.document.id})
                return None
            except ResourceExhaustedError as refusal:
                await self.holds.hold(self.vision.name, retry_at(refusal, 1, self.clock()))
                raise
            tokens = reading.tokens
        return reading

    async def _check_hold(self) -> None:
        """Raises ResourceExhaustedError while the provider wants to be left alone."""
        until, now = await self.holds.until(self.vision.name), self.clock()
        if until is not None and until > now:
            wait = (until - now).total_seconds()
            raise ResourceExhaustedError("The model that reads pictures asked us to wait.", retry_after_seconds=wait)


async def _drawn(path: Path, kind: Kind, pages: Sequence[int]) -> dict[int, SeenPicture]:
    """By page. A page of a PDF that cannot be drawn is left out; an image that cannot is refused, since it is nothing else."""
    try:
        pictures = await draw_contained(path, kind, pages, Bounds(seconds=DRAW_SECONDS * len(pages)))
    except RejectedFileError:
        if kind is not Kind.PDF:
            raise
        # One page may have broken it for the others.
        alone = [await _drawn(path, kind, [page]) for page in pages] if len(pages) > 1 else []
        return {page: picture for drawn in alone for page, picture in drawn.items()}
    taken = {picture.page: await asyncio.to_thread(_taken, path.parent, picture) for picture in pictures}
    return {page: picture for page, picture in taken.items() if picture.content}


def _taken(folder: Path, picture: Picture) -> SeenPicture:
    """The picture, whose file goes: what lies in the folder lies in memory."""
    # The names come from a process that read what a stranger wrote.
    path = folder / Path(picture.file).name
    content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
    path.unlink(missing_ok=True)
    return SeenPicture(content=content, content_type=picture.content_type)


def _with_readings(extraction: Extraction, read: Mapping[int, Reading]) -> Extraction:
    """The pages with their texts in place of the stray words that stood there, which the pictures show too."""
    seen: dict[int | None, TextPage] = {number: page_of(number, reading.text) for number, reading in read.items()}
    unseen = tuple(number for number in extraction.unseen if number not in read)
    cut = [number for number, reading in read.items() if not reading.is_whole]
    notes = (f"Longer than a model may write, hence read in part: {page_numbers(cut)}.",) if cut else ()
    update = {
        "pages": tuple(seen.get(page.number, page) for page in extraction.pages),
        "characters": extraction.characters + sum(len(page.text) for page in seen.values()),
        "unseen": unseen,
        "has_pictures": bool(unseen),
        "notes": (*extraction.notes, *notes),
    }
    return extraction.model_copy(update=update)


def _noted(extraction: Extraction) -> Extraction:
    """Says which pages were not seen."""
    if not extraction.unseen:
        return extraction
    note = f"The text in pictures was not read: {page_numbers(extraction.unseen)}."
    return extraction.model_copy(update={"notes": (*extraction.notes, note)})
