"""What was said before a turn: from the conversation's tail where that holds it, else from parent to parent."""

from shared.core.ids import conversation_of, is_id
from shared.domain.conversation import TAIL_MESSAGES, Conversation, Message, Turn, exchange_of
from shared.ports.store import Turns

_TITLE_CHARACTERS = 60
# As many turns as a tail holds: one read each, one after another.
_MOST_TURNS = TAIL_MESSAGES // 2


async def path_to(turns: Turns, conversation: Conversation, turn_id: str | None) -> tuple[Message, ...] | None:
    """The messages up to this turn, the newest TAIL_MESSAGES of them; None where the conversation has no such turn."""
    known = conversation.path_to(turn_id)
    if known is not None:
        return known
    said: tuple[Message, ...] = ()
    is_found = False
    for _ in range(_MOST_TURNS):
        turn = await _turn_of(turns, conversation, turn_id)
        if turn is None:
            break
        is_found, turn_id, said = True, turn.parent_turn_id, (*exchange_of(turn), *said)
    return said if is_found else None


def title_of(question: str) -> str:
    """A conversation's title from its first question: one line, cut between words."""
    line = " ".join(question.split())
    if len(line) <= _TITLE_CHARACTERS:
        return line
    cut = line[:_TITLE_CHARACTERS]
    return (cut.rsplit(" ", 1)[0] if " " in cut[_TITLE_CHARACTERS // 2 :] else cut) + "…"


async def _turn_of(turns: Turns, conversation: Conversation, turn_id: str | None) -> Turn | None:
    # Another conversation's turn is no part of this one's path, whoever owns it.
    if turn_id is None or not is_id(turn_id) or conversation_of(turn_id) != conversation.id:
        return None
    read = await turns.load(turn_id)
    return read.value if read and read.value.owner_id == conversation.owner_id else None
