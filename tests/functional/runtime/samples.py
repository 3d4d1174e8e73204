"""Use cases of no product, to see the layers around them."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from shared.core.clock import Clock
from shared.core.errors import NotFoundError
from shared.domain.base import Id, Model
from shared.domain.events import Event, Token
from shared.domain.step import StageMessage
from shared.ports.queue import Queue
from shared.runtime.catalogue import HttpTrigger, Manifest, Trigger
from shared.runtime.functions import Call, Delivery, EntryPoint, ObjectFinalized, entry_point


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Part(Model):
    size: int


class Draft(Model):
    name: Annotated[str, Field(min_length=1, max_length=20)]
    colour: Colour = Colour.RED
    count: int = Field(default=1, ge=1)
    ratio: float = 0.5
    parts: tuple[Part, ...] = ()


class Made(Model):
    name: str
    count: int
    colour: Colour
    by: str


class Lookup(Model):
    thing_id: Id
    page_size: int = Field(default=20, ge=1, le=100)
    deep: bool = False
    cursor: str | None = None


class Found(Model):
    thing_id: str
    page_size: int
    deep: bool
    cursor: str | None


async def make(draft: Draft, call: Call) -> Made:
    """Answers what it was given."""
    return Made(name=draft.name, count=draft.count, colour=draft.colour, by=call.uid)


async def find(lookup: Lookup) -> Found:
    """Answers what it was asked."""
    if lookup.thing_id == "absent":
        raise NotFoundError("There is no such thing.", field="thing_id")
    return Found.model_validate(lookup.model_dump())


@dataclass
class Journal:
    """A queue that keeps what use cases tell it; waits at `gate` where one asks it to."""

    entries: list[Any] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def publish(self, topic: str, messages: Any) -> None:
        self.entries.append((topic, list(messages)))


class Question(Model):
    text: str


class Answer(Model):
    text: str


async def say(question: Question, *, queue: Queue) -> AsyncGenerator[Event | Answer, None]:
    """Streams the words of the question, a bar as a line's end; some words are orders: `wait`, `fail`, `clean` up slowly."""
    said: list[str] = []
    try:
        for word in question.text.split():
            await _act(word, queue)
            said.append(word)
            yield Token(text=word.replace("|", "\n"))
        if "twice" in said:
            yield Answer(text="first")
        if "mute" not in said:
            yield Answer(text=" ".join(said))
    finally:
        if "clean" in said:
            await asyncio.sleep(0)
        await queue.publish("closed", [{"said": said}])


async def _act(word: str, queue: Queue) -> None:
    assert isinstance(queue, Journal)
    if word == "wait":
        await queue.gate.wait()
    if word == "absent":
        raise NotFoundError("There is no such word.", field="text")
    if word == "fail":
        raise RuntimeError("secret detail")


async def stage(message: StageMessage, delivery: Delivery, *, queue: Queue) -> None:
    """Tells the journal what came."""
    await queue.publish("came", [{"message": message, "delivery": delivery}])


async def on_object(notice: ObjectFinalized, delivery: Delivery, *, queue: Queue) -> None:
    """Tells the journal which object is whole."""
    await queue.publish("came", [{"notice": notice, "delivery": delivery}])


async def sweep(*, queue: Queue, clock: Clock) -> Answer:
    """Tells the journal that it ran."""
    await queue.publish("ran", [{"at": clock()}])
    return Answer(text="done")


def http(use_case: Any, route: str = "POST /api/v1/things", access: Any = "signed_in", **options: Any) -> EntryPoint:
    """An entry point behind HTTP; trigger options are told from the manifest's."""
    trigger = {
        name: options.pop(name) for name in ("success", "app_check", "calls_per_minute", "calls_per_hour") if name in options
    }
    declared = Trigger(http=HttpTrigger(route=route, access=access, **trigger))
    return entry_point(manifest(use_case, declared, **options), use_case)


def event(use_case: Any, trigger: Trigger, **options: Any) -> EntryPoint:
    """An entry point behind a topic, a schedule or the bucket."""
    return entry_point(manifest(use_case, trigger, **options), use_case)


def manifest(use_case: Any, trigger: Trigger, **options: Any) -> Manifest:
    return Manifest(name=use_case.__name__, trigger=trigger, account="operations", **options)
