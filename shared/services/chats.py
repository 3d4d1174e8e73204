"""Begins a turn: settles who talks to whom, chooses the model, and hands on a turn that is ready to be entered."""

from dataclasses import dataclass

from shared.agent.answer import Speaker
from shared.agent.prompts import Asked, Instructions
from shared.core.clock import Clock
from shared.core.errors import NotFoundError
from shared.core.ids import new_id, new_turn_id
from shared.core.settings import Settings
from shared.domain.bot import AgentKind, Bot, GenerationSettings
from shared.domain.conversation import Turn, TurnStatus, usage_of
from shared.ports.models import ChatModel, ChatModels, OwnModels
from shared.ports.prompts import Personas
from shared.ports.store import Turns, Versioned
from shared.services.ceiling import DailyCeiling
from shared.services.keeping import Upkeep
from shared.services.personas import find_persona
from shared.services.scenes import Scene, Scenes, Wanted
from shared.services.turns import LiveTurn


@dataclass(frozen=True)
class Chats:
    """Everything that a turn needs beside the knowledge."""

    turns: Turns
    scenes: Scenes
    models: ChatModels
    own_models: OwnModels
    personas: Personas
    ceiling: DailyCeiling
    clock: Clock
    settings: Settings

    async def begin(self, wanted: Wanted) -> LiveTurn:
        """The turn, not stored yet: entering it reserves it. Raises as `Scenes.of_new`, the models and `prompts.room_for`."""
        scene = await self.scenes.of_new(wanted)
        speaker = await self._speaker(scene)
        return LiveTurn(scene, speaker, self._opening(wanted, scene, speaker), self._upkeep)

    async def take(self, read: Versioned[Turn]) -> LiveTurn:
        """The turn that was interrupted, to be asked again; not taken yet: entering it does. Raises as `begin`, but NotFoundError
        for what is gone.
        """
        scene = await self.scenes.of_taken(read.value)
        speaker, now = await self._speaker(scene), self.clock()
        again = {
            "status": TurnStatus.RUNNING,
            "model": speaker.model.spec.name,
            "error": None,
            "holder": new_id(),
            "attempt": read.value.attempt + 1,
            "lease_until": now + self._upkeep.lease,
            "stop_requested_at": None,
            "charged_tokens": usage_of(read.value.calls).total,
            "reserved_tokens": speaker.likely_tokens(Asked(read.value.question, scene.path)),
            "reserved_at": now,
            "updated_at": now,
        }
        return LiveTurn(scene, speaker, read.value.model_copy(update=again), self._upkeep, read)

    @property
    def _upkeep(self) -> Upkeep:
        own = self.settings
        return Upkeep(self.turns, self.ceiling, self.clock, own.stream_checkpoint_seconds, own.turn_retention_days)

    def _opening(self, wanted: Wanted, scene: Scene, speaker: Speaker) -> Turn:
        conversation, bot, now = scene.conversation, scene.bot, self.clock()
        return Turn(
            id=new_turn_id(conversation.id, wanted.new_id("turn")),
            conversation_id=conversation.id,
            parent_turn_id=scene.parent_turn_id,
            is_branch=scene.is_branch,
            owner_id=conversation.owner_id,
            bot_id=bot.id if bot else None,
            bot_version=bot.version if bot else None,
            bot_owner_id=bot.owner_id if bot else conversation.owner_id,
            link=conversation.link,
            persona_id=bot.configuration.persona_id if bot else conversation.persona_id,
            model=speaker.model.spec.name,
            question=wanted.message,
            fingerprint=wanted.fingerprint,
            reserved_tokens=speaker.likely_tokens(Asked(wanted.message, scene.path)),
            holder=new_id(),
            lease_until=now + self._upkeep.lease,
            created_at=now,
            updated_at=now,
            expire_at=self._upkeep.expiry(now),
        )

    async def _speaker(self, scene: Scene) -> Speaker:
        bot, conversation = scene.bot, scene.conversation
        if bot is None:
            written = await self._persona(conversation.persona_id, conversation.owner_id)
            if written is None:
                raise NotFoundError("There is no such persona.", field="persona_id")
            instructions = Instructions(AgentKind.CHAT, persona=written)
            return Speaker(instructions, self.models.get(self.settings.chat_model), GenerationSettings())
        draft = bot.configuration
        # A persona that a bot names and that was taken away leaves the bot's own instructions, which still make sense alone.
        written = await self._persona(draft.persona_id, bot.owner_id)
        instructions = Instructions(draft.agent_kind, persona=written or "", bot=draft.instructions)
        return Speaker(instructions, await self._model(bot), draft.generation, bot)

    async def _persona(self, persona_id: str | None, owner_id: str) -> str | None:
        persona = await find_persona(persona_id, owner_id, self.personas) if persona_id else None
        return persona.instructions if persona else None

    async def _model(self, bot: Bot) -> ChatModel:
        draft = bot.configuration
        if draft.own_model:
            return await self.own_models.get(draft.own_model.key_id, bot.owner_id, draft.own_model.model)
        return self.models.get(draft.model or self.settings.chat_model)
