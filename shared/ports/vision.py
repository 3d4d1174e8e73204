"""A model that reads pictures."""

from typing import Protocol

from shared.domain.prompt import SeenPicture
from shared.domain.reading import Reading


class Vision(Protocol):
    """The environment's model that sees; `can_see` is false where there is none, and then nothing else may be asked of it.

    `name` is the registry's, `model` its provider's.
    """

    name: str
    model: str
    can_see: bool

    async def read(self, picture: SeenPicture, instructions: str) -> Reading:
        """What the model says of the picture. Raises as ChatModel.stream; InvalidArgumentError where it refuses this picture."""
        ...
