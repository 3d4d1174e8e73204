"""Accounts, their usernames and devices in memory; a version is the account as it was read."""

from collections.abc import Sequence
from datetime import datetime

from shared.core.errors import AlreadyExistsError, ConflictError
from shared.domain.account import Account, folded
from shared.domain.device import MAX_DEVICES, Device
from shared.ports.store import Versioned
from tests.memory.store import MemoryStore


class MemoryAccounts:
    """Accounts of a MemoryStore."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def get(self, uid: str) -> Account | None:
        return self.store.accounts.get(uid)

    async def load(self, uid: str) -> Versioned[Account] | None:
        account = self.store.accounts.get(uid)
        return Versioned(account, account) if account else None

    async def create(self, account: Account) -> Account:
        self._require_free(account)
        stored = self.store.accounts.get(account.id)
        if stored is None:
            self._write(account)
            return account
        if folded(stored.username) != folded(account.username):
            raise AlreadyExistsError("This account is registered already.")
        return stored

    async def update(self, read: Versioned[Account], account: Account) -> None:
        stored = self.store.accounts.get(account.id)
        if stored == account:
            return
        self._require_free(account)
        if stored is None or stored != read.version:
            raise ConflictError("The account has changed since it was read.")
        self.store.usernames.pop(folded(stored.username) or "", None)
        self._write(account)

    async def sign_out(self, uid: str, at: datetime) -> None:
        stored = self.store.accounts.get(uid, Account(id=uid))
        self.store.accounts[uid] = stored.model_copy(update={"signed_out_at": at})

    async def touch(self, uid: str, at: datetime) -> None:
        if stored := self.store.accounts.get(uid):
            self.store.accounts[uid] = stored.model_copy(update={"last_active_at": at})

    async def add_device(self, device: Device) -> None:
        self.store.devices[device.id] = device
        for old in (await self.devices(device.owner_id))[MAX_DEVICES:]:
            await self.remove_device(old.owner_id, old.id)

    async def remove_device(self, uid: str, device_id: str) -> None:
        device = self.store.devices.get(device_id)
        if device and device.owner_id == uid:
            del self.store.devices[device_id]

    async def remove_devices(self, uid: str) -> None:
        for device in await self.devices(uid):
            await self.remove_device(uid, device.id)

    async def devices(self, uid: str) -> Sequence[Device]:
        own = [device for device in self.store.devices.values() if device.owner_id == uid]
        return sorted(own, key=lambda device: (device.updated_at, device.id), reverse=True)

    def _require_free(self, account: Account) -> None:
        holder = self.store.usernames.get(folded(account.username) or "", account.id)
        if holder != account.id:
            raise AlreadyExistsError("This username is taken; choose another one.", field="username")

    def _write(self, account: Account) -> None:
        self.store.accounts[account.id] = account
        if name := folded(account.username):
            self.store.usernames[name] = account.id
