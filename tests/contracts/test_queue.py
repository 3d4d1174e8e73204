"""Topics: every message arrives as it was, with the caller's correlation id."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient

from shared.adapters.pubsub import PubSubQueue
from shared.core import log
from shared.core.errors import NotFoundError
from shared.ports.queue import Queue
from tests.contracts.records import NAUGHTY
from tests.memory.queue import MemoryQueue, PublishedMessage, parsed


@dataclass(frozen=True)
class Topic:
    """A topic called `embed-chunks`, and what was published to it, in any order."""

    queue: Queue
    received: Callable[[int], Awaitable[list[PublishedMessage]]]


@pytest.fixture(params=["memory", "pubsub"])
def topic(request: pytest.FixtureRequest) -> Iterator[Topic]:
    if request.param == "memory":
        memory = MemoryQueue()

        async def drained(count: int) -> list[PublishedMessage]:
            return memory.drain("embed-chunks")

        yield Topic(memory, drained)
        return
    project = request.getfixturevalue("fresh_project")
    with SubscriberClient() as subscriber:
        yield Topic(PubSubQueue(project=project), _subscribe(subscriber, project))


def _subscribe(subscriber: SubscriberClient, project: str) -> Callable[[int], Awaitable[list[PublishedMessage]]]:
    path = subscriber.subscription_path(project, "embed-chunks")
    topic = subscriber.topic_path(project, "embed-chunks")
    PublisherClient().create_topic(name=topic)
    subscriber.create_subscription(name=path, topic=topic)

    def pull(count: int) -> list[PublishedMessage]:
        messages: list[Any] = []
        while len(messages) < count:
            reply = subscriber.pull(subscription=path, max_messages=count)
            messages += [received.message for received in reply.received_messages]
        return [parsed(message.data, dict(message.attributes)) for message in messages]

    return lambda count: asyncio.to_thread(pull, count)


async def test_every_message_arrives_as_it_was(topic: Topic) -> None:
    sent = [{"document_id": "d", "generation": 1, "shard": shard} for shard in range(120)]

    await topic.queue.publish("embed-chunks", sent)

    assert sorted((message.body for message in await topic.received(120)), key=lambda body: body["shard"]) == sent


async def test_texts_arrive_byte_for_byte(topic: Topic) -> None:
    await topic.queue.publish("embed-chunks", [{"texts": list(NAUGHTY)}])

    assert [message.body for message in await topic.received(1)] == [{"texts": list(NAUGHTY)}]


async def test_a_message_carries_the_callers_correlation_id(topic: Topic) -> None:
    log.bind(function="create_upload", correlation_id="c-1")

    await topic.queue.publish("embed-chunks", [{}])

    assert [message.attributes for message in await topic.received(1)] == [{"correlation_id": "c-1"}]


async def test_a_message_outside_a_call_has_no_correlation_id(topic: Topic) -> None:
    log.bind(function="", correlation_id="")

    await topic.queue.publish("embed-chunks", [{}])

    assert [message.attributes for message in await topic.received(1)] == [{}]


async def test_publishing_to_a_topic_that_does_not_exist_says_so(fresh_project: str) -> None:
    with pytest.raises(NotFoundError):
        await PubSubQueue(project=fresh_project).publish("absent", [{}])
