"""What people write for models: prompts with their versions, personas, and the kept answers of runs.

A thing is found by its owner and the id that the owner chose; two owners may choose the same.
"""

from datetime import datetime
from typing import Protocol

from shared.domain.base import Page, PageRequest
from shared.domain.own_persona import OwnPersona
from shared.domain.plan import Stock
from shared.domain.template import PromptRun, SavedPrompt


class Personas(Protocol):
    """People's own personas; the product's are no part of a store."""

    async def get(self, persona_id: str, owner_id: str) -> OwnPersona | None:
        """The owner's persona."""
        ...

    async def save(self, persona: OwnPersona, limits: Stock) -> None:
        """Store its version 1 as a new persona, counted in the owner's stock, or a later version over the one before it.

        Raises ConflictError where another version stands, ResourceExhaustedError over a limit. The very same again is stored and
        counted once.
        """
        ...

    async def delete(self, persona_id: str, owner_id: str) -> None:
        """Remove it and take it out of the owner's stock, once however often it is called."""
        ...

    async def list(self, owner_id: str, page: PageRequest) -> Page[OwnPersona]:
        """The owner's personas, newest first. Raises InvalidArgumentError (field cursor) on a cursor that is not ours."""
        ...


class Prompts(Protocol):
    """People's own prompts, with every version that was ever saved."""

    async def get(self, prompt_id: str, owner_id: str, version: int | None = None) -> SavedPrompt | None:
        """The owner's prompt as it is now, or as that version was."""
        ...

    async def save(self, prompt: SavedPrompt, limits: Stock) -> None:
        """As `Personas.save`; the version is also kept by its number, in the same commit."""
        ...

    async def delete(self, prompt_id: str, owner_id: str) -> None:
        """Remove its versions, then itself; whoever stops in between can begin again.

        Raises ConflictError where it was saved anew meanwhile; then it stands as it was saved.
        """
        ...

    async def list(self, owner_id: str, page: PageRequest) -> Page[SavedPrompt]:
        """The owner's prompts, newest first. Raises InvalidArgumentError (field cursor) on a cursor that is not ours."""
        ...


class PromptRuns(Protocol):
    """Answers that are given again instead of being paid for again."""

    async def get(self, run_id: str, owner_id: str, now: datetime) -> PromptRun | None:
        """The owner's kept answer, unless it has expired by now."""
        ...

    async def keep(self, run: PromptRun) -> None:
        """Store it, over one of the same id."""
        ...

    async def forget(self, prompt_id: str, owner_id: str) -> None:
        """Remove every answer that a prompt of the owner gave."""
        ...
