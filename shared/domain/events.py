"""What a chat turn streams before its result; the names are the wire's."""

from typing import Literal

from shared.domain.base import Model
from shared.domain.conversation import Citation


class Event(Model):
    """One message of a stream; `type` tells a page which."""

    type: str


class TurnStarted(Event):
    """The turn is recorded: these ids find it again, whatever happens to the stream."""

    type: Literal["turn"] = "turn"
    conversation_id: str
    turn_id: str


class Token(Event):
    """The next piece of the answer's text as shown; citations stand in it as `[n]`."""

    type: Literal["token"] = "token"
    text: str


class CitationFound(Event):
    """A citation that the text has just named, checked against the stored chunk."""

    type: Literal["citation"] = "citation"
    citation: Citation


class Restarted(Event):
    """The answer begins anew: drop the text and citations that this stream has shown so far."""

    type: Literal["restart"] = "restart"


class UsageCounted(Event):
    """What the turn has cost in tokens."""

    type: Literal["usage"] = "usage"
    prompt_tokens: int
    completion_tokens: int
