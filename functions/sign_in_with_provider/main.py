"""Opens a session for somebody whom Google or GitHub knows; at the first time that also makes them a user."""

from pydantic import Field

from shared.core.errors import InvalidArgumentError
from shared.domain.base import Model
from shared.ports.identity import Credential, Provider
from shared.runtime.functions import callable_function
from shared.services.sessions import Session, Sessions


class SignInWithProvider(Model):
    """The provider's token, one of the two; GitHub gives an access token alone."""

    provider: Provider
    id_token: str | None = Field(default=None, min_length=1, max_length=8192)
    access_token: str | None = Field(default=None, min_length=1, max_length=8192)


@callable_function
async def sign_in_with_provider(wanted: SignInWithProvider, *, sessions: Sessions) -> Session:
    """The new session. Who signs in for the first time has no username until they register."""
    if wanted.provider is Provider.GITHUB and wanted.id_token is not None:
        raise InvalidArgumentError("GitHub gives no ID token; send its access_token.", field="id_token")
    if (wanted.id_token is None) is (wanted.access_token is None):
        raise InvalidArgumentError("Send the provider's id_token or its access_token, one of the two.", field="access_token")
    credential = Credential(wanted.provider, wanted.id_token, wanted.access_token)
    return await sessions.open(await sessions.enter_with_provider(credential))
