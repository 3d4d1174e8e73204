"""A person's own key at a provider of models: kept sealed, bound to its owner and to the address that it may be sent to."""

from datetime import datetime
from typing import Self

from pydantic import ConfigDict

from shared.core.ids import derived_id, digest
from shared.domain.base import Model, Record

# Keys of providers have 30 characters and more; of a shorter secret, four would give too much away.
_SHORTEST_WITH_HINT = 24
_HINT_CHARACTERS = 4


class Sealed(Model):
    """A secret under a data key of its own, which lies beside it, wrapped by the key that `wrapping_key` names."""

    # Firestore stores bytes as they are; JSON, such as a stored example, has them in base64.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    ciphertext: bytes
    nonce: bytes
    wrapped_key: bytes
    wrapping_key: str


class ProviderKey(Record):
    """Stored under `provider_key_id`; `key_id` is the name that its owner gave it in the route."""

    # As Sealed's own, since a model serialises its parts by its own configuration.
    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_bytes="base64", val_json_bytes="base64")

    id: str
    key_id: str
    owner_id: str
    name: str
    base_url: str
    hint: str = ""
    sealed: Sealed
    created_at: datetime
    updated_at: datetime


class ProviderKeyView(Model):
    """A key as its owner sees it: everything but the key."""

    id: str
    name: str
    base_url: str
    hint: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, key: ProviderKey) -> Self:
        """The view of a stored key, under the id that its owner gave it."""
        known = key.model_dump(include=set(cls.model_fields) - {"id"})
        return cls(id=key.key_id, **known)


def provider_key_id(owner_id: str, key_id: str) -> str:
    """The document's id: two owners may name their keys alike."""
    return derived_id("provider-key", owner_id, key_id)


def seal_context(owner_id: str, key_id: str, base_url: str) -> str:
    """What a sealed key is bound to: copied to another owner, or sent to another address, it does not open."""
    return digest("provider-key", owner_id, key_id, base_url)


def hint_of(api_key: str) -> str:
    """The key's last characters, by which its owner knows it again; nothing of a short one."""
    return api_key[-_HINT_CHARACTERS:] if len(api_key) >= _SHORTEST_WITH_HINT else ""
