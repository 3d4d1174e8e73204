"""What a bot's configuration may name: personas, models, keys and agent kinds that exist and that this caller may use."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from shared.core.errors import InvalidArgumentError
from shared.domain.bot import AgentKind, BotDraft
from shared.ports.prompts import Personas
from shared.ports.vault import ProviderKeys
from shared.services.personas import find_persona

# Whatever has a colon or begins with two slashes may be an address. A page puts the icon into an attribute, where javascript: and
# data: would act, and a plain http: image would tell a network's every listener who reads; `:whale:` is how chats write an emoji.
_SAFE_ICON = re.compile(r"(?!\s*[/\\]{2})[^:]*|:[\w+-]+:|https://[^\s\"'<>]+")


@dataclass(frozen=True)
class Drafts:
    """Checks a configuration before it is saved, whether it is new, changed or restored."""

    personas: Personas
    keys: ProviderKeys

    async def check(self, draft: BotDraft, owner_id: str, find_model: Callable[[str], object]) -> None:
        """Raises InvalidArgumentError naming the field of what cannot be used, and what `find_model` raises of an unknown one."""
        if draft.agent_kind is AgentKind.REACT or draft.tools:
            # Stored configurations know them already, so that no version has to change when they are served.
            field = "agent_kind" if draft.agent_kind is AgentKind.REACT else "tools"
            raise InvalidArgumentError("Bots with tools are not served yet; choose the agent kind rag or chat.", field=field)
        if not _SAFE_ICON.fullmatch(draft.icon):
            raise InvalidArgumentError("icon must be a character, a name or an https:// address.", field="icon")
        await self._check_persona(draft.persona_id, owner_id)
        await self._check_model(draft, owner_id, find_model)

    async def _check_persona(self, persona_id: str | None, owner_id: str) -> None:
        if persona_id and await find_persona(persona_id, owner_id, self.personas) is None:
            raise InvalidArgumentError(f"There is no persona {persona_id}; list_personas names them.", field="persona_id")

    async def _check_model(self, draft: BotDraft, owner_id: str, find_model: Callable[[str], object]) -> None:
        if draft.model:
            # Looked up and not opened: the model's SDK has no place in a function that only names it.
            find_model(draft.model)
        if draft.own_model is None:
            return
        if draft.model:
            raise InvalidArgumentError("Name either model or own_model: a bot has one model.", field="own_model")
        if await self.keys.get(draft.own_model.key_id, owner_id) is None:
            message = f"You have no provider key {draft.own_model.key_id}; list_provider_keys names yours."
            raise InvalidArgumentError(message, field="own_model")
