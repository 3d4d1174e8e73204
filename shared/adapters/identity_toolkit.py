"""Firebase Auth's users: what a page does goes over Identity Toolkit's REST, what only a server may do through firebase_admin.

Bodies hold passwords and tokens, so none is logged or put into an error; the key goes in a header, since addresses are logged.
https://docs.cloud.google.com/identity-platform/docs/reference/rest/v1/accounts
"""

import asyncio
import re
from collections.abc import Callable, Collection
from datetime import timedelta
from json import JSONDecodeError
from typing import Any
from urllib.parse import urlencode

import httpx
import requests
from firebase_admin import App, auth, exceptions
from google.auth.exceptions import TransportError

from shared.core.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    InternalError,
    InvalidArgumentError,
    PermissionDeniedError,
    ResourceExhaustedError,
    SynapseError,
    UnauthenticatedError,
    UnavailableError,
)
from shared.ports.identity import Credential, Provider, SignIn

_TIMEOUT = httpx.Timeout(10.0)
_SERVER_ERROR = 500
_PROVIDER_IDS = {Provider.GOOGLE: "google.com", Provider.GITHUB: "github.com"}
# The toolkit wants the address to which a browser would have come back; without a browser any will do.
_REQUEST_URI = "http://localhost"

# The toolkit's names of errors, by what the person can do about them.
_WRONG_PASSWORD = ("EMAIL_NOT_FOUND", "INVALID_PASSWORD", "INVALID_LOGIN_CREDENTIALS")
_WRONG_CREDENTIAL = ("INVALID_IDP_RESPONSE", "INVALID_CREDENTIAL_OR_PROVIDER_ID", "MISSING_OR_INVALID_NONCE")
_OLD_TOKEN = ("INVALID_ID_TOKEN", "TOKEN_EXPIRED", "CREDENTIAL_TOO_OLD_LOGIN_AGAIN", "USER_NOT_FOUND")
_WEAK_PASSWORD = ("WEAK_PASSWORD", "PASSWORD_DOES_NOT_MEET_REQUIREMENTS", "MISSING_PASSWORD")
_TOO_OFTEN = ("TOO_MANY_ATTEMPTS_TRY_LATER", "QUOTA_EXCEEDED", "RESET_PASSWORD_EXCEED_LIMIT")
_NOT_OFFERED = ("OPERATION_NOT_ALLOWED", "PASSWORD_LOGIN_DISABLED", "ADMIN_ONLY_OPERATION")
_ANOTHER_WAY = "This e-mail address signs in another way; sign in that way."

_KNOWN: tuple[tuple[Collection[str], Callable[[], SynapseError]], ...] = (
    (("EMAIL_EXISTS",), lambda: AlreadyExistsError("This e-mail address is registered already.", field="email")),
    (("INVALID_EMAIL", "MISSING_EMAIL"), lambda: InvalidArgumentError("email must be an e-mail address.", field="email")),
    (_WEAK_PASSWORD, lambda: InvalidArgumentError("password is too weak; choose a longer one.", field="password")),
    (_WRONG_PASSWORD, lambda: UnauthenticatedError("The e-mail address or the password is wrong.")),
    (_WRONG_CREDENTIAL, lambda: UnauthenticatedError("The provider's token is invalid or expired; get a new one.")),
    (_OLD_TOKEN, lambda: UnauthenticatedError("id_token is invalid, expired or revoked; sign in again.", field="id_token")),
    (("USER_DISABLED",), lambda: PermissionDeniedError("This account is suspended.")),
    (_TOO_OFTEN, lambda: ResourceExhaustedError("Too many tries; try again later.", retry_after_seconds=60)),
    (_NOT_OFFERED, lambda: FailedPreconditionError("This way to sign in is not offered here.")),
    (("FEDERATED_USER_ID_ALREADY_LINKED",), lambda: AlreadyExistsError(_ANOTHER_WAY)),
    # "API key not valid. …", which is no name.
    (("API",), lambda: InternalError("FIREBASE_API_KEY is no key of this project that a server may use.")),
)


def open_client(api_key: str, emulator_host: str) -> httpx.AsyncClient:
    """A client of the toolkit for one event loop, or of the emulator where its host is given."""
    root = f"http://{emulator_host}/" if emulator_host else "https://"
    headers = {"X-Goog-Api-Key": api_key}
    return httpx.AsyncClient(base_url=f"{root}identitytoolkit.googleapis.com/v1/", headers=headers, timeout=_TIMEOUT)


