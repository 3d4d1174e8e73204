"""Provider keys, their vault and the models behind them, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.core.errors import FailedPreconditionError
from shared.core.ids import new_id
from shared.domain.base import Page, PageRequest
from shared.domain.plan import Stock
from shared.domain.provider_key import ProviderKey, Sealed, provider_key_id
from shared.ports.models import ChatModel
from shared.ports.vault import Opened
from tests.memory.chat_models import ScriptedChatModel
from tests.memory.store import MemoryStore, _newest_first


class MemoryVault:
    """Keeps each secret under its seal, which holds nothing but chance; `wrapping_keys` are those it has, the newest first."""

    def __init__(self) -> None:
        self.wrapping_keys = ["first"]
        self._kept: dict[tuple[Sealed, str], bytes] = {}

    async def seal(self, plaintext: bytes, context: str) -> Sealed:
        ciphertext, nonce, wrapped = (new_id().encode() for _ in range(3))
        sealed = Sealed(ciphertext=ciphertext, nonce=nonce, wrapped_key=wrapped, wrapping_key=self.wrapping_keys[0])
        self._kept[sealed, context] = plaintext
        return sealed

    async def open(self, sealed: Sealed, context: str) -> Opened:
        if sealed.wrapping_key not in self.wrapping_keys or (sealed, context) not in self._kept:
            raise FailedPreconditionError("The stored secret cannot be opened any more; enter it again.")
        return Opened(self._kept[sealed, context], is_current=sealed.wrapping_key == self.wrapping_keys[0])

    def rotate(self, key: str) -> None:
        """A newer key; the ones before still open."""
        self.wrapping_keys.insert(0, key)


class MemoryProviderKeys:
    """Provider keys of a MemoryStore."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def save(self, key: ProviderKey, limits: Stock) -> ProviderKey:
        if stored := self.store.provider_keys.get(key.id):
            key = key.model_copy(update={"created_at": stored.created_at})
        else:
            self.store.add_stock(key.owner_id, Stock(provider_keys=1), limits)
        self.store.provider_keys[key.id] = key
        return key

    async def get(self, key_id: str, owner_id: str) -> ProviderKey | None:
        return self.store.provider_keys.get(provider_key_id(owner_id, key_id))

    async def list(self, owner_id: str, page: PageRequest) -> Page[ProviderKey]:
        own = [key for key in self.store.provider_keys.values() if key.owner_id == owner_id]
        return _newest_first(own, lambda key: key.created_at, page)

    async def reseal(self, read: ProviderKey, sealed: Sealed) -> None:
        if self.store.provider_keys.get(read.id) == read:
            self.store.provider_keys[read.id] = read.model_copy(update={"sealed": sealed})

    async def delete(self, key_id: str, owner_id: str) -> bool:
        if self.store.provider_keys.pop(provider_key_id(owner_id, key_id), None) is None:
            return False
        held = self.store.stock[owner_id]
        self.store.stock[owner_id] = held.model_copy(update={"provider_keys": held.provider_keys - 1})
        return True


@dataclass
class MemoryOwnModels:
    """Every model of an owner's key is the one given; `keys` are pairs of owner and key id, and `asked` is what was wanted."""

    model: ChatModel = field(default_factory=lambda: ScriptedChatModel(["From my own model."]))
    keys: Sequence[tuple[str, str]] = (("alice", "key"),)
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    async def get(self, key_id: str, owner_id: str, model: str) -> ChatModel:
        self.asked.append((key_id, owner_id, model))
        if (owner_id, key_id) not in self.keys:
            raise FailedPreconditionError(
                "The bot's owner has no such provider key; save it, or choose another model.", field="own_model"
            )
        return self.model
