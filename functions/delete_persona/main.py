"""Forgets one of the caller's own personas; a bot that names it goes on with its own instructions alone."""

from shared.core.errors import NotFoundError
from shared.domain.base import Id, Model
from shared.ports.prompts import Personas
from shared.runtime.functions import Call, callable_function


class DeletePersona(Model):
    """Which of the caller's own personas."""

    persona_id: Id


class DeletedPersona(Model):
    """The id, which is free again."""

    persona_id: str


@callable_function
async def delete_persona(wanted: DeletePersona, call: Call, *, personas: Personas) -> DeletedPersona:
    """What was removed, nothing of it being kept."""
    if await personas.get(wanted.persona_id, call.uid) is None:
        raise NotFoundError("You have no such persona.", field="persona_id")
    await personas.delete(wanted.persona_id, call.uid)
    return DeletedPersona(persona_id=wanted.persona_id)
