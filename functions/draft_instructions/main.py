"""Drafts a bot's instructions from a few words about it; nothing is stored, the person edits and saves them."""

from dataclasses import dataclass

from functions.draft_instructions.models import DraftedInstructions, DraftInstructions
from shared.agent import drafting
from shared.agent.asking import size_of
from shared.agent.writing import Writer
from shared.core.clock import Clock
from shared.core.errors import NotFoundError
from shared.core.settings import Settings
from shared.domain.plan import Reservation, plan_of
from shared.ports.models import ChatModels
from shared.ports.prompts import Personas
from shared.runtime.functions import Call, callable_function
from shared.services.metering import Purse, metered
from shared.services.personas import find_persona


@dataclass(frozen=True)
class Desk:
    """What a draft is written with, and at whose expense."""

    personas: Personas
    models: ChatModels
    purse: Purse
    clock: Clock
    settings: Settings


@callable_function
async def draft_instructions(wanted: DraftInstructions, call: Call, *, desk: Desk) -> DraftedInstructions:
    """The draft, by the environment's model. Raises as `ChatModel.stream`, and ResourceExhaustedError over the plan's limits."""
    character = await _character(wanted, call.uid, desk.personas)
    wish = drafting.Wish(wanted.description, wanted.keywords, character, wanted.language)
    writer = Writer(desk.models.get(desk.settings.chat_model), drafting.GENERATION)
    if not writer.spec.follows_instructions:
        return DraftedInstructions(instructions=drafting.composed(wish), composed=True)
    prompt = drafting.prompt_for(wish)
    most_tokens = size_of(prompt) + writer.generation.max_output_tokens
    reservation = Reservation(owner_id=call.uid, at=desk.clock(), tokens=most_tokens)
    async with metered(desk.purse, reservation, plan_of(call.account).flow, lambda: writer.usage.total):
        return DraftedInstructions(instructions=drafting.tidied(await writer.write(prompt)), composed=False)


async def _character(wanted: DraftInstructions, owner_id: str, personas: Personas) -> str:
    if wanted.persona_id is None:
        return ""
    persona = await find_persona(wanted.persona_id, owner_id, personas)
    if persona is None:
        raise NotFoundError("There is no such persona.", field="persona_id")
    return persona.instructions
