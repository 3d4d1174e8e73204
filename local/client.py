"""A person's program at the stack: calls functions as the Firebase SDK does, and uploads by resumable sessions."""

import base64
import json
from collections.abc import Iterator
from typing import Any, Self

import httpx

from local.accounts import sign_in
from local.processes import StackError
from local.stack import Stack

# Cloud Storage takes any part but the last in multiples of 256 KiB only.
UPLOAD_PART_BYTES = 256 * 1024
HEAD_BYTES = 8 * 1024
"""What `create_upload` may be shown of a file, so that one of no readable format is refused before it is sent."""

_RESUME_INCOMPLETE = 308
_SECONDS = 70


def head_of(content: bytes) -> str:
    """A file's first bytes as `create_upload` takes them."""
    return base64.b64encode(content[:HEAD_BYTES]).decode()


class Client:
    """One signed-in person; every refusal is a StackError that names the call and shows the answer."""

    def __init__(self, stack: Stack, id_token: str) -> None:
        self._stack = stack
        self._http = httpx.Client(headers={"Authorization": f"Bearer {id_token}"}, timeout=_SECONDS)

    @classmethod
    def signed_in(cls, stack: Stack, email: str, password: str) -> Self:
        """A client of the account, which is made where it does not exist."""
        user = sign_in(stack.environment["FIREBASE_AUTH_EMULATOR_HOST"], email, password)
        return cls(stack, user.id_token)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def call(self, name: str, /, **request: Any) -> Any:
        """The result of a callable function."""
        reply = self._http.post(self._stack.function_url(name), json={"data": request})
        if not reply.is_success:
            raise StackError(f"{name} answered {reply.status_code}: {reply.text[:400]}")
        return reply.json()["result"]

    def stream(self, name: str, /, **request: Any) -> Iterator[dict[str, Any]]:
        """A streaming function's events as they come: messages under `message`, and last the `result`."""
        url, headers = self._stack.function_url(name), {"Accept": "text/event-stream"}
        with self._http.stream("POST", url, json={"data": request}, headers=headers) as reply:
            if not reply.is_success:
                raise StackError(f"{name} answered {reply.status_code}: {reply.read().decode()[:400]}")
            for line in reply.iter_lines():
                if line.startswith("data: "):
                    event: dict[str, Any] = json.loads(line.removeprefix("data: "))
                    if "error" in event:
                        raise StackError(f"{name} ended with {event['error']}")
                    yield event

    def upload(self, session_url: str, content: bytes, content_type: str) -> None:
        """Send the bytes in parts; no token goes along, since the session's address is the permission."""
        for start in range(0, len(content), UPLOAD_PART_BYTES):
            part = content[start : start + UPLOAD_PART_BYTES]
            end = start + len(part)
            sent = f"bytes {start}-{end - 1}/{len(content)}"
            reply = httpx.put(
                session_url, content=part, headers={"Content-Type": content_type, "Content-Range": sent}, timeout=_SECONDS
            )
            if not (reply.is_success if end == len(content) else reply.status_code == _RESUME_INCOMPLETE):
                raise StackError(f"The upload of {sent} was answered {reply.status_code}: {reply.text[:200]}")
