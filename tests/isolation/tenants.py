"""The world of the examples with a second tenant in it: what Alice owns, Bob owns too, under ids of his own."""

import copy
import functools
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import BaseModel

from shared.domain.account import Account
from shared.domain.chunk import Chunk, EmbeddedChunk
from shared.domain.own_persona import persona_key
from shared.domain.plan import Stock
from shared.domain.provider_key import provider_key_id
from shared.domain.template import prompt_key
from tests.functional.example_world import LINK, ExampleWorld
from tests.functional.people import NOW
from tests.memory.chat_models import vector_of

Kept = TypeVar("Kept", bound=BaseModel)

ALICES: Mapping[str, tuple[str, ...]] = {
    "bot_id": ("bot", "talker"),
    "document_id": ("whales",),
    "job_id": ("whales",),
    "chat_id": ("thread",),
    "conversation_id": ("thread",),
    "turn_id": ("thread-turn",),
    "parent_turn_id": ("thread-turn",),
    "prompt_id": ("greeting",),
    "persona_id": ("pirate",),
    "key_id": ("key",),
    "deletion_id": ("document-gone",),
    # Whoever holds an open link may use it; a bot that is private again keeps its link's secret half, and opens to nobody.
    "link": (f"talker.{LINK}",),
}
"""What is Alice's alone, by the name of the field that asks for it."""

_TELLING = {
    "alice": "bob",
    "Alice": "Bob",
    "whale": "seal",
    "Whale": "Seal",
    "krill": "herring",
    "Flint": "Jeeves",
    "buccaneer": "butler",
    "high seas": "front hall",
    "Greet": "Thank",
    "OpenAI": "Mistral",
    "openai": "mistral",
    "7f3a": "19bc",
}
"""What Alice's records say, and what Bob's say in its place, so that a word tells whose it is."""

MARKS = (LINK, *(word.lower() for word in _TELLING))


def in_bobs_words(text: str) -> str:
    """The text as Bob has it."""
    return functools.reduce(lambda changed, words: changed.replace(*words), _TELLING.items(), text)


def bobs(value: str) -> str:
    """Bob's thing of the kind; a link's secret half stands behind the bot's id, and a turn's conversation before it."""
    return f"bobs-{value}"


class Tenants(ExampleWorld):
    """Alice and Bob, with the same kinds of things."""

    def __init__(self) -> None:
        super().__init__()
        store = self.store
        store.bots["talker"] = store.bots["talker"].model_copy(update={"link": LINK})
        _copy(store.bots)
        _copy(store.conversations)
        store.documents.update({bobs(key): store.stamp(_bobs(one.value)) for key, one in list(store.documents.items())})
        store.deletions.update({bobs(key): store.stamp(_bobs(one.value)) for key, one in list(store.deletions.items())})
        store.chunks.update({bobs(key): self._embedded(_bobs(one.chunk)) for key, one in list(store.chunks.items())})
        store.bot_versions.update({(bobs(bot), number): _bobs(one) for (bot, number), one in list(store.bot_versions.items())})
        store.turns.update({(bobs(chat), bobs(turn)): _bobs(one) for (chat, turn), one in list(store.turns.items())})
        self._name_alike()
        # What it says must not come from the script: only what it was given can tell on anybody.
        self.model.script = ["I have read it."]
        store.stock["bob"] = store.stock["alice"]
        self.blobs.objects.update({in_bobs_words(name): blob for name, blob in list(self.blobs.objects.items())})

    def _embedded(self, chunk: Chunk) -> EmbeddedChunk:
        return EmbeddedChunk(chunk=chunk, vector=vector_of(chunk.text, self.library.embedder.spec.dimension))

    def _name_alike(self) -> None:
        """Things whose ids people choose are stored under what is derived from owner and id."""
        store = self.store
        for record in list(store.prompt_versions.values()):
            named = _bobs(record).model_copy(update={"id": prompt_key("bob", bobs(record.prompt_id))})
            store.prompts["bob", named.prompt_id] = store.prompt_versions["bob", named.prompt_id, named.version] = named
        for persona in list(store.personas.values()):
            own = _bobs(persona).model_copy(update={"id": persona_key("bob", bobs(persona.persona_id))})
            store.personas["bob", own.persona_id] = own
        for key in list(store.provider_keys.values()):
            kept = _bobs(key).model_copy(update={"id": provider_key_id("bob", bobs(key.key_id))})
            store.provider_keys[kept.id] = kept

    def suspend(self, uid: str) -> None:
        """The account, from the next call on."""
        self._change(uid, suspended=True)

    def sign_out(self, uid: str) -> None:
        """The person signed out after the sign-in that their token tells of."""
        self.identity.callers[uid] = replace(self.identity.callers[uid], signed_in_at=NOW - timedelta(hours=1))
        self._change(uid, signed_out_at=NOW - timedelta(minutes=1))

    def have_a_second_of_all_that_is_listed(self) -> None:
        """Each a minute older than the first, so that a page of one has another behind it."""
        store = self.store
        for kept in (store.bot_versions, store.conversations, store.turns, store.provider_keys, store.personas, store.prompts):
            _double(kept)
        store.documents.update({f"{key}-2": store.stamp(_second(one.value)) for key, one in list(store.documents.items())})

    async def lay_out(self) -> None:
        """Put everything where the functions look for it, which here it is already."""

    async def everything(self) -> dict[str, Any]:
        """All that is kept anywhere, each thing under a name of its own; what counts nothing is not there."""
        places = {name: keeper for name, keeper in vars(self).items() if type(keeper).__module__.startswith("tests.memory")}
        return {
            f"{place}.{name}.{key}": copy.deepcopy(value)
            for place, keeper in places.items()
            for name, kept in vars(keeper).items()
            for key, value in _members(kept)
        }

    def _change(self, uid: str, **changes: object) -> None:
        account = self.store.accounts.get(uid) or Account(id=uid)
        self.store.accounts[uid] = account.model_copy(update=changes)


def _members(kept: Any) -> list[tuple[str, Any]]:
    if isinstance(kept, Mapping):
        return [(str(key), value) for key, value in kept.items() if value and value != Stock()]
    return [(str(number), value) for number, value in enumerate(kept)] if isinstance(kept, list | tuple) else []


def _double(kept: dict[Any, Any]) -> None:
    kept.update({(key, 2): _second(one) for key, one in list(kept.items())})


def _second(record: Kept) -> Kept:
    """Another one of the same owner and in the same place."""
    own: dict[str, Any] = dict(record)
    names = {name: f"{own[name]}-2" for name in ("id", "key_id", "persona_id", "prompt_id") if name in own}
    times = {name: own[name] - timedelta(minutes=1) for name in ("created_at", "updated_at") if name in own}
    return record.model_copy(update={**names, **times, **({"number": own["number"] + 10} if "number" in own else {})})


def _copy(kept: dict[str, Any]) -> None:
    kept.update({bobs(key): _bobs(one) for key, one in list(kept.items())})


def _bobs(record: Kept) -> Kept:
    """The record with Bob for its owner, his things in the places of Alice's, and words of his own."""
    return type(record).model_validate_json(json.dumps(_renamed(record.model_dump(mode="json"))))


def _renamed(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _renamed(member, key) for key, member in value.items()}
    if isinstance(value, list):
        return [_renamed(member, name) for member in value]
    if not isinstance(value, str):
        return value
    if name == "id" or name.endswith("_id"):
        return "bob" if "owner" in name else bobs(value)
    return value if name == "link" else in_bobs_words(value)
