"""What every answer to a hostile request must keep to: no 5xx, an error in the protocol's own form, nothing of our insides."""

import asyncio
import re
from collections import Counter

from tests.functional.harness import Client, Reply

SECONDS = 10.0
"""A request that takes longer hangs."""

ANSWERED: Counter[str] = Counter()
"""How many requests of each kind this run has sent and had answered in form, for its summary."""
_INSIDES = re.compile(
    r'Traceback|File "|site-packages|/functions/|/shared/|\.py\b|pydantic|starlette|google\.|grpc|firestore|object at 0x'
    r"|validation error|NoneType|<class|KeyError|TypeError|ValueError|AttributeError",
    re.IGNORECASE,
)


async def answered(client: Client, method: str, url: str, headers: dict[str, str], body: bytes) -> Reply:
    """The reply, in time and in form."""
    async with asyncio.timeout(SECONDS):
        reply = await client.request(method, url, headers, body)
    assert reply.status < 500, (url, body[:200], reply.content)
    if reply.status >= 400:
        keeps_to_itself(reply, body)
    ANSWERED["malformed bodies"] += 1
    return reply


def keeps_to_itself(reply: Reply, sent: bytes = b"") -> None:
    """A refusal has a code and a sentence, and tells nothing of how we are made that the caller did not say first."""
    error = _error(reply)
    assert error.get("code") or error.get("status"), reply.content
    sentence = error.get("detail") or error["message"]
    assert sentence
    told = [word for word in _INSIDES.findall(sentence) if word.encode() not in sent]
    assert told == [], sentence


def _error(reply: Reply) -> dict[str, str]:
    if reply.headers["content-type"].startswith("text/event-stream"):
        return reply.events[-1]["error"]
    if reply.headers["content-type"] == "application/problem+json":
        return reply.json
    return reply.error
