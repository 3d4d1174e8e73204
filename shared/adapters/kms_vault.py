"""A vault whose wrapping key never leaves Cloud KMS, spoken to in REST: the client library would bring gRPC stubs for two calls.

https://docs.cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys/encrypt
"""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import cached_property
from http import HTTPStatus
from typing import Any

import google.auth
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from google_crc32c import value as crc32c
from requests import Response, Session
from requests.exceptions import RequestException, Timeout

from shared.adapters.envelope import UNREADABLE, lost, read, write
from shared.core.errors import (
    DeadlineExceededError,
    InternalError,
    ResourceExhaustedError,
    SynapseError,
    UnavailableError,
)
from shared.domain.provider_key import Sealed
from shared.ports.vault import Opened

_SCOPES = ("https://www.googleapis.com/auth/cloudkms",)


def _authorized() -> Session:
    credentials, _ = google.auth.default(scopes=_SCOPES)
    session: Session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]  # google-auth types a part of itself.
    return session


class _RefusedError(Exception):
    """KMS will not do this with these bytes: they are not its own, or the version is disabled or destroyed."""


class KmsVault:
    """`key` is a cryptoKey's full name; KMS itself rotates it, and opens what its older versions have sealed."""

    def __init__(
        self,
        key: str,
        open_session: Callable[[], Session] = _authorized,
        base_url: str = "https://cloudkms.googleapis.com",
        seconds: float = 10.0,
    ) -> None:
        self._key = key
        self._open_session = open_session
        self._url = f"{base_url}/v1/{key}"
        self._seconds = seconds

    async def seal(self, plaintext: bytes, context: str) -> Sealed:
        """Under the primary version, whose name becomes `wrapping_key`."""
        letter = write(plaintext, context)
        try:
            answer = await self._ask("encrypt", plaintext=letter.data_key, additionalAuthenticatedData=context.encode())
        except _RefusedError as error:
            raise InternalError("KMS_KEY has no primary version that is enabled.") from error
        if not (answer.get("verifiedPlaintextCrc32c") and answer.get("verifiedAdditionalAuthenticatedDataCrc32c")):
            raise _damaged()
        return letter.sealed(_intact(answer, "ciphertext"), str(answer.get("name", self._key)))

    async def open(self, sealed: Sealed, context: str) -> Opened:
        """As the port says; always current, since KMS keeps its older versions, and who only opens need not be able to seal."""
        if not sealed.wrapping_key.startswith(f"{self._key}/"):
            raise lost(sealed.wrapping_key, "another key has wrapped it")
        try:
            answer = await self._ask("decrypt", ciphertext=sealed.wrapped_key, additionalAuthenticatedData=context.encode())
            return Opened(read(_intact(answer, "plaintext"), sealed.nonce, sealed.ciphertext, context))
        except (_RefusedError, *UNREADABLE):
            # KMS does not tell these apart by more than its prose, and the person can do the same about each.
            raise lost(sealed.wrapping_key, "it was changed, belongs elsewhere, or its version is not enabled") from None

    async def _ask(self, verb: str, **given: bytes) -> dict[str, Any]:
        """KMS's answer; each value goes with its checksum, which KMS compares before it works."""
        body = {name: b64encode(value).decode() for name, value in given.items()}
        body |= {f"{name}Crc32c": str(crc32c(value)) for name, value in given.items()}
        return await asyncio.to_thread(self._post, verb, body)

    def _post(self, verb: str, body: dict[str, str]) -> dict[str, Any]:
        try:
            response = self._session.post(f"{self._url}:{verb}", json=body, timeout=self._seconds)
        except Timeout as error:
            raise DeadlineExceededError("The key service took too long.") from error
        except (RequestException, GoogleAuthError) as error:
            raise UnavailableError("The key service did not answer.") from error
        return _answer(response)

    @cached_property
    def _session(self) -> Session:
        # In the thread that first posts: the credentials may ask the metadata server.
        return self._open_session()


def _answer(response: Response) -> dict[str, Any]:
    status = response.status_code
    if status == HTTPStatus.BAD_REQUEST:
        raise _RefusedError
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise ResourceExhaustedError("The key service is asked too often.")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise UnavailableError("The key service did not answer.")
    if status != HTTPStatus.OK:
        raise InternalError(f"Cloud KMS answers {status}: KMS_KEY names no key, or this account may not use it so.")
    try:
        answer = response.json()
    except ValueError as error:
        raise _damaged() from error
    if not isinstance(answer, dict):
        raise _damaged()
    return answer


def _intact(answer: dict[str, Any], name: str) -> bytes:
    """The bytes of that name, whose checksum fits. Raises UnavailableError for what was damaged on its way."""
    try:
        value = b64decode(answer[name], validate=True)
        expected = int(answer[f"{name}Crc32c"])
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged() from error
    if crc32c(value) != expected:
        raise _damaged()
    return value


def _damaged() -> SynapseError:
    return UnavailableError("What the key service said was damaged on its way.")
