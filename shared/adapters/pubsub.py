"""Topics of Pub/Sub; the publisher batches in threads of its own, so it belongs to no event loop."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from google.cloud.pubsub_v1 import PublisherClient

from shared.adapters.google_errors import translated
from shared.core import log


class PubSubQueue:
    """A project's topics; the library itself finds the emulator."""

    def __init__(self, project: str) -> None:
        self._publisher = PublisherClient()
        self._project = project

    @translated
    async def publish(self, topic: str, messages: Sequence[Mapping[str, Any]]) -> None:
        """As the port says."""
        correlation_id = log.correlation_id()
        attributes = {"correlation_id": correlation_id} if correlation_id else {}
        path = self._publisher.topic_path(self._project, topic)
        bodies = [json.dumps(message, ensure_ascii=False).encode() for message in messages]
        # All are handed over before any is waited for, so that the client sends them in few requests.
        stored = [asyncio.wrap_future(self._publisher.publish(path, body, **attributes)) for body in bodies]
        await asyncio.gather(*stored)
