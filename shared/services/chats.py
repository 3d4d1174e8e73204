"""Begins a turn: settles who talks to whom, chooses the model, and hands on a turn that is ready to be entered."""

from dataclasses import dataclass

from shared.agent.answer import Speaker
from shared.agent.prompts import Instructions
from shared.core.clock import Clock
from shared.core.settings import Settings
from shared.domain.bot import AgentKind, GenerationSettings
from shared.domain.personas import PERSONAS
from shared.ports.models import ChatModels
from shared.ports.store import Bots, Turns
from shared.services.scenes import Scene, Wanted, set_scene
from shared.services.turns import LiveTurn, Upkeep


@dataclass(frozen=True)
class Chats:
    """Everything that a turn needs beside the knowledge."""

    turns: Turns
    bots: Bots
    models: ChatModels
    clock: Clock
    settings: Settings

    async def begin(self, wanted: Wanted) -> LiveTurn:
        """The turn, not stored yet: entering it reserves it. Raises as `set_scene`, `ChatModels.get` and `prompts.room_for`."""
        scene = await set_scene(wanted, self.turns, self.bots, self.clock())
        upkeep = Upkeep(self.turns, self.clock, self.settings.stream_checkpoint_seconds, self.settings.turn_retention_days)
        return LiveTurn(scene, self._speaker(scene), wanted.message, upkeep)

    def _speaker(self, scene: Scene) -> Speaker:
        bot = scene.bot
        # A persona that a bot names and that was taken away leaves the bot's own instructions, which still make sense alone.
        persona = PERSONAS.get((bot.configuration.persona_id if bot else scene.conversation.persona_id) or "")
        written = persona.instructions if persona else ""
        if bot is None:
            model = self.models.get(self.settings.chat_model)
            return Speaker(Instructions(AgentKind.CHAT, persona=written), model, GenerationSettings())
        draft = bot.configuration
        instructions = Instructions(draft.agent_kind, persona=written, bot=draft.instructions)
        return Speaker(instructions, self.models.get(draft.model or self.settings.chat_model), draft.generation, bot)
