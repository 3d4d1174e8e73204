"""A model that sees what it is told to see."""

from collections.abc import Callable

from shared.core.errors import FailedPreconditionError
from shared.domain.prompt import SeenPicture
from shared.domain.reading import Reading


class ScriptedVision:
    """Says `text`, or what `script` makes of a picture; `seen` keeps what was paid for, `before` may raise first."""

    name = model = "scripted-eyes"

    def __init__(self, text: str = "", tokens: int = 1000, *, can_see: bool = True) -> None:
        self.can_see = can_see
        self.script: Callable[[SeenPicture], Reading] = lambda _: Reading(text=text, tokens=tokens)
        self.seen: list[SeenPicture] = []
        self.before: Callable[[], None] = lambda: None

    async def read(self, picture: SeenPicture, instructions: str) -> Reading:
        if not self.can_see:
            raise FailedPreconditionError("No model sees.")
        self.before()
        self.seen.append(picture)
        return self.script(picture)
