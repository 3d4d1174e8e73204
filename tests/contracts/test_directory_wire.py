"""What Identity Toolkit may say that its emulator never says, and what is said of it then."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from io import StringIO

import pytest

from shared.adapters.firebase_auth import open_app
from shared.adapters.identity_toolkit import IdentityToolkit, open_client
from shared.core import log
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
from shared.core.ids import new_id
from shared.ports.identity import Credential, Provider
from shared.runtime.boundary import attempt
from tests.wire.server import Reply, WireServer, json_reply, running

EMAIL, SECRET = "ada@example.com", "correct horse battery"
GITHUB = Credential(Provider.GITHUB, access_token="gho_secret")
Doing = Callable[[IdentityToolkit], Awaitable[object]]


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with running() as server:
        yield server


@pytest.fixture
async def toolkit(server: WireServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[IdentityToolkit]:
    host = server.url.removeprefix("http://")
    monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", host)
    async with open_client("key", host) as http:
        yield IdentityToolkit(http, open_app(f"demo-{new_id()}"))


@pytest.fixture
def lines() -> Iterator[StringIO]:
    stream = StringIO()
    log.configure(stream)
    yield stream
    log.logger.handlers.clear()


def refused(reason: str, status: int = 400) -> Reply:
    return json_reply({"error": {"code": status, "message": reason, "errors": [{"message": reason}]}}, status)


async def _sign_in(toolkit: IdentityToolkit) -> object:
    return await toolkit.sign_in(EMAIL, SECRET)


async def _sign_up(toolkit: IdentityToolkit) -> object:
    return await toolkit.sign_up(EMAIL, SECRET)


async def _provider(toolkit: IdentityToolkit) -> object:
    return await toolkit.sign_in_with_provider(GITHUB)


async def _session(toolkit: IdentityToolkit) -> object:
    return await toolkit.create_session("token", timedelta(days=1))


async def _revoke(toolkit: IdentityToolkit) -> object:
    return await toolkit.revoke("ada")


async def _reset(toolkit: IdentityToolkit) -> object:
    return await toolkit.send_password_reset("ada@example.com")


@pytest.mark.parametrize(
    ("doing", "reason", "error", "field"),
    [
        (_sign_in, "INVALID_LOGIN_CREDENTIALS", UnauthenticatedError, None),
        (_sign_in, "TOO_MANY_ATTEMPTS_TRY_LATER : Access is disabled.", ResourceExhaustedError, None),
        (_sign_in, "PASSWORD_LOGIN_DISABLED", FailedPreconditionError, None),
        (_sign_up, "PASSWORD_DOES_NOT_MEET_REQUIREMENTS : Missing [digit]", InvalidArgumentError, "password"),
        (_sign_up, "ADMIN_ONLY_OPERATION", FailedPreconditionError, None),
        (_provider, "OPERATION_NOT_ALLOWED : The provider is off.", FailedPreconditionError, None),
        (_provider, "INVALID_IDP_RESPONSE : Failed to fetch resource", UnauthenticatedError, None),
        (_provider, "INVALID_CREDENTIAL_OR_PROVIDER_ID : Invalid IdP response", UnauthenticatedError, None),
        (_provider, "FEDERATED_USER_ID_ALREADY_LINKED", AlreadyExistsError, None),
        (_provider, "USER_DISABLED", PermissionDeniedError, None),
        (_session, "INVALID_ID_TOKEN", UnauthenticatedError, "id_token"),
        (_session, "TOKEN_EXPIRED", UnauthenticatedError, "id_token"),
        (_session, "CREDENTIAL_TOO_OLD_LOGIN_AGAIN", UnauthenticatedError, "id_token"),
        (_session, "USER_DISABLED", PermissionDeniedError, None),
        (_reset, "INVALID_EMAIL", InvalidArgumentError, "email"),
        (_sign_in, "SOMETHING_NEW", InternalError, None),
        (_session, "INSUFFICIENT_PERMISSION", InternalError, None),
    ],
)
async def test_a_refusal_is_told_by_what_the_person_can_do(
    server: WireServer, toolkit: IdentityToolkit, doing: Doing, reason: str, error: type[SynapseError], field: str | None
) -> None:
    server.will_reply(refused(reason))

    with pytest.raises(error) as refusal:
        await doing(toolkit)

    assert (type(refusal.value), refusal.value.field) == (error, field)


@pytest.mark.parametrize(
    "reason", ["EMAIL_NOT_FOUND", "USER_DISABLED", "RESET_PASSWORD_EXCEED_LIMIT", "TOO_MANY_ATTEMPTS_TRY_LATER"]
)
async def test_what_would_tell_that_an_address_is_known_is_kept_silent(
    server: WireServer, toolkit: IdentityToolkit, reason: str
) -> None:
    server.will_reply(refused(reason))

    assert await _reset(toolkit) is None


@pytest.mark.parametrize("doing", [_sign_in, _reset])
@pytest.mark.parametrize(
    "reply",
    [
        refused("INTERNAL", 500),
        refused("", 503),
        Reply((b"<html>Bad gateway</html>",), 502, content_type="text/html"),
        Reply((b"{",), ending="cut"),
        Reply((b"\xff",), content_type="application/json"),
    ],
    ids=["500", "503", "502", "cut", "garbled"],
)
async def test_a_toolkit_that_does_not_answer_is_unavailable(
    server: WireServer, toolkit: IdentityToolkit, doing: Doing, reply: Reply
) -> None:
    server.will_reply(reply)

    with pytest.raises(UnavailableError):
        await doing(toolkit)


@pytest.mark.parametrize("doing", [_session, _revoke])
async def test_a_server_that_does_not_answer_firebase_admin_is_unavailable(
    server: WireServer, toolkit: IdentityToolkit, doing: Doing
) -> None:
    server.answer = lambda _: Reply((b"<html>Bad gateway</html>",), 502, content_type="text/html")

    with pytest.raises(UnavailableError):
        await doing(toolkit)


async def test_what_a_failing_server_repeats_of_a_token_does_not_reach_the_log(
    server: WireServer, toolkit: IdentityToolkit, lines: StringIO
) -> None:
    server.answer = lambda _: Reply((b"<html>Bad gateway for id-token</html>",), 502, content_type="text/html")

    assert isinstance(await attempt(toolkit.create_session("id-token", timedelta(hours=1))), UnavailableError)

    assert lines.getvalue()
    assert "id-token" not in lines.getvalue()


async def test_nobody_listening_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", "127.0.0.1:1")
    async with open_client("key", "127.0.0.1:1") as http:
        toolkit = IdentityToolkit(http, open_app(f"demo-{new_id()}"))
        for doing in (_sign_in, _session):
            with pytest.raises(UnavailableError):
                await doing(toolkit)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"needConfirmation": True, "email": "ada@example.com"}, AlreadyExistsError),
        ({"mfaPendingCredential": "x", "localId": "ada"}, FailedPreconditionError),
    ],
)
async def test_a_sign_in_without_a_token_says_what_is_missing(
    server: WireServer, toolkit: IdentityToolkit, answer: dict[str, object], error: type[SynapseError]
) -> None:
    server.will_reply(json_reply(answer))

    with pytest.raises(error):
        await _provider(toolkit)


async def test_a_wrong_key_is_said_to_be_the_environments_fault(server: WireServer, toolkit: IdentityToolkit) -> None:
    server.will_reply(refused("API key not valid. Please pass a valid API key."))

    with pytest.raises(InternalError, match="FIREBASE_API_KEY"):
        await _sign_in(toolkit)


async def test_the_providers_token_goes_as_a_form_and_the_key_in_a_header(server: WireServer, toolkit: IdentityToolkit) -> None:
    server.will_reply(json_reply({"localId": "ada", "idToken": "token"}))

    await _provider(toolkit)

    [request] = server.requests
    assert request.body["postBody"] == "access_token=gho_secret&providerId=github.com"
    assert request.path == "/identitytoolkit.googleapis.com/v1/accounts:signInWithIdp"
    assert request.headers["x-goog-api-key"] == "key"


@pytest.mark.parametrize("reply", [refused("SOMETHING_NEW"), refused("INTERNAL", 500), Reply((b"{",), ending="cut")])
async def test_no_password_and_no_address_reaches_the_log(
    server: WireServer, toolkit: IdentityToolkit, lines: StringIO, reply: Reply
) -> None:
    server.will_reply(reply)

    assert isinstance(await attempt(_sign_in(toolkit)), SynapseError)

    assert lines.getvalue()
    assert [word for word in (SECRET, EMAIL) if word in lines.getvalue()] == []
