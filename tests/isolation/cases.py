"""What the suite calls: every function that people call, by every caller, with every id-shaped field, in both protocols.

All of it comes from the catalogue and the contracts, so a new function is tried by itself, or fails until its ids are known here.
"""

import copy
import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from local.contract.functions import names_a_thing
from shared.runtime import catalogue
from shared.runtime.catalogue import Manifest
from tests.functional.example_world import LINK
from tests.functional.protocols import Protocol, called, entry_of, example_of
from tests.hostile.fields import Path, text_paths, with_text
from tests.isolation.tenants import ALICES, bobs, in_bobs_words


class Stranger(StrEnum):
    """Who is refused before anything else is looked at."""

    NOBODY = "nobody"
    SUSPENDED = "suspended"
    SIGNED_OUT = "signed out"
    NO_ADMINISTRATOR = "no administrator"
    OWNER = "an owner who is no administrator"
    SUSPENDED_ADMINISTRATOR = "a suspended administrator"
    SIGNED_OUT_ADMINISTRATOR = "an administrator who signed out"


_ADMINISTRATION = (
    Stranger.NOBODY,
    Stranger.NO_ADMINISTRATOR,
    Stranger.OWNER,
    Stranger.SUSPENDED_ADMINISTRATOR,
    Stranger.SIGNED_OUT_ADMINISTRATOR,
)


class Refused(NamedTuple):
    """A call by somebody who may not call at all."""

    function: str
    stranger: Stranger
    protocol: Protocol


class Foreign(NamedTuple):
    """A call by Bob with one id of Alice's in one field, and else with his own."""

    function: str
    field: Path
    alices: str
    protocol: Protocol


class Unnamed(NamedTuple):
    """A call by Bob of what names nothing."""

    function: str
    protocol: Protocol


class Paged(NamedTuple):
    """A call by Bob of a list, from where Alice's goes on."""

    function: str
    protocol: Protocol


_OWN_MODEL = {"own_model": {"model": "gpt-4.1-mini"}}
_BESIDE: dict[tuple[str, str], dict[str, Any]] = {
    ("chat", "persona_id"): {"bot_id": None},
    ("chat", "link"): {"bot_id": None},
    ("chat", "parent_turn_id"): {"bot_id": None, "conversation_id": bobs("thread")},
    ("create_bot", "own_model.key_id"): _OWN_MODEL,
    ("update_bot", "own_model.key_id"): _OWN_MODEL,
}
"""What the request must hold beside a field, or, as null, must leave out for it."""


def id_fields(function: str) -> list[Path]:
    """The way to each id that the request may hold, nested ones and lists included."""
    return [path for path in text_paths(entry_of(function).contract.request) if names_a_thing(_name(path))]


def bobs_request(function: str) -> dict[str, Any]:
    """The example's request in Bob's words, with his ids in the places of Alice's."""
    example = example_of(function)["request"]
    request = json.loads(in_bobs_words(json.dumps(example, ensure_ascii=False)))
    for path in id_fields(function):
        value = _value(example, path)
        if value in {f"bot.{LINK}", *(known for ids in ALICES.values() for known in ids)}:
            request = with_text(request, path, bobs(value))
    return request


def with_id(function: str, path: Path, value: str) -> dict[str, Any]:
    """Bob's request with this id in this field."""
    request = bobs_request(function) | copy.deepcopy(_BESIDE.get((function, dotted(path)), {}))
    return with_text({name: one for name, one in request.items() if one is not None}, path, value)


def own_id(path: Path, alices: str) -> str:
    """What Bob may send where Alice's is refused to him: of his links, the one that is open."""
    return bobs(f"bot.{LINK}" if _name(path) == "link" else alices)


def dotted(path: Path) -> str:
    """The field's name as errors spell it."""
    return ".".join(map(str, path))


def refused() -> Iterator[Refused]:
    """Every function with everybody who may not call it."""
    for manifest in called():
        access = catalogue.read(manifest.name).trigger.http.access  # type: ignore[union-attr]  # `called` has these alone.
        strangers = [Stranger.SUSPENDED, Stranger.SIGNED_OUT, *([] if access == "public" else [Stranger.NOBODY])]
        strangers = [*_ADMINISTRATION] if access == "admin" else strangers
        yield from (Refused(manifest.name, stranger, protocol) for stranger in strangers for protocol in Protocol)


def foreign() -> Iterator[Foreign]:
    """Every id-shaped field with every id of Alice's; a field that is not known here gets an id that its test fails for."""
    for manifest in _of_owners():
        for path in id_fields(manifest.name):
            for alices in ALICES.get(_name(path), ("",)):
                yield from (Foreign(manifest.name, path, alices, protocol) for protocol in Protocol)


def unnamed() -> Iterator[Unnamed]:
    """Every function whose request names nothing."""
    yield from (Unnamed(one.name, protocol) for one in _of_owners() if not id_fields(one.name) for protocol in Protocol)


def paged() -> Iterator[Paged]:
    """Every function that lists."""
    for manifest in _of_owners():
        if "cursor" in entry_of(manifest.name).contract.request.model_fields:
            yield from (Paged(manifest.name, protocol) for protocol in Protocol)


def _of_owners() -> Iterator[Manifest]:
    """What people call for their own things; administrators' functions have everybody's, and refuse everybody else."""
    return (one for one in called() if one.trigger.http and one.trigger.http.access != "admin")


def _name(path: Path) -> str:
    """The field's name; an item of a list is named as its list is, in the singular."""
    last = [step for step in path if isinstance(step, str)][-1]
    return last.removesuffix("s") if last.endswith("_ids") else last


def _value(request: Any, path: Path) -> Any:
    for step in path:
        if not isinstance(request, dict | list) or (isinstance(request, dict) and step not in request):
            return None
        request = request[step] if isinstance(request, dict) or request else None
    return request
