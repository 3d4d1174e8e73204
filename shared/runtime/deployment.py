"""What must hold of this process before it serves anybody, checked on every request since nothing is read at import."""

from shared.core.errors import InternalError
from shared.core.settings import Settings
from shared.runtime import wiring


def admitted_settings() -> Settings:
    """This process's settings. Raises InternalError in the cloud when a laptop's variable is set: with
    FIREBASE_AUTH_EMULATOR_HOST, for one, firebase_admin takes unsigned tokens for good.
    """
    settings: Settings = wiring.provide(Settings)
    if settings.in_cloud() and (unsafe := settings.laptop_only()):
        raise InternalError(f"This function refuses to serve: K_SERVICE says cloud, and {', '.join(unsafe)} is set.")
    return settings
