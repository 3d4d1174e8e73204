"""A step is one shard of one stage of one generation: the unit that is claimed, done once, and healed."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.core.errors import Code
from shared.domain.base import Model, Record
from shared.domain.document import Stage


class StepKey(Model):
    """Names a step; the same in every delivery of its message."""

    document_id: str
    generation: int = Field(ge=1)
    stage: Stage
    shard: int = Field(ge=0)

    @property
    def id(self) -> str:
        """The step document's id under `documents/{document_id}/steps`."""
        return f"{self.generation}-{self.stage}-{self.shard:05d}"


class StepState(StrEnum):
    """Absent is the state before these."""

    HELD = "held"
    RELEASED = "released"
    DONE = "done"


class Step(Record):
    """A stored step; `output` are counts and addresses that the next stage needs, written with `done`."""

    key: StepKey
    state: StepState
    holder: str = ""
    attempt: int = 1
    refusals: int = Field(default=0, description="Attempts before this one that a lack of quota ended.")
    lease_until: datetime | None = None
    retry_at: datetime | None = Field(default=None, description="A released step is not due before this.")
    error: str | None = None
    output: dict[str, Any] = Field(default_factory=dict)
    done_at: datetime | None = None

    @property
    def faults(self) -> int:
        """Attempts but for those that a lack of quota ended, which is no fault of the step."""
        return self.attempt - self.refusals - self._is_refused

    def claimed_again(self, claim: "Step") -> "Step":
        """The claim where this step was tried before."""
        return claim.model_copy(update={"attempt": self.attempt + 1, "refusals": self.refusals + self._is_refused})

    @property
    def _is_refused(self) -> bool:
        return self.state is StepState.RELEASED and self.error == Code.RESOURCE_EXHAUSTED

    def is_free(self, now: datetime) -> bool:
        """Whether a delivery may claim it; a released one may be claimed before `retry_at`, which binds the sweep alone."""
        if self.state is StepState.HELD:
            return self.lease_until is None or self.lease_until <= now
        return self.state is StepState.RELEASED

    @property
    def busy_until(self) -> datetime | None:
        """When its holder's lease or its wait ends; None for a done step and for one that is due already."""
        if self.state is StepState.DONE:
            return None
        return self.lease_until if self.state is StepState.HELD else self.retry_at

    def is_due(self, now: datetime) -> bool:
        """Whether somebody should be asked to do it now."""
        until = self.busy_until
        return self.state is not StepState.DONE and (until is None or until <= now)


class StageMessage(Model):
    """What a stage's topic carries: ids alone; content lies in the bucket."""

    document_id: str
    generation: int = Field(ge=1)
    shard: int = Field(default=0, ge=0)
