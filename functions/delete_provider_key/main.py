"""Forgets one of the caller's own provider keys; bots that use it say so at their next turn."""

from shared.core.errors import NotFoundError
from shared.domain.base import Id, Model
from shared.ports.vault import ProviderKeys
from shared.runtime.functions import Call, callable_function


class DeleteProviderKey(Model):
    """Which key."""

    key_id: Id


class DeletedProviderKey(Model):
    """The id, which is free again."""

    key_id: str


@callable_function
async def delete_provider_key(wanted: DeleteProviderKey, call: Call, *, keys: ProviderKeys) -> DeletedProviderKey:
    """What was removed, nothing of it being kept."""
    if not await keys.delete(wanted.key_id, call.uid):
        raise NotFoundError("There is no such provider key.", field="key_id")
    return DeletedProviderKey(key_id=wanted.key_id)
