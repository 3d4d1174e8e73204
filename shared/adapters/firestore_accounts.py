"""Users in Firestore: a username is claimed by a document of its own, so that of many who want it one gets it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from google.api_core.exceptions import AlreadyExists, FailedPrecondition, NotFound
from google.cloud.firestore import AsyncClient, AsyncDocumentReference

from shared.adapters import firestore_queries as queries
from shared.adapters.firestore_client import SCHEMA, Snapshot, fields, if_unchanged, loaded, place_of_user, reference, stands
from shared.adapters.google_errors import translated
from shared.core.errors import AlreadyExistsError, ConflictError, SynapseError
from shared.domain.account import Account, UsernameClaim, folded
from shared.domain.device import MAX_DEVICES, Device
from shared.ports.store import Versioned


class FirestoreAccounts:
    """`users/{uid}`, the uid quoted as in a URL, `usernames/{folded username}` and `devices/{device_id}`."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @translated
    async def get(self, uid: str) -> Account | None:
        """As the port says: one read."""
        return loaded(Account, await self._user(uid).get())

    @translated
    async def load(self, uid: str) -> Versioned[Account] | None:
        """As the port says: one read; the version is the document's update time."""
        snapshot = await self._user(uid).get()
        account = loaded(Account, snapshot)
        return Versioned(account, snapshot.update_time) if account else None

    @translated
    async def create(self, account: Account) -> Account:
        """As the port says: two writes, and two reads where something stands already."""
        batch = self._client.batch()
        batch.create(self._user(account.id), fields(account))
        if name := folded(account.username):
            batch.create(self._claim(name), fields(UsernameClaim(id=name, owner_id=account.id)))
        try:
            await batch.commit()
        except AlreadyExists as error:
            # The library repeats a commit whose answer was lost, and so does a person who presses the button twice.
            if await self._is_anothers(name, account.id):
                raise _taken() from error
            stored = await self.get(account.id)
            if stored is None or folded(stored.username) != name:
                raise AlreadyExistsError("This account is registered already.") from error
            return stored
        return account

    @translated
    async def update(self, read: Versioned[Account], account: Account) -> None:
        """As the port says: one write, and two more for another username."""
        batch, before, after = self._client.batch(), folded(read.value.username), folded(account.username)
        batch.update(self._user(account.id), fields(account), option=if_unchanged(self._client, read.version))
        if after and after != before:
            batch.create(self._claim(after), fields(UsernameClaim(id=after, owner_id=account.id)))
        if before and after != before:
            batch.delete(self._claim(before))
        try:
            await batch.commit()
        except (AlreadyExists, FailedPrecondition, NotFound) as error:
            # The library repeats a commit whose answer was lost, and the repetition meets what the first one has written.
            if not await stands(self._user(account.id), account):
                raise await self._refusal(account) from error

    @translated
    async def sign_out(self, uid: str, at: datetime) -> None:
        """As the port says: one write."""
        await self._user(uid).set({**SCHEMA, "id": uid, "signed_out_at": at}, merge=True)

    @translated
    async def touch(self, uid: str, at: datetime) -> None:
        """As the port says: one write, which Firestore refuses where there is no account."""
        try:
            await self._user(uid).update({"last_active_at": at})
        except NotFound:
            return

    @translated
    async def add_device(self, device: Device) -> None:
        """As the port says: one write, and a read a device; whoever comes last of several at once sees all of them."""
        await reference(self._client, "devices", device.id).set(fields(device))
        await self._forget((await self._devices(device.owner_id))[MAX_DEVICES:])

    @translated
    async def remove_device(self, uid: str, device_id: str) -> None:
        """As the port says: one read and one write."""
        found = await reference(self._client, "devices", device_id).get()
        if found.exists and found.get("owner_id") == uid:
            await self._forget([found])

    @translated
    async def remove_devices(self, uid: str) -> None:
        """As the port says: a read and a write a device."""
        await self._forget(await self._devices(uid))

    @translated
    async def devices(self, uid: str) -> Sequence[Device]:
        """As the port says: a read a device."""
        return [Device.stored(snapshot.to_dict()) for snapshot in await self._devices(uid)]

    async def _devices(self, uid: str) -> list[Snapshot]:
        return [snapshot async for snapshot in queries.devices(self._client, uid).stream()]

    async def _forget(self, devices: Sequence[Snapshot]) -> None:
        """Each only as it was read: by now it may be another person's."""
        await asyncio.gather(*(self._forget_one(device) for device in devices))

    async def _forget_one(self, device: Snapshot) -> None:
        try:
            await device.reference.delete(option=if_unchanged(self._client, device.update_time))
        except (FailedPrecondition, NotFound):
            return

    async def _refusal(self, account: Account) -> SynapseError:
        if await self._is_anothers(folded(account.username), account.id):
            return _taken()
        return ConflictError("The account has changed since it was read.")

    async def _is_anothers(self, name: str | None, uid: str) -> bool:
        claim = loaded(UsernameClaim, await self._claim(name).get()) if name else None
        return claim is not None and claim.owner_id != uid

    def _user(self, uid: str) -> AsyncDocumentReference:
        return place_of_user(self._client, "users", uid)

    def _claim(self, name: str) -> AsyncDocumentReference:
        # A username may hold dots, which `is_id` refuses; alone they cannot stand, so Firestore takes every one.
        return self._client.document("usernames", name)


def _taken() -> AlreadyExistsError:
    return AlreadyExistsError("This username is taken; choose another one.", field="username")