class IdentityToolkit:
    """The users of one project."""

    def __init__(self, http: httpx.AsyncClient, app: App) -> None:
        self._http = http
        self._app = app

    async def sign_up(self, email: str, password: str) -> SignIn:
        """As the port says."""
        return _signed_in(await self._post("signUp", email=email, password=password, returnSecureToken=True))

    async def sign_in(self, email: str, password: str) -> SignIn:
        """As the port says."""
        return _signed_in(await self._post("signInWithPassword", email=email, password=password, returnSecureToken=True))

    async def sign_in_with_provider(self, credential: Credential) -> SignIn:
        """As the port says."""
        tokens = {"id_token": credential.id_token, "access_token": credential.access_token}
        given = {name: token for name, token in tokens.items() if token} | {"providerId": _PROVIDER_IDS[credential.provider]}
        body = urlencode(given)
        return _signed_in(await self._post("signInWithIdp", postBody=body, requestUri=_REQUEST_URI, returnSecureToken=True))

    async def send_verification(self, id_token: str) -> None:
        """As the port says."""
        await self._post("sendOobCode", requestType="VERIFY_EMAIL", idToken=id_token)

    async def send_password_reset(self, email: str) -> None:
        """As the port says. Limits are kept silent too: some are an address's own, and one without a user never meets them."""
        silent = ("EMAIL_NOT_FOUND", "USER_DISABLED", *_TOO_OFTEN)
        await self._post("sendOobCode", silent, requestType="PASSWORD_RESET", email=email)

    async def delete_user(self, id_token: str) -> None:
        """As the port says."""
        await self._post("delete", ("USER_NOT_FOUND",), idToken=id_token)

    async def create_session(self, id_token: str, lifetime: timedelta) -> str:
        """As the port says."""
        made = await self._administer(lambda: auth.create_session_cookie(id_token, lifetime, app=self._app))
        # The library hands on what JSON held, though its documentation says bytes.
        return made if isinstance(made, str) else made.decode()

    async def revoke(self, uid: str) -> None:
        """As the port says."""
        await self._administer(lambda: auth.revoke_refresh_tokens(uid, app=self._app), silent=("USER_NOT_FOUND",))

    async def _post(self, action: str, silent: Collection[str] = (), /, **body: Any) -> dict[str, Any]:
        """The answer to an action; empty where it was refused for a reason to keep silent about."""
        try:
            # The slash matters: httpx would take `accounts:signUp` for a whole address of the scheme `accounts`.
            reply = await self._http.post(f"/accounts:{action}", json=body)
            answer: dict[str, Any] = reply.json()
        except (httpx.HTTPError, JSONDecodeError, UnicodeDecodeError) as error:
            raise _no_answer() from error
        if reply.is_success:
            return answer
        if reply.status_code >= _SERVER_ERROR:
            raise _no_answer()
        if (reason := _reason(answer)) in silent:
            return {}
        raise _refusal(reason)

    async def _administer(self, work: Callable[[], Any], silent: Collection[str] = ()) -> Any:
        """What the blocking call answers; None where it was refused for a reason to keep silent about."""
        try:
            return await asyncio.to_thread(work)
        except TransportError as error:
            raise _no_answer() from error
        except exceptions.FirebaseError as error:
            if (reason := _reason_of(error.http_response)) is None:
                # The library's text holds whatever stood in the answer.
                raise _no_answer() from None
            if reason in silent:
                return None
            raise _refusal(reason) from None


def _signed_in(answer: dict[str, Any]) -> SignIn:
    if "idToken" in answer:
        return SignIn(uid=answer["localId"], id_token=answer["idToken"], email=answer.get("email"))
    # Without a token the toolkit wants a step more, which takes a page.
    if answer.get("needConfirmation"):
        raise AlreadyExistsError(_ANOTHER_WAY)
    raise FailedPreconditionError("This account asks for a second factor; sign in on the page.")


def _reason(answer: Any) -> str:
    """The error's name, which may be followed by a colon and words."""
    error = answer.get("error") if isinstance(answer, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    named = re.match(r"[A-Z_]{3,}", str(message))
    return named[0] if named else ""


def _reason_of(response: requests.Response | None) -> str | None:
    """The error's name in a reply that firebase_admin got; None where none came, or a server's failure."""
    if response is None or response.status_code >= _SERVER_ERROR:
        return None
    try:
        return _reason(response.json())
    except ValueError:
        return None


def _refusal(reason: str) -> SynapseError:
    for reasons, refusal in _KNOWN:
        if reason in reasons:
            return refusal()
    return InternalError(f"Identity Toolkit refused: {reason or 'without a reason'}.")


def _no_answer() -> UnavailableError:
    return UnavailableError("Sign-in does not answer at the moment; try again.")
