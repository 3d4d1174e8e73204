"""Instances that die, stand still or meet stores that are away, at any call of a port: so between any two lines that matter."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from random import Random
from typing import Protocol

from shared.core.errors import UnavailableError

WINDOW = {"after embed", "before put_many"}
"""The moments at which a vector is paid for and not yet kept."""
SLOW_WINDOW = WINDOW | {"after get_many", "before until", "after until", "before embed"}
"""The moments at which another may pay for what one is about to."""


class Kill(BaseException):
    """The instance is gone: nothing of it runs any more."""


class Fate(StrEnum):
    """What happens to an instance."""

    LIVES = "lives"
    DIES = "dies"
    MEETS_OUTAGE = "meets_outage"
    STANDS_STILL = "stands_still"


@dataclass(eq=False)
class Process:
    """One delivery's instance; a hook for `Interposed`."""

    fate: Fate = Fate.LIVES
    at: int = 0
    moment: str = ""
    moments: int = 0
    dead: bool = False
    step: str = ""
    born: datetime | None = None
    asleep: asyncio.Event = field(default_factory=asyncio.Event)
    awake: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, moment: str) -> None:
        await asyncio.sleep(0)
        if self.dead:
            raise Kill
        if self.is_due():
            self.moment = moment
            await self._meet()

    def is_due(self) -> bool:
        """Whether its fate meets it now."""
        self.moments += 1
        return self.moments == self.at

    async def _meet(self) -> None:
        match self.fate:
            case Fate.DIES:
                self.dead = True
                raise Kill
            case Fate.MEETS_OUTAGE:
                raise UnavailableError("The store is away.")
            case Fate.STANDS_STILL:
                self.asleep.set()
                await self.awake.wait()

    @property
    def lost_payment(self) -> bool:
        """Whether what it had just bought was lost with it."""
        return self.fate in {Fate.DIES, Fate.MEETS_OUTAGE} and self.moment in WINDOW

    @property
    def may_pay_late(self) -> bool:
        """Whether it stood still where another may buy the same meanwhile."""
        return self.fate is Fate.STANDS_STILL and self.moment in SLOW_WINDOW


class Chance(Protocol):
    """What decides of a new instance's fate."""

    def draw(self, dice: Random) -> Process:
        """A new instance and what will become of it."""
        ...


@dataclass(frozen=True)
class Odds:
    """How often each fate is drawn; the rest live."""

    dies: float = 0.0
    meets_outage: float = 0.0
    stands_still: float = 0.0

    def draw(self, dice: Random) -> Process:
        """As the dice fall."""
        fates = [Fate.DIES, Fate.MEETS_OUTAGE, Fate.STANDS_STILL, Fate.LIVES]
        lives = 1 - self.dies - self.meets_outage - self.stands_still
        [fate] = dice.choices(fates, [self.dies, self.meets_outage, self.stands_still, lives])
        return Process(fate, at=dice.randint(1, 45))


@dataclass
class OneDeath:
    """One instance dies, at the given moment of all instances' moments together; `between` says where that was."""

    at: int
    moments: int = 0
    process: Process | None = None

    @property
    def between(self) -> str:
        """The moment's name, or an empty text where it never came."""
        return self.process.moment if self.process else ""

    def draw(self, dice: Random) -> Process:
        """An instance that shares the count with the others."""
        return _Mortal(self)


class _Mortal(Process):
    def __init__(self, death: OneDeath) -> None:
        super().__init__(Fate.DIES)
        self._death = death

    def is_due(self) -> bool:
        """Whether it is the one."""
        self._death.moments += 1
        if self._death.moments != self._death.at:
            return False
        self._death.process = self
        return True
