"""Lists the personas to choose from; they come with the product, so no store is asked."""

from shared.domain.base import Model
from shared.domain.personas import PERSONAS
from shared.runtime.functions import callable_function


class PersonaView(Model):
    """A persona as people see it; its instructions stay with the backend."""

    id: str
    name: str
    description: str
    keywords: tuple[str, ...]


class Personas(Model):
    """All of them: they are few, so there are no pages."""

    items: tuple[PersonaView, ...]


@callable_function
async def list_personas() -> Personas:
    """In the order in which they are worth showing."""
    shown = [persona.model_dump(exclude={"instructions"}) for persona in PERSONAS.values()]
    return Personas(items=tuple(PersonaView(**fields) for fields in shown))
