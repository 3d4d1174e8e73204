"""What the contract is made from: the functions that people call, each with its entry point and its example."""

import importlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from shared.domain.events import Event
from shared.runtime.catalogue import HttpTrigger, Manifest, read_all
from shared.runtime.functions import EntryPoint

# A full stop within a name, as in `ChatModel.stream`, ends no sentence.
_RAISES = re.compile(r"(?:^|(?<=[.!?] ))Raises .*?(?:\.\s+|$)")


class ContractError(Exception):
    """A function whose contract cannot be written; the sentence names the function and what to change."""


@dataclass(frozen=True)
class HttpEntry:
    """One function that people call."""

    manifest: Manifest
    trigger: HttpTrigger
    request: type[BaseModel]
    result: type[BaseModel] | None
    events: tuple[type[Event], ...]
    purpose: str
    docstring: str
    example: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The folder's name, and the operation's id."""
        return self.manifest.name

    @property
    def title(self) -> str:
        """The name as components are spelt: `create_bot` is `CreateBot`."""
        return "".join(word.capitalize() for word in self.name.split("_"))

    @property
    def changes(self) -> bool:
        """Whether a call may change something."""
        return self.trigger.method != "GET"

    @property
    def guards_a_version(self) -> bool:
        """Whether it reads If-Match."""
        return self.manifest.guards_a_version

    @property
    def has_body(self) -> bool:
        """Whether its REST route takes fields in a body; others take them in the query."""
        return self.trigger.method in {"POST", "PUT"}

    @property
    def names_things(self) -> bool:
        """Whether a field of its request names something that may be absent."""
        return any(names_a_thing(field) for field in self.request.model_fields)


def names_a_thing(field: str) -> bool:
    """Whether a field of that name holds the id, or the link, of something stored."""
    return field.endswith(("_id", "_ids")) or field in {"id", "link"}


def read_functions() -> tuple[HttpEntry, ...]:
    """Every function with an http trigger, by name. Raises ContractError naming those without an example."""
    called = [(manifest, manifest.trigger.http) for manifest in read_all() if manifest.trigger.http]
    if missing := [manifest.name for manifest, _ in called if not example_file(manifest).exists()]:
        raise ContractError(f"Write functions/<name>/example.json (docs/patterns.md) for {', '.join(missing)}.")
    return tuple(_entry(manifest, trigger) for manifest, trigger in called)


def example_file(manifest: Manifest) -> Path:
    """Where the function's example lies."""
    return manifest.folder / "example.json"


def _entry(manifest: Manifest, trigger: HttpTrigger) -> HttpEntry:
    module = importlib.import_module(f"functions.{manifest.name}.main")
    entry: EntryPoint = getattr(module, manifest.name)
    example: Mapping[str, Any] = json.loads(example_file(manifest).read_text("utf-8"))
    return HttpEntry(
        manifest=manifest,
        trigger=trigger,
        request=entry.contract.request,
        result=entry.contract.result,
        events=entry.contract.events,
        purpose=prose(module.__doc__),
        docstring=_told(manifest, entry.use_case.__doc__),
        example=example,
    )


def _told(manifest: Manifest, docstring: str | None) -> str:
    told = prose(docstring)
    if not told:
        raise ContractError(f"{manifest.name}: say in the use case's docstring what it answers, beside what it raises.")
    return told


def prose(docstring: str | None) -> str:
    """A docstring for people who call: its wrapped lines joined, since Markdown readers break lines themselves.

    Sentences of what is raised are left out: they name Python's errors, and callers see statuses, which stand beside.
    """
    paragraphs = (_RAISES.sub("", " ".join(part.split())).strip() for part in (docstring or "").split("\n\n"))
    return "\n\n".join(filter(None, paragraphs))
