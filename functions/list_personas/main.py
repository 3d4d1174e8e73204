"""Lists the personas to choose from: the product's, which no store is asked for, and the caller's own, a page at a time."""

from shared.domain.base import Page, PageRequest
from shared.domain.personas import PERSONAS
from shared.domain.prompt_view import PersonaView
from shared.ports.prompts import Personas
from shared.runtime.functions import Call, callable_function


@callable_function
async def list_personas(page: PageRequest, call: Call, *, personas: Personas) -> Page[PersonaView]:
    """Own ones newest first; before them, on the first page and beside its size, the product's as they are worth showing."""
    found = await personas.list(call.uid, page)
    system = () if page.cursor else tuple(PersonaView.of_system(persona) for persona in PERSONAS.values())
    own = tuple(PersonaView.of(persona) for persona in found.items)
    return Page(items=system + own, next_cursor=found.next_cursor)
