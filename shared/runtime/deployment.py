"""What must hold of this process before it serves anybody, checked on every request since nothing is read at import."""

from shared.core.errors import InternalError
from shared.core.settings import Settings
from shared.runtime import wiring


def admitted_settings() -> Settings:
    """This process's settings. Raises InternalError in the cloud when an emulator variable is set: with
    FIREBASE_AUTH_EMULATOR_HOST, firebase_admin takes unsigned tokens for good.
    """
    settings: Settings = wiring.provide(Settings)
    if settings.in_cloud() and (emulators := settings.emulators()):
        raise InternalError(f"This function refuses to serve: K_SERVICE says cloud, and {', '.join(emulators)} is set.")
    return settings
