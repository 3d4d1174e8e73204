"""Firebase Auth and App Check through firebase_admin, which verifies in blocking calls and so runs in threads."""

import asyncio
import base64
import json
from datetime import UTC, datetime
from typing import Any

import firebase_admin
from firebase_admin import app_check, auth, exceptions
from jwt import PyJWKClientError
from jwt.exceptions import PyJWKClientConnectionError

from shared.core.errors import UnauthenticatedError, UnavailableError
from shared.ports.identity import Caller

ADMIN_ROLE = "admin"
_SECONDS = 10

_COOKIE_ISSUER = "https://session.firebase.google.com/"
_REFUSED = (
    auth.InvalidIdTokenError,
    auth.InvalidSessionCookieError,
    auth.UserDisabledError,
    auth.UserNotFoundError,
)
# A forged token can hold JSON of any shape, and firebase_admin looks into some of it before it checks the signature.
_MALFORMED = (ValueError, TypeError, AttributeError, RecursionError)


class FirebaseIdentity:
    """Verifies ID tokens and session cookies of one project, told apart by their issuer."""

    def __init__(self, project: str) -> None:
        self._app = open_app(project)

    async def verify(self, token: str, *, check_revoked: bool = False) -> Caller:
        """The caller; with `check_revoked` one call to Firebase Auth also refuses revoked tokens and disabled users."""
        claims = await asyncio.to_thread(self._claims, token, check_revoked=check_revoked)
        return Caller(
            uid=claims["uid"],
            email=claims.get("email"),
            is_admin=claims.get("role") == ADMIN_ROLE,
            signed_in_at=_moment(claims.get("auth_time", claims["iat"])),
            email_verified=claims.get("email_verified") is True,
        )

    async def verify_app(self, token: str) -> str:
        """The id of the app that the App Check token attests."""
        claims = await asyncio.to_thread(self._app_claims, token)
        return str(claims["app_id"])

    def _claims(self, token: str, *, check_revoked: bool) -> dict[str, Any]:
        verify = auth.verify_session_cookie if _is_cookie(token) else auth.verify_id_token
        try:
            claims: dict[str, Any] = verify(token, app=self._app, check_revoked=check_revoked)
        except _REFUSED as error:
            raise _refusal("Authorization") from error
        # After the refusals, which are subclasses of it: what is left is a failure to fetch keys or to ask for a revocation.
        except exceptions.FirebaseError as error:
            raise UnavailableError("The token cannot be verified at the moment; try again.") from error
        except _MALFORMED as error:
            raise _refusal("Authorization") from error
        return claims

    def _app_claims(self, token: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = app_check.verify_token(token, self._app)
        except PyJWKClientConnectionError as error:
            raise UnavailableError("The App Check token cannot be verified at the moment; try again.") from error
        except (PyJWKClientError, *_MALFORMED) as error:
            raise _refusal("X-Firebase-AppCheck") from error
        return claims


def open_app(project: str) -> firebase_admin.App:
    """The process's app for the project: event loops come and go in tests, while firebase_admin takes a name once."""
    try:
        return firebase_admin.get_app(project)
    except ValueError:
        # Its own patience is two minutes, longer than a call may take.
        return firebase_admin.initialize_app(options={"projectId": project, "httpTimeout": _SECONDS}, name=project)


def _is_cookie(token: str) -> bool:
    """Who says to have issued the token, unverified: it only chooses the verifier, which checks the issuer again."""
    try:
        payload = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        return bool(payload["iss"].startswith(_COOKIE_ISSUER))
    except (IndexError, KeyError, *_MALFORMED):
        return False


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _refusal(field: str) -> UnauthenticatedError:
    return UnauthenticatedError(f"The token in {field} is invalid, expired or revoked.", field=field)
