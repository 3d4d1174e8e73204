"""Saves one of the caller's own personas under an id of the caller's choice; equal content makes no new version."""

from shared.core.clock import Clock
from shared.core.errors import AlreadyExistsError
from shared.domain.base import Id
from shared.domain.own_persona import OwnPersona, PersonaDraft, persona_key
from shared.domain.personas import PERSONAS
from shared.domain.plan import plan_of
from shared.domain.prompt_view import PersonaView
from shared.ports.prompts import Personas
from shared.runtime.functions import Call, callable_function


class SavePersona(PersonaDraft):
    """The whole persona; saved again under the same id, all of it is replaced."""

    persona_id: Id

    @property
    def draft(self) -> PersonaDraft:
        """Without its id."""
        return PersonaDraft(**self.model_dump(exclude={"persona_id"}))


@callable_function
async def save_persona(wanted: SavePersona, call: Call, *, personas: Personas, clock: Clock) -> PersonaView:
    """What is saved now. An id of the product's is taken; If-Match guards against overwriting, "0" against any persona there."""
    if wanted.persona_id in PERSONAS:
        raise AlreadyExistsError("A persona of the product has this id; choose another.", field="persona_id")
    before = await personas.get(wanted.persona_id, call.uid)
    if before and before.configuration == wanted.draft:
        # Asked before the condition, so that a repeated call answers alike (RFC 9110, section 13.1.1).
        return PersonaView.of(before)
    call.require_version(before.version if before else 0)
    now = clock()
    persona = OwnPersona(
        id=persona_key(call.uid, wanted.persona_id),
        persona_id=wanted.persona_id,
        owner_id=call.uid,
        version=before.version + 1 if before else 1,
        configuration=wanted.draft,
        created_at=before.created_at if before else now,
        updated_at=now,
    )
    await personas.save(persona, plan_of(call.account).stock)
    return PersonaView.of(persona)
