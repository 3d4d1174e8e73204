"""Registers a person: a user of Firebase Auth, an account, and a username that is theirs alone.

Whatever it was interrupted at, the same call again goes on from there: a user who was added proves by the password who they are,
and whoever has no username yet is not registered yet.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from shared.core.clock import Clock
from shared.core.errors import AlreadyExistsError, InvalidArgumentError, SynapseError, UnauthenticatedError
from shared.core.log import logger
from shared.domain.account import Account, DisplayName, EmailAddress, Username, folded
from shared.domain.base import Model
from shared.domain.profile import Profile
from shared.ports.identity import Accounts, Directory
from shared.runtime.functions import Call, callable_function
from shared.services.sessions import Sessions


class RegisterUser(Model):
    """Who signs up; a caller who is signed in leaves out e-mail address and password."""

    email: EmailAddress | None = None
    password: Annotated[str, Field(min_length=8, max_length=128)] | None = None
    username: Username
    display_name: DisplayName = ""
    accept_terms: Literal[True]


@dataclass(frozen=True)
class _Person:
    """Who registers; `id_token` is empty for a caller who was signed in already, `is_new` says that this call added the user."""

    uid: str
    email: str | None
    email_verified: bool = False
    id_token: str = ""
    is_new: bool = False


@callable_function
async def register_user(
    wanted: RegisterUser, call: Call, *, directory: Directory, accounts: Accounts, sessions: Sessions, clock: Clock
) -> Profile:
    """The new profile; a mail asks to verify the address, unless the caller was signed in, whose page asks itself."""
    person = await _person(wanted, call, directory, sessions)
    try:
        account = await _registered(wanted, person, accounts, clock())
    except AlreadyExistsError:
        # Another call of the same person may have registered the user meanwhile.
        if person.is_new and await accounts.get(person.uid) is None:
            await directory.delete_user(person.id_token)
        raise
    if person.id_token and not person.email_verified:
        await _ask_to_verify(person, directory)
    return Profile.of(account, person.email, email_verified=person.email_verified)


async def _person(wanted: RegisterUser, call: Call, directory: Directory, sessions: Sessions) -> _Person:
    if call.uid:
        if wanted.email is not None or wanted.password is not None:
            raise InvalidArgumentError("You are signed in; leave out email and password.", field="email")
        return _Person(call.uid, call.email, call.email_verified)
    if wanted.email is None or wanted.password is None:
        missing = "email" if wanted.email is None else "password"
        raise InvalidArgumentError(f"{missing} is required of who is not signed in.", field=missing)
    try:
        signed = await directory.sign_up(wanted.email, wanted.password)
    except AlreadyExistsError as error:
        return await _returning(wanted.email, wanted.password, sessions, error)
    return _Person(signed.uid, signed.email, id_token=signed.id_token, is_new=True)


async def _returning(email: str, password: str, sessions: Sessions, known: AlreadyExistsError) -> _Person:
    """Who signed up before and can prove it; to anybody else the address is just taken."""
    try:
        entrance = await sessions.enter_with_password(email, password)
    except UnauthenticatedError:
        raise known from None
    caller = entrance.caller
    return _Person(caller.uid, caller.email, caller.email_verified, entrance.id_token)


async def _registered(wanted: RegisterUser, person: _Person, accounts: Accounts, now: datetime) -> Account:
    """The account with its username. Raises AlreadyExistsError naming the username, or the e-mail address of who has another."""
    read = await accounts.load(person.uid)
    chosen = {"username": wanted.username, "display_name": wanted.display_name, "email": person.email}
    made = {**chosen, "terms_accepted_at": now, "created_at": now, "updated_at": now}
    if read is None:
        return await accounts.create(Account(id=person.uid, **made))
    if read.value.username is None:
        account = read.value.model_copy(update=made)
        await accounts.update(read, account)
        return account
    if folded(read.value.username) != folded(wanted.username):
        raise AlreadyExistsError("This e-mail address is registered already.", field="email")
    return read.value


async def _ask_to_verify(person: _Person, directory: Directory) -> None:
    try:
        await directory.send_verification(person.id_token)
    except SynapseError as error:
        # The person is registered, and can ask for another mail from any page.
        logger.warning("a verification mail was not sent", extra={"uid": person.uid}, exc_info=error)
