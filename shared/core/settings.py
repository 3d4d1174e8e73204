"""The one file that reads the environment; settings are parsed on first use, so importing a function reads nothing."""

import os
from collections.abc import Mapping
from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.core.errors import InternalError

EMULATOR_VARIABLES = (
    "FIREBASE_AUTH_EMULATOR_HOST",
    "FIRESTORE_EMULATOR_HOST",
    "PUBSUB_EMULATOR_HOST",
    "STORAGE_EMULATOR_HOST",
)
LAPTOP_VARIABLES = ("KEY_FILE", "ALLOW_PRIVATE_PROVIDERS")


class Settings(BaseModel):
    """What one environment decides; each field is read from the variable of the same name in capitals."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    google_cloud_project: str = Field(default="demo-synapse", min_length=1)
    region: str = Field(default="us-central1", min_length=1)
    bucket: str = Field(default="demo-synapse-files", min_length=3)
    k_service: str = Field(default="", description="Set by Cloud Run: we are in the cloud.")
    app_check: Literal["off", "enforce"] = "off"
    gateway_key: str = Field(
        default="",
        pattern=r"^([A-Za-z0-9-]{32,64})?$",
        description="What API Gateway puts into the path of its calls, so that it is believed where a caller comes from.",
    )
    allowed_origins: str = Field(default="*", description="Origins that a browser may call from, comma-separated.")
    chat_model: str = Field(default="local-extractive", description="The model of a bot that names none.")
    embedder: str = "local-minilm"
    openai_base_url: str = Field(default="", description="Any server that speaks OpenAI's chat completions.")
    openai_api_key: str = ""
    openai_model: str = Field(default="", description="The model's name at that server.")
    openai_sees: bool = Field(default=False, description="Whether that model reads pictures.")
    gemini_location: str = "global"
    gemini_base_url: str = Field(default="", description="Another way to Vertex, such as Private Service Connect.")
    model_connect_seconds: float = Field(default=5.0, gt=0, le=60)
    # A reasoning model may think for most of a minute before its first word. The upper bounds stay below the 300 s at which chat
    # itself is cut.
    model_first_token_seconds: float = Field(default=60.0, gt=0, le=290)
    model_between_tokens_seconds: float = Field(default=30.0, gt=0, le=290)
    stream_checkpoint_seconds: float = Field(default=2.0, ge=0, le=60)
    # A century at most: a date past the year 9999 could not be stored.
    turn_retention_days: int = Field(default=365, ge=0, le=36_500, description="How long a turn is kept; 0 keeps it for ever.")
    # Some twenty dollars of a small model: what a flood of calls may cost before a person has to look.
    daily_token_ceiling: int = Field(
        default=50_000_000, ge=0, le=10**12, description="Tokens that everybody together may use in a day (UTC); 0: no ceiling."
    )
    # Proxies commonly end a connection that was silent for half a minute.
    stream_heartbeat_seconds: float = Field(default=15.0, gt=0, le=60)
    # A lease longer than the longest stage's own timeout would outlive every holder and only delay the healing.
    step_lease_seconds: float = Field(default=60.0, gt=0, le=540)
    kms_key: str = Field(
        default="",
        pattern=r"^(projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+)?$",
        description="The Cloud KMS key that wraps the data keys of people's own provider keys.",
    )
    key_file: str = Field(default="", description="In place of kms_key on a laptop: a file of keys that the local stack makes.")
    allow_private_providers: bool = Field(
        default=False, description="Whether people's own provider and page addresses may be private, as in development."
    )
    web_contact_url: str = Field(
        default="",
        pattern=r"^(https?://[!-~]{1,200})?$",
        description="Where owners of sites learn who fetches their pages; our User-Agent names it.",
    )
    site_pause_seconds: float = Field(default=1.0, ge=0, le=60, description="Between two requests of one walk through a site.")
    notifier: Literal["log", "fcm"] = Field(default="log", description="Who tells devices; the log needs no Firebase project.")
    # Firebase issues no session for longer than two weeks.
    session_hours: float = Field(default=120.0, ge=1, le=336, description="How long a session of `sign_in` lasts.")
    # No secret: every page of the project shows it.
    firebase_api_key: str = Field(default="demo", min_length=1, description="The Firebase project's web API key.")
    max_upload_bytes: int = Field(default=100 * 1024 * 1024, gt=0)
    firebase_auth_emulator_host: str = ""
    firestore_emulator_host: str = ""
    pubsub_emulator_host: str = ""
    storage_emulator_host: str = ""

    def in_cloud(self) -> bool:
        """Whether this process is a deployed function."""
        return bool(self.k_service)

    def emulators(self) -> list[str]:
        """The emulator variables that are set, by name."""
        return [name for name in EMULATOR_VARIABLES if getattr(self, name.lower())]

    def laptop_only(self) -> list[str]:
        """The variables that are set and would make a deployed function unsafe, by name."""
        return [*self.emulators(), *(name for name in LAPTOP_VARIABLES if getattr(self, name.lower()))]


def parse(environment: Mapping[str, str]) -> Settings:
    """Settings from variables; an empty value counts as unset. Raises InternalError naming each wrong variable."""
    names = {name: name.upper() for name in Settings.model_fields}
    given = {name: environment[variable] for name, variable in names.items() if environment.get(variable)}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        wrong = "; ".join(f"{str(problem['loc'][0]).upper()}: {problem['msg']}" for problem in error.errors())
        raise InternalError(f"The environment is wrong: {wrong}") from error


@cache
def settings() -> Settings:
    """This process's settings, parsed once."""
    return parse(os.environ)
