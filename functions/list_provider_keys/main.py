"""Lists the caller's own provider keys, a page at a time, without the keys themselves."""

from shared.domain.base import Page, PageRequest
from shared.domain.provider_key import ProviderKeyView
from shared.ports.vault import ProviderKeys
from shared.runtime.functions import Call, callable_function


@callable_function
async def list_provider_keys(page: PageRequest, call: Call, *, keys: ProviderKeys) -> Page[ProviderKeyView]:
    """Newest first."""
    found = await keys.list(call.uid, page)
    return Page(items=tuple(ProviderKeyView.of(key) for key in found.items), next_cursor=found.next_cursor)
