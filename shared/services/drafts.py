"""What a bot's configuration may name: personas, models and agent kinds that exist and that this caller may use."""

from collections.abc import Callable

from shared.core.errors import InvalidArgumentError
from shared.domain.bot import AgentKind, BotDraft
from shared.domain.personas import PERSONAS


def check_draft(draft: BotDraft, find_model: Callable[[str], object]) -> None:
    """Raises InvalidArgumentError naming the field of what cannot be used, and what `find_model` raises for an unknown one."""
    if draft.agent_kind is AgentKind.REACT or draft.tools:
        # Stored configurations know them already, so that no version has to change when they are served.
        field = "agent_kind" if draft.agent_kind is AgentKind.REACT else "tools"
        raise InvalidArgumentError("Bots with tools are not served yet; choose the agent kind rag or chat.", field=field)
    if draft.persona_id and draft.persona_id not in PERSONAS:
        raise InvalidArgumentError(f"There is no persona {draft.persona_id}; list_personas names them.", field="persona_id")
    if draft.model:
        # Looked up and not opened: the model's SDK has no place in a function that only names it.
        find_model(draft.model)
