"""The manifests: what the folders of `functions/` declare, read once; everything generated from functions starts here."""

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.core.errors import InternalError

FUNCTIONS = Path(__file__).resolve().parents[2] / "functions"
Access = Literal["public", "signed_in", "admin"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HttpTrigger(_Part):
    """A callable function with its REST route: `METHOD /api/v1/path/{parameter}`, and who may call it.

    `success` is REST's status (201 where something was created); `app_check: false` is for callers that are no app of ours;
    `calls_per_minute` holds for each network and instance of a public function, `calls_per_hour` for a network across instances.
    """

    route: Annotated[str, Field(pattern=r"^(GET|POST|PUT|DELETE) /api/v1/[a-z0-9_\-/{}]+$")]
    access: Access
    success: Literal[200, 201] = 200
    app_check: bool = True
    calls_per_minute: Annotated[int, Field(ge=1, le=10_000)] = 600
    # Each call costs a write, so only where a call is worth guarding.
    calls_per_hour: Annotated[int, Field(ge=1, le=100_000)] | None = None

    @model_validator(mode="after")
    def _limited_if_public(self) -> "HttpTrigger":
        if self.calls_per_hour is not None and self.access != "public":
            raise ValueError("calls_per_hour belongs to a public function; signed-in callers are limited by their plan")
        return self

    @property
    def method(self) -> str:
        """The HTTP verb."""
        return self.route.split(" ", 1)[0]

    @property
    def path(self) -> str:
        """The path template, from `/api/v1/` on."""
        return self.route.split(" ", 1)[1]

    @property
    def path_parameters(self) -> tuple[str, ...]:
        """Names in braces, in order."""
        return tuple(re.findall(r"{(\w+)}", self.path))


class Trigger(_Part):
    """Exactly one of: a call, a topic's message, a schedule (cron, UTC), the bucket's notification (by object name prefix)."""

    http: HttpTrigger | None = None
    topic: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{2,60}$")] | None = None
    schedule: Annotated[str, Field(pattern=r"^\S+( \S+){4}$")] | None = None
    storage: Annotated[str, Field(pattern=r"^[a-z]+/$")] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Trigger":
        if sum(part is not None for part in (self.http, self.topic, self.schedule, self.storage)) != 1:
            raise ValueError("name exactly one of http, topic, schedule, storage")
        return self


class Manifest(_Part):
    """One function's `function.yaml`; its name is the folder's, the entry point's, the callable's and the log label."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z_]+[a-z]$", max_length=63)]
    trigger: Trigger
    needs: Literal["base", "ai", "documents", "billing", "training"] = "base"
    # One account for each set of privileges rather than for each function: a project allows about a hundred.
    account: Literal["accounts", "bots", "chat", "keys", "knowledge", "pipeline", "operations"]
    memory: Annotated[str, Field(pattern=r"^\d+(Mi|Gi)$")] = "256Mi"
    cpu: Annotated[str, Field(pattern=r"^[0-9.]+$")] = "1"
    timeout_seconds: Annotated[int, Field(ge=1, le=3600)] = 60
    concurrency: Annotated[int, Field(ge=1, le=1000)] = 80
    min_instances: Annotated[int, Field(ge=0, le=100)] = 0
    # A ceiling on what a flood of calls may cost before a person looks.
    max_instances: Annotated[int, Field(ge=1, le=1000)] = 20
    # Files go to the bucket without passing a function, so a body is JSON and small.
    max_body_bytes: Annotated[int, Field(ge=1024, le=10 * 1024 * 1024)] = 256 * 1024
    stream: bool = False
    # A stream that is idempotent makes its ids from the key itself; any other answer is kept and replayed.
    idempotent: bool = False
    # The answer's `version` is its ETag, and a change reads If-Match.
    conditional: bool = False
    # The use case reads the account in a batch of its own, and admits it.
    reads_account: bool = False
    max_delivery_attempts: Annotated[int, Field(ge=5, le=100)] = 10

    @model_validator(mode="after")
    def _consistent(self) -> "Manifest":
        asked = self.stream or self.idempotent or self.conditional or self.reads_account
        if asked and self.trigger.http is None:
            raise ValueError("stream, idempotent, conditional and reads_account belong to an http trigger")
        if self.idempotent and self.trigger.http and self.trigger.http.access == "public":
            raise ValueError("idempotent needs a signed-in caller")
        if self.conditional and self.stream:
            raise ValueError("conditional needs an answer that is no stream")
        return self

    @property
    def guards_a_version(self) -> bool:
        """Whether it reads If-Match: it changes a thing that has a version, and neither makes nor shows one."""
        http = self.trigger.http
        return self.conditional and http is not None and http.method != "GET" and bool(http.path_parameters)

    @property
    def folder(self) -> Path:
        """Where its code lies."""
        return FUNCTIONS / self.name

    @property
    def topic(self) -> str | None:
        """The Pub/Sub topic that triggers it, the storage notification's included."""
        return self.name.replace("_", "-") if self.trigger.storage else self.trigger.topic


@cache
def read(name: str) -> Manifest:
    """The function's manifest. Raises InternalError naming the file and what is wrong in it."""
    path = FUNCTIONS / name / "function.yaml"
    try:
        declared = yaml.safe_load(path.read_text("utf-8"))
        # The folder has the last word: a manifest that named itself could stand for another function.
        return Manifest.model_validate({**declared, "name": name})
    except (OSError, TypeError, yaml.YAMLError, ValidationError) as error:
        raise InternalError(f"{path.relative_to(FUNCTIONS.parent)}: {error}") from error


def read_all() -> tuple[Manifest, ...]:
    """Every function's manifest, by name."""
    return tuple(read(path.parent.name) for path in sorted(FUNCTIONS.glob("*/function.yaml")))
