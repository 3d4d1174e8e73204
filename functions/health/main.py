"""Says that the backend answers, and which; it asks no store, so an outage of one never reads as an outage of all."""

from shared.core.settings import Settings
from shared.domain.base import Model
from shared.runtime.functions import callable_function

VERSION = "0.1.0"


class Health(Model):
    """`emulated` is true where a local stack stands in for the cloud."""

    status: str = "ok"
    version: str = VERSION
    region: str
    emulated: bool


@callable_function
async def health(*, settings: Settings) -> Health:
    """The instance's own word, without I/O."""
    return Health(region=settings.region, emulated=bool(settings.emulators()))
