"""Opens a session for a client that is no page with the Firebase SDK."""

from pydantic import Field

from shared.core.errors import InvalidArgumentError
from shared.domain.account import EmailAddress
from shared.domain.base import Model
from shared.runtime.functions import callable_function
from shared.services.sessions import Entrance, Session, Sessions


class SignInRequest(Model):
    """One way to say who one is: the ID token of a fresh sign-in, or e-mail address and password."""

    id_token: str | None = Field(default=None, min_length=1, max_length=8192)
    email: EmailAddress | None = None
    password: str | None = Field(default=None, min_length=1, max_length=4096)


@callable_function
async def sign_in(wanted: SignInRequest, *, sessions: Sessions) -> Session:
    """The new session. An unknown address and a wrong password are refused in the same words."""
    return await sessions.open(await _enter(wanted, sessions))


async def _enter(wanted: SignInRequest, sessions: Sessions) -> Entrance:
    if wanted.id_token is not None:
        if wanted.email is not None or wanted.password is not None:
            raise InvalidArgumentError("Send id_token, or email and password, not both.", field="id_token")
        return await sessions.enter_with_token(wanted.id_token)
    if wanted.email is None or wanted.password is None:
        missing = "email" if wanted.email is None else "password"
        raise InvalidArgumentError("Send id_token, or email and password.", field=missing)
    return await sessions.enter_with_password(wanted.email, wanted.password)
