"""Something that its owner has deleted: marked at once, removed step by step, and kept as a receipt when nothing is left.

The mark and the deletion are one commit, so a marked thing always has somebody who removes it.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.domain.base import Id, Model, Record
from shared.domain.bot import Bot
from shared.domain.conversation import Conversation, Turn
from shared.domain.document import Document, DocumentStatus
from shared.domain.pipeline import upload_expires_at
from shared.domain.plan import Stock

RECEIPT_LIFE = timedelta(days=90)
TOMBSTONE_LIFE = timedelta(days=1)
"""How long a deleted conversation's head meets turns that were under way; far longer than any of them runs."""

LAST_LOOK = timedelta(minutes=15)
"""Whatever read a thing before it was marked has ended by then: Pub/Sub waits ten minutes for a stage, and a chat takes five."""

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)


class DeletionKind(StrEnum):
    """What can be deleted; a topic and a stage are named after each."""

    DOCUMENT = "document"
    BOT = "bot"
    CONVERSATION = "conversation"


class DeletionStatus(StrEnum):
    """`done`: it was searched for, and nothing of it was found."""

    RUNNING = "running"
    DONE = "done"


class Removed(Model):
    """The most that was found of it; a bot's documents have receipts of their own."""

    documents: int = 0
    chunks: int = 0
    objects: int = Field(default=0, description="In the bucket: the file itself, and what was made of it on the way.")
    versions: int = 0
    turns: int = 0


class Deletion(Record):
    """One deletion, stored under `{kind}-{target_id}`; `probe` is a vector of the document, to search for it in the end.

    `part_of` is the deletion of the bot, or of the document above it, that began this one and waits for it.
    """

    id: str
    kind: DeletionKind
    target_id: str
    owner_id: str
    bot_id: str | None = None
    part_of: str | None = None
    status: DeletionStatus = DeletionStatus.RUNNING
    removed: Removed = Removed()
    probe: tuple[float, ...] = ()
    attempts: int = 0
    correlation_id: str | None = None
    requested_at: datetime
    due_at: datetime | None = Field(description="When the sweep drives it; null once nothing is to be done any more.")
    last_look_at: datetime = Field(description="When it is looked for once more, since something late may have come back.")
    done_at: datetime | None = None
    expire_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether something is to be done: all of it, or the last look."""
        return self.status is DeletionStatus.RUNNING or (self.due_at is not None and self.last_look_at <= now)


class DeletionMessage(Model):
    """What the purges' topics carry."""

    deletion_id: Id


class DeletionView(Model):
    """A deletion as who asked for it sees it; poll it until `done`."""

    id: str
    kind: DeletionKind
    target_id: str
    status: DeletionStatus
    removed: Removed
    requested_at: datetime
    done_at: datetime | None

    @classmethod
    def of(cls, deletion: Deletion) -> "DeletionView":
        """The view of a stored deletion."""
        known = {name: getattr(deletion, name) for name in cls.model_fields}
        return cls(**known)


Head = Document | Bot | Conversation
"""What stands for the whole thing: who has no head is not there."""


def deletion_id(kind: DeletionKind, target_id: str) -> str:
    """The same for every call that deletes the thing."""
    return f"{kind}-{target_id}"


def kind_above(deletion: Deletion) -> tuple[DeletionKind, str] | None:
    """What the deletion is of that waits for this one, and its id."""
    kind, _, target_id = (deletion.part_of or "").partition("-")
    return (DeletionKind(kind), target_id) if target_id else None


def topic_of(kind: DeletionKind) -> str:
    """The topic of the stage that removes what is left."""
    return f"purge-{kind}"


def kind_of(head: Head) -> DeletionKind:
    """What the head is of."""
    if isinstance(head, Document):
        return DeletionKind.DOCUMENT
    return DeletionKind.BOT if isinstance(head, Bot) else DeletionKind.CONVERSATION


def is_marked(head: Head) -> bool:
    """Whether its deletion has begun: it reads as missing."""
    return head.status is DocumentStatus.DELETING if isinstance(head, Document) else head.deleted_at is not None


def headless(turn: Turn) -> Conversation:
    """The head of a conversation of which nothing but turns is stored yet: enough of one to be marked."""
    known = turn.model_dump(include={"owner_id", "bot_id", "created_at", "updated_at"})
    return Conversation(id=turn.conversation_id, title="", **known)


def requested(head: Head, correlation_id: str | None, now: datetime, part_of: str | None = None) -> Deletion:
    """The deletion that begins now."""
    kind = kind_of(head)
    return Deletion(
        id=deletion_id(kind, head.id),
        kind=kind,
        target_id=head.id,
        owner_id=head.owner_id,
        bot_id=None if isinstance(head, Bot) else head.bot_id,
        part_of=part_of,
        correlation_id=correlation_id,
        requested_at=now,
        due_at=now + FIRST_WAIT,
        last_look_at=_last_look(head, now),
    )


def marked(head: Head, now: datetime) -> Head:
    """The head that reads as missing; what a page that listens to it may still see of it is as little as possible."""
    changes: dict[str, Any]
    if isinstance(head, Document):
        changes = {"status": DocumentStatus.DELETING, "live_generation": 0, "due_at": None, "retry_at": None}
    elif isinstance(head, Bot):
        changes = {"deleted_at": now}
    else:
        changes = {"deleted_at": now, "title": "", "tail": ()}
    return head.model_copy(update={"updated_at": now, **changes})


def stock_of(head: Head) -> Stock:
    """What its owner gets back as it is marked: once, and not again for a document that gave it back as it failed."""
    if isinstance(head, Document) and not head.is_given_up:
        return Stock(documents=1, bytes=head.size_bytes)
    return Stock(bots=1) if isinstance(head, Bot) else Stock()


def surveyed(deletion: Deletion, found: Removed, probe: tuple[float, ...] = ()) -> Deletion:
    """The deletion after a look at what there is: after the first, what an earlier delivery has left, or what came late."""
    most = {name: max(getattr(deletion.removed, name), getattr(found, name)) for name in Removed.model_fields}
    return deletion.model_copy(update={"removed": Removed(**most), "probe": deletion.probe or probe})


def driven(deletion: Deletion, now: datetime) -> Deletion:
    """The deletion that the sweep asks for again; the oftener in vain, the later the next time."""
    wait = min(FIRST_WAIT * (1 << min(deletion.attempts, 10)), LONGEST_WAIT)
    return deletion.model_copy(update={"attempts": deletion.attempts + 1, "due_at": now + wait})


def postponed(deletion: Deletion, until: datetime) -> Deletion:
    """The deletion that waits for what holds it up: no try in vain, however many documents a bot has to wait for."""
    return deletion.model_copy(update={"due_at": until, "attempts": 0})


def finished(deletion: Deletion, now: datetime) -> Deletion:
    """The deletion of which nothing is left; a last look follows unless this was late enough to be it."""
    if deletion.status is DeletionStatus.DONE:
        return deletion.model_copy(update={"due_at": None, "probe": ()})
    due_at = deletion.last_look_at if deletion.last_look_at > now else None
    done = {"status": DeletionStatus.DONE, "done_at": now, "expire_at": now + RECEIPT_LIFE, "probe": (), "due_at": due_at}
    return deletion.model_copy(update=done)


def _last_look(head: Head, now: datetime) -> datetime:
    """A file's bytes may be on their way for as long as its upload session lives."""
    if isinstance(head, Document) and head.status is DocumentStatus.AWAITING_UPLOAD:
        return max(now + LAST_LOOK, upload_expires_at(head))
    return now + LAST_LOOK
