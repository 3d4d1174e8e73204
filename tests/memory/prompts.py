"""Own prompts, own personas and kept answers in memory."""

from datetime import datetime

from shared.core.errors import ConflictError
from shared.domain.base import Page, PageRequest
from shared.domain.own_persona import OwnPersona
from shared.domain.plan import Stock
from shared.domain.template import PromptRun, SavedPrompt
from tests.memory.store import MemoryStore, _newest_first


class MemoryPersonas:
    """Own personas of a MemoryStore."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def get(self, persona_id: str, owner_id: str) -> OwnPersona | None:
        return self.store.personas.get((owner_id, persona_id))

    async def save(self, persona: OwnPersona, limits: Stock) -> None:
        place = (persona.owner_id, persona.persona_id)
        if _follows(self.store.personas.get(place), persona):
            if persona.version == 1:
                self.store.add_stock(persona.owner_id, Stock(personas=1), limits)
            self.store.personas[place] = persona

    async def delete(self, persona_id: str, owner_id: str) -> None:
        if self.store.personas.pop((owner_id, persona_id), None):
            held = self.store.stock[owner_id]
            self.store.stock[owner_id] = held.model_copy(update={"personas": held.personas - 1})

    async def list(self, owner_id: str, page: PageRequest) -> Page[OwnPersona]:
        own = (persona for persona in self.store.personas.values() if persona.owner_id == owner_id)
        return _newest_first(own, lambda persona: persona.created_at, page)


class MemoryPrompts:
    """Own prompts of a MemoryStore."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def get(self, prompt_id: str, owner_id: str, version: int | None = None) -> SavedPrompt | None:
        if version is None:
            return self.store.prompts.get((owner_id, prompt_id))
        return self.store.prompt_versions.get((owner_id, prompt_id, version))

    async def save(self, prompt: SavedPrompt, limits: Stock) -> None:
        place = (prompt.owner_id, prompt.prompt_id)
        if _follows(self.store.prompts.get(place), prompt):
            if prompt.version == 1:
                self.store.add_stock(prompt.owner_id, Stock(prompts=1), limits)
            self.store.prompts[place] = prompt
            self.store.prompt_versions[*place, prompt.version] = prompt

    async def delete(self, prompt_id: str, owner_id: str) -> None:
        if self.store.prompts.pop((owner_id, prompt_id), None):
            for place in [place for place in self.store.prompt_versions if place[:2] == (owner_id, prompt_id)]:
                del self.store.prompt_versions[place]
            held = self.store.stock[owner_id]
            self.store.stock[owner_id] = held.model_copy(update={"prompts": held.prompts - 1})

    async def list(self, owner_id: str, page: PageRequest) -> Page[SavedPrompt]:
        own = (prompt for prompt in self.store.prompts.values() if prompt.owner_id == owner_id)
        return _newest_first(own, lambda prompt: prompt.created_at, page)


class MemoryPromptRuns:
    """Kept answers of a MemoryStore."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def get(self, run_id: str, owner_id: str, now: datetime) -> PromptRun | None:
        run = self.store.prompt_runs.get(run_id)
        return run if run and run.owner_id == owner_id and now < run.expire_at else None

    async def keep(self, run: PromptRun) -> None:
        self.store.prompt_runs[run.id] = run

    async def forget(self, prompt_id: str, owner_id: str) -> None:
        runs = self.store.prompt_runs
        for run in [run for run in runs.values() if (run.owner_id, run.prompt_id) == (owner_id, prompt_id)]:
            del runs[run.id]


def _follows(stored: OwnPersona | SavedPrompt | None, saved: OwnPersona | SavedPrompt) -> bool:
    """Whether it is to be written; False where the very same stands already."""
    if stored == saved:
        return False
    if saved.version != (stored.version + 1 if stored else 1):
        raise ConflictError("Another version was saved meanwhile; read it and decide anew.")
    return True
