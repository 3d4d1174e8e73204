"""Keeps the caller's own key for a provider of models: sealed, bound to the caller and the address, and never shown again."""

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, SecretStr

from shared.core.clock import Clock
from shared.core.settings import Settings
from shared.domain.addresses import base_url
from shared.domain.base import Id, Model, Name
from shared.domain.plan import plan_of
from shared.domain.provider_key import ProviderKey, ProviderKeyView, hint_of, provider_key_id, seal_context
from shared.ports.vault import ProviderKeys, Vault
from shared.runtime.functions import Call, callable_function


def _fits_a_header(key: SecretStr) -> SecretStr:
    secret = key.get_secret_value()
    if not (secret.isascii() and secret.isprintable() and " " not in secret):
        raise ValueError("must be printable ASCII without spaces")
    return key


class SaveProviderKey(Model):
    """A key and where it may be sent; saved again under the same id, all of it is replaced."""

    # pydantic's errors repeat what was given, the key included.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    key_id: Id
    name: Name
    base_url: str = Field(min_length=1, max_length=500)
    api_key: Annotated[SecretStr, Field(min_length=1, max_length=500), AfterValidator(_fits_a_header)]


@callable_function
async def save_provider_key(
    draft: SaveProviderKey, call: Call, *, keys: ProviderKeys, vault: Vault, clock: Clock, settings: Settings
) -> ProviderKeyView:
    """What was saved, without the key. An address that is not public is an error that names base_url."""
    address = base_url(draft.base_url, allow_private=settings.allow_private_providers)
    secret, now = draft.api_key.get_secret_value(), clock()
    key = ProviderKey(
        id=provider_key_id(call.uid, draft.key_id),
        key_id=draft.key_id,
        owner_id=call.uid,
        name=draft.name,
        base_url=address,
        hint=hint_of(secret),
        sealed=await vault.seal(secret.encode(), seal_context(call.uid, draft.key_id, address)),
        created_at=now,
        updated_at=now,
    )
    return ProviderKeyView.of(await keys.save(key, plan_of(call.account).stock))
