"""Conversations' heads in Firestore, and everything that is read of their turns; what is being deleted reads as missing."""

from collections.abc import Sequence
from datetime import datetime

from google.api_core.datetime_helpers import DatetimeWithNanoseconds
from google.api_core.exceptions import AlreadyExists, FailedPrecondition, NotFound
from google.cloud.firestore import AsyncClient, AsyncDocumentReference

from shared.adapters import firestore_queries as queries
from shared.adapters.firestore_client import (
    Entity,
    Snapshot,
    fields,
    if_unchanged,
    loaded,
    page_by_time,
    place_of_user,
    readable,
    reference,
    stands,
)
from shared.adapters.google_errors import translated
from shared.core.clock import Clock, system_clock
from shared.core.errors import ConflictError
from shared.core.ids import conversation_of, is_id
from shared.domain.account import Account
from shared.domain.base import Page, PageRequest
from shared.domain.bot import Bot
from shared.domain.conversation import Conversation, Turn
from shared.ports.store import ChatContext, Versioned


class FirestoreConversations:
    """`conversations/{conversation_id}`, and `turns/{turn_id}` under each."""

    def __init__(self, client: AsyncClient, clock: Clock = system_clock) -> None:
        self._client = client
        self._clock = clock

    @translated
    async def context(
        self, caller_id: str, conversation_id: str | None, bot_id: str | None, link: str | None = None
    ) -> ChatContext:
        """As the port says; an id that cannot exist is not read."""
        places = (("conversations", conversation_id), ("bots", bot_id))
        wanted = [reference(self._client, collection, key) for collection, key in places if key and is_id(key)]
        # The account is read whatever the uid looks like: an account that nobody finds would never be suspended.
        wanted.append(place_of_user(self._client, "users", caller_id))
        found = {snapshot.reference.parent.id: snapshot async for snapshot in self._client.get_all(wanted)}
        account, head = found.get("users"), self._own_head(found.get("conversations"), caller_id)
        return ChatContext(
            conversation=head if head and head.value.deleted_at is None else None,
            bot=_askable(found.get("bots"), caller_id, link),
            account=loaded(Account, account) if account else None,
        )

    @translated
    async def find(self, turn_id: str, owner_id: str) -> Versioned[Turn] | None:
        """As the port says: two reads in one round trip. A turn past its `expire_at` is gone before Firestore removes it."""
        conversation_id = conversation_of(turn_id)
        if not (is_id(conversation_id) and is_id(turn_id)):
            return None
        places = [reference(self._client, "conversations", conversation_id), self.place_of(turn_id)]
        found = {snapshot.reference.parent.id: snapshot async for snapshot in self._client.get_all(places)}
        head, turn = found["conversations"], _versioned(Turn, found["turns"])
        is_deleted = head.exists and (head.to_dict() or {}).get("deleted_at") is not None
        if turn is None or is_deleted or turn.value.owner_id != owner_id or self._is_expired(turn.value):
            return None
        return turn

    @translated
    async def load(self, turn_id: str) -> Versioned[Turn] | None:
        """As the port says."""
        return _versioned(Turn, await self.place_of(turn_id).get())

    @translated
    async def list(self, conversation_id: str, owner_id: str, page: PageRequest) -> Page[Turn]:
        """As the port says: a read a turn, and one more. Expired turns are left out, so a page may be short."""
        if not is_id(conversation_id):
            return Page(items=())
        found = await page_by_time(queries.turns(self._client, conversation_id, owner_id), "created_at", page, Turn)
        return found.model_copy(update={"items": tuple(turn for turn in found.items if not self._is_expired(turn))})

    @translated
    async def abandoned(self, now: datetime, limit: int) -> Sequence[Versioned[Turn]]:
        """As the port says: a read a turn."""
        query = queries.abandoned_turns(self._client, now).limit(limit)
        found = [_at_version(readable(Turn, snapshot), snapshot) async for snapshot in query.stream()]
        return [turn for turn in found if turn is not None]

    @translated
    async def head(self, conversation_id: str, owner_id: str) -> Versioned[Conversation] | None:
        """As the port says: one read."""
        if not is_id(conversation_id):
            return None
        return self._own_head(await reference(self._client, "conversations", conversation_id).get(), owner_id)

    @translated
    async def rewrite(self, read: Versioned[Conversation], conversation: Conversation) -> None:
        """As the port says: one write."""
        place = reference(self._client, "conversations", conversation.id)
        try:
            if read.version is None:
                await place.create(fields(conversation))
            else:
                await place.update(fields(conversation), option=if_unchanged(self._client, read.version))
        except (AlreadyExists, FailedPrecondition, NotFound) as error:
            # The library repeats a write whose answer was lost, and the repetition meets what the first one has written.
            if not await stands(place, conversation):
                raise ConflictError("The conversation has changed since it was read.") from error

    @translated
    async def conversations(self, owner_id: str, page: PageRequest) -> Page[Conversation]:
        """As the port says: a read a conversation, and one more."""
        found = await page_by_time(queries.conversations(self._client, owner_id), "updated_at", page, Conversation)
        return found.model_copy(update={"items": tuple(one for one in found.items if self._is_shown(one))})

    def place_of(self, turn_id: str) -> AsyncDocumentReference:
        """Where the turn lies; its id names its conversation."""
        return reference(self._client, "conversations", conversation_of(turn_id), "turns", turn_id)

    def _own_head(self, snapshot: Snapshot | None, owner_id: str) -> Versioned[Conversation] | None:
        """The conversation, if it is the owner's; one that is being deleted for as long as it is there."""
        if snapshot is None or not snapshot.exists or snapshot.get("owner_id") != owner_id:
            return None
        head = _versioned(Conversation, snapshot)
        return head if head and (head.value.deleted_at or not self._is_expired(head.value)) else None

    def _is_shown(self, conversation: Conversation) -> bool:
        return conversation.deleted_at is None and not self._is_expired(conversation)

    def _is_expired(self, record: Turn | Conversation) -> bool:
        return record.expire_at is not None and record.expire_at <= self._clock()


def _versioned(model: type[Entity], snapshot: Snapshot) -> Versioned[Entity] | None:
    """The document as a record; its version is the document's update time."""
    return _at_version(loaded(model, snapshot), snapshot)


def _at_version(record: Entity | None, snapshot: Snapshot) -> Versioned[Entity] | None:
    moment = snapshot.update_time
    if record and not isinstance(moment, datetime):
        # A query answers the protocol's message where a read by id answers a time; the two must compare.
        moment = DatetimeWithNanoseconds.from_timestamp_pb(moment)  # type: ignore[no-untyped-call]  # It has no types.
    return Versioned(record, moment) if record else None


def _askable(snapshot: Snapshot | None, caller_id: str, link: str | None) -> Bot | None:
    bot = loaded(Bot, snapshot) if snapshot else None
    return bot if bot and bot.answers(caller_id, link) else None
