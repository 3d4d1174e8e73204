"""Firebase Cloud Messaging in REST: firebase_admin would bring its own threads and retries for one call.

https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send
"""

import asyncio
from collections.abc import Callable
from functools import cached_property
from http import HTTPStatus
from typing import Any

import google.auth
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from requests import Response, Session
from requests.exceptions import RequestException, Timeout

from shared.core.errors import DeadlineExceededError, ResourceExhaustedError, UnavailableError
from shared.core.log import logger
from shared.domain.notice import Notice
from shared.ports.notifier import Handed

_SCOPES = ("https://www.googleapis.com/auth/firebase.messaging",)
_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
# Apple's limit; our tags are far shorter unless ids change.
_TAG_CHARACTERS = 64
# Messages above 4 KB are refused, and a sentence may be in a script of three bytes a character.
_BODY_CHARACTERS = 500


def _authorized() -> Session:
    credentials, _ = google.auth.default(scopes=_SCOPES)
    session: Session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]  # google-auth types a part of itself.
    return session


class FcmNotifier:
    """The devices of one project's apps."""

    def __init__(
        self,
        project: str,
        open_session: Callable[[], Session] = _authorized,
        base_url: str = "https://fcm.googleapis.com",
        seconds: float = 10.0,
    ) -> None:
        self._url = f"{base_url}/v1/projects/{project}/messages:send"
        self._open_session = open_session
        self._seconds = seconds

    async def send(self, token: str, notice: Notice) -> Handed:
        """As the port says: one request."""
        return await asyncio.to_thread(self._post, {"message": {"token": token, **_message(notice)}})

    def _post(self, body: dict[str, Any]) -> Handed:
        try:
            response = self._session.post(self._url, json=body, timeout=self._seconds)
        except Timeout as error:
            raise DeadlineExceededError("The notification service took too long.") from error
        except (RequestException, GoogleAuthError) as error:
            raise _away() from error
        return _handed(response)

    @cached_property
    def _session(self) -> Session:
        # In the thread that first posts: the credentials may ask the metadata server.
        return self._open_session()


def _message(notice: Notice) -> dict[str, Any]:
    tag = notice.tag[:_TAG_CHARACTERS]
    shown = {"title": notice.title, "body": notice.body[:_BODY_CHARACTERS]}
    told = {"event": notice.event.value, "document_id": notice.document_id, "bot_id": notice.bot_id}
    return {
        "notification": shown,
        "data": told,
        # Each platform names in its own way what takes the place of an earlier notification.
        "android": {"collapse_key": tag, "notification": {"tag": tag}},
        "apns": {"headers": {"apns-collapse-id": tag}},
        "webpush": {"notification": {"tag": tag}},
    }


def _handed(response: Response) -> Handed:
    status, reason = response.status_code, _reason(response)
    if status == HTTPStatus.OK:
        return Handed.TAKEN
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise ResourceExhaustedError("The notification service is asked too often.", retry_after_seconds=_told_wait(response))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        raise _away()
    # A 404 alone may be a wrong project: only the service's own word says that the token is nobody's.
    if status == HTTPStatus.NOT_FOUND and reason == "UNREGISTERED":
        return Handed.UNREGISTERED
    logger.error("a device cannot be told", extra={"status": status, "reason": reason})
    return Handed.REFUSED


def _reason(response: Response) -> str:
    """The service's own name of the error; empty where there is none."""
    try:
        details = response.json()["error"]["details"]
        return next(str(one["errorCode"]) for one in details if one.get("@type") == _FCM_ERROR)
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
        return ""


def _told_wait(response: Response) -> float | None:
    told = response.headers.get("Retry-After", "")
    return float(told) if told.isdecimal() else None


def _away() -> UnavailableError:
    return UnavailableError("The notification service did not answer.")
