"""Packages of Office Open XML: parts that name each other by relations."""

import posixpath
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from shared.ingest.archive import Archive, corrupt
from shared.ingest.xmlwalk import attribute, parse

_OFF = {"0", "false", "off", "none"}


class Relation(NamedTuple):
    """What a part refers to: `kind` is the last word of the relation's type, `part` the name of an entry."""

    kind: str
    part: str


def main_part(archive: Archive) -> str:
    """The part that the package is about. Raises RejectedFileError(corrupt) where there is none."""
    found = next(of_kind(relations(archive, ""), "officeDocument"), None)
    if found is None or found not in archive:
        raise corrupt()
    return found


def relations(archive: Archive, part: str) -> dict[str, Relation]:
    """The part's relations within the package, by id; what lies outside is never looked at."""
    folder, name = posixpath.split(part)
    listed = posixpath.join(folder, "_rels", f"{name}.rels")
    if listed not in archive:
        return {}
    found = {}
    for each in parse(archive.read(listed)).iterchildren("{*}Relationship"):
        if each.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, each.get("Target", ""))).lstrip("/")
            found[each.get("Id", "")] = Relation(each.get("Type", "").rpartition("/")[2], target)
    return found


def of_kind(found: Mapping[str, Relation], kind: str) -> Iterator[str]:
    """The parts that are related so."""
    return (relation.part for relation in found.values() if relation.kind == kind)


def is_on(element: object) -> bool:
    """Whether a property that is there by itself, or with a value, is switched on."""
    return element is not None and (attribute(element, "val") or "").lower() not in _OFF
