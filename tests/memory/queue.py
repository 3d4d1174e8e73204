"""Topics in memory: what was published stays until a test drains it."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.core import log


@dataclass(frozen=True)
class PublishedMessage:
    """A message as a subscriber would get it; `body` is its JSON, parsed."""

    body: Any
    attributes: dict[str, str]


def parsed(data: bytes, attributes: dict[str, str]) -> PublishedMessage:
    """A message from its bytes."""
    return PublishedMessage(json.loads(data), attributes)


@dataclass
class MemoryQueue:
    """Published messages by topic, oldest first."""

    topics: dict[str, list[PublishedMessage]] = field(default_factory=lambda: defaultdict(list))

    async def publish(self, topic: str, messages: Sequence[Mapping[str, Any]]) -> None:
        attributes = {"correlation_id": log.correlation_id()} if log.correlation_id() else {}
        for message in messages:
            self.topics[topic].append(parsed(json.dumps(message).encode(), attributes))

    def drain(self, topic: str) -> list[PublishedMessage]:
        """The topic's messages, which are then gone."""
        return self.topics.pop(topic, [])
