"""A signed-in person at the REST surface of a running stack: what tests and trials of the whole product do by hand."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import httpx

from local.accounts import sign_in
from local.stack import Stack
from shared.core.ids import new_id


@dataclass
class Person:
    """Calls with one person's token; every answer that is no success is an AssertionError that shows it."""

    http: httpx.Client
    uid: str

    @classmethod
    @contextmanager
    def signed_up(cls, stack: Stack) -> Iterator[Self]:
        """A new person of the stack, whose connection ends with the block."""
        host = stack.environment["FIREBASE_AUTH_EMULATOR_HOST"]
        user = sign_in(host, f"{new_id()}@synapse.example", "correct horse battery")
        headers = {"Authorization": f"Bearer {user.id_token}"}
        with httpx.Client(base_url=f"{stack.url}/api/v1/", headers=headers, timeout=60) as http:
            yield cls(http, user.uid)

    def get(self, path: str, **parameters: Any) -> Any:
        """GET under /api/v1/."""
        return _content(self.http.get(path, params=parameters))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """POST under /api/v1/."""
        return _content(self.http.post(path, json=body))

    def upload(self, bot_id: str, title: str, content_type: str, content: bytes) -> str:
        """Upload a file through its resumable session; the document's id."""
        wanted = {"bot_id": bot_id, "title": title, "content_type": content_type, "size_bytes": len(content)}
        session = self.post("upload/file", wanted)
        sent = httpx.put(session["upload_url"], content=content, headers={"Content-Type": content_type}, timeout=60)
        assert sent.is_success, f"{title}: {sent.status_code} {sent.text[:200]}"
        return str(session["document_id"])

    def wait_until_ended(self, document_id: str, timeout_seconds: float) -> dict[str, Any]:
        """The document's status once it is ready, failed or a duplicate."""
        deadline = time.monotonic() + timeout_seconds
        while (status := self.get(f"upload/status/{document_id}"))["status"] not in {"ready", "failed", "duplicate"}:
            assert time.monotonic() < deadline, f"still {status}"
            time.sleep(0.2)
        return dict(status)

    def chunks(self, document_id: str) -> list[dict[str, Any]]:
        """All of a document's chunks, in reading order."""
        found: list[dict[str, Any]] = []
        cursor = None
        while True:
            page = self.get(f"documents/{document_id}/chunks", page_size=100, **({"cursor": cursor} if cursor else {}))
            found.extend(page["items"])
            if (cursor := page["next_cursor"]) is None:
                return found

    def ask(self, bot_id: str, message: str, conversation_id: str | None = None) -> dict[str, Any]:
        """One turn, unary."""
        more = {"conversation_id": conversation_id} if conversation_id else {}
        return dict(self.post("chat", {"bot_id": bot_id, "message": message, **more}))


def _content(reply: httpx.Response) -> Any:
    assert reply.is_success, f"{reply.request.method} {reply.request.url}: {reply.status_code} {reply.text[:400]}"
    return reply.json()
