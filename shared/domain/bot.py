"""A bot is a persona with instructions and knowledge; each saved configuration is a version that never changes."""

from datetime import datetime
from enum import StrEnum
from secrets import compare_digest
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from shared.core.ids import is_id
from shared.domain.base import ONE_LINE, Id, Model, Name, Record

Keyword = Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True, pattern=ONE_LINE)]
VersionNumber = Annotated[int, Field(ge=1, lt=10**9)]


class AgentKind(StrEnum):
    """`rag` answers from the bot's knowledge alone; `chat` talks freely and has no knowledge; `react` also uses tools."""

    CHAT = "chat"
    RAG = "rag"
    REACT = "react"


class Tool(StrEnum):
    """What a `react` bot may use."""

    SEARCH_KNOWLEDGE = "search_knowledge"
    QUERY_TABLES = "query_tables"
    FETCH_URL = "fetch_url"
    CALCULATE = "calculate"


class Visibility(StrEnum):
    """Who may talk to a bot: its owner, or everybody who holds its link."""

    PRIVATE = "private"
    LINK = "link"


class GenerationSettings(Model):
    """How the model writes; `max_output_tokens` is also what a turn reserves for the answer."""

    temperature: float = Field(default=0.2, ge=0, le=2)
    max_output_tokens: int = Field(default=1024, ge=16, le=8192)


class RetrievalSettings(Model):
    """How much is retrieved; `min_score` is the cosine similarity below which a passage is no evidence."""

    top_k: int = Field(default=6, ge=1, le=20)
    min_score: float = Field(default=0.2, ge=-1, le=1)


class OwnModel(Model):
    """A model at the owner's own provider, reached with a key that the owner has stored."""

    key_id: Id
    model: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class BotDraft(Model):
    """What a person decides of a bot; `own_model` takes the place of `model`."""

    name: Name
    icon: str = Field(default="", max_length=200)
    keywords: tuple[Keyword, ...] = Field(default=(), max_length=20)
    description: str = Field(default="", max_length=2000)
    # They stand in every prompt of the bot, so they are paid anew each turn: 8000 characters are some 2000 tokens.
    instructions: str = Field(default="", max_length=8000)
    persona_id: Id | None = None
    model: str | None = Field(
        default=None, max_length=100, description="A model of the registry; null: the environment's default."
    )
    own_model: OwnModel | None = None
    agent_kind: AgentKind = Field(default=AgentKind.RAG, description="`rag` or `chat`; `react` is not served yet and is refused.")
    tools: tuple[Tool, ...] = Field(
        default=(), max_length=len(Tool), description="Tools are not served yet: a list that names any is refused."
    )
    generation: GenerationSettings = GenerationSettings()
    retrieval: RetrievalSettings = RetrievalSettings()


class Bot(Record):
    """The bot's head: the current version's configuration whole, so that a chat turn reads one document.

    Visibility belongs to the bot and not to a version: to restore an old configuration must not share anything again. `link` is
    the secret half of the link, kept while the bot is private so that sharing it again brings the same link back.
    """

    id: str
    owner_id: str
    version: int = 1
    configuration: BotDraft
    visibility: Visibility = Visibility.PRIVATE
    link: str | None = None
    deleted_at: datetime | None = None
    created_at: datetime
    updated_at: datetime

    def opened_by(self, link: str | None) -> bool:
        """Whether the link's secret half opens it now."""
        is_shared = self.visibility is Visibility.LINK and self.deleted_at is None and self.link and link
        return bool(is_shared and compare_digest(str(self.link).encode(), str(link).encode()))

    def answers(self, caller_id: str, link: str | None) -> bool:
        """Whether the caller may ask it now: its owner, or, where a link is named, whoever holds one that opens it."""
        if link is not None:
            return self.opened_by(link)
        return self.owner_id == caller_id and self.deleted_at is None

    @property
    def shown_link(self) -> str | None:
        """What its owner hands out, `{id}.{secret}`; None while it is private."""
        return f"{self.id}.{self.link}" if self.visibility is Visibility.LINK and self.link else None

    def configured(self, draft: BotDraft, now: datetime) -> "Bot":
        """The bot at its next version; as it is where that would repeat the current one."""
        if draft == self.configuration:
            return self
        return self.model_copy(update={"configuration": draft, "version": self.version + 1, "updated_at": now})

    def shared_as(self, visibility: Visibility, link: str | None, now: datetime) -> "Bot":
        """The bot under that visibility and with that secret half; as it is where it has both."""
        if (visibility, link) == (self.visibility, self.link):
            return self
        return self.model_copy(update={"visibility": visibility, "link": link, "updated_at": now})


OPENS_NOTHING = "This link opens nothing; ask its owner for another."
"""One sentence for a link that is wrong, renewed, or of a bot that is private or gone: which it is, is its owner's business."""


def read_link(text: str) -> tuple[str, str] | None:
    """A link's bot and its secret half; None for what cannot be a link."""
    bot_id, _, secret = text.partition(".")
    return (bot_id, secret) if is_id(bot_id) and is_id(secret) else None


class BotVersion(Record):
    """An immutable configuration, stored under `bots/{bot_id}/versions/{number}`; `restored_from` tells which one it repeats."""

    bot_id: str
    owner_id: str
    number: int
    configuration: BotDraft
    restored_from: int | None = None
    created_at: datetime

    @classmethod
    def of(cls, bot: Bot, restored_from: int | None = None) -> Self:
        """The bot's current version."""
        return cls(
            bot_id=bot.id,
            owner_id=bot.owner_id,
            number=bot.version,
            configuration=bot.configuration,
            restored_from=restored_from,
            created_at=bot.updated_at,
        )

    def applied_to(self, bot: Bot) -> Bot:
        """The bot as it was at this version; what belongs to no version is as it is now."""
        was = {"version": self.number, "configuration": self.configuration, "updated_at": self.created_at}
        return bot.model_copy(update=was)
