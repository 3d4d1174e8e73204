"""A persona by its id: one that the product brings, or one of the person's own."""

from shared.domain.personas import PERSONAS, Persona
from shared.ports.prompts import Personas


async def find_persona(persona_id: str, owner_id: str, personas: Personas) -> Persona | None:
    """The persona, at one read for an own one and at none for the product's; None where there is no such persona."""
    if persona := PERSONAS.get(persona_id):
        return persona
    own = await personas.get(persona_id, owner_id)
    return Persona(id=persona_id, **own.configuration.model_dump()) if own else None
