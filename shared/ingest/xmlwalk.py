"""XML of strangers, element by element: nothing is fetched, no entity of a file is expanded, and what was read is let go."""

from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from lxml import etree

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.archive import corrupt

_ENTITIES = "The file holds XML that declares entities, which no program needs for text. Save it anew, and upload the new file."


class Event(NamedTuple):
    """An element at its start, when it has attributes alone, or at its end, when it is whole."""

    starts: bool
    name: str
    element: Any


def walk(stream: BinaryIO, names: frozenset[str]) -> Iterator[Event]:
    """Elements of these local names, whatever their namespace. An element is freed by whoever calls `free` at its end.

    Raises RejectedFileError(corrupt), also for XML that declares entities; libxml2's own limits bound depth and length.
    """
    events = etree.iterparse(
        stream,
        events=("start", "end"),
        tag=["{*}" + name for name in names],
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    checked = False
    try:
        for event, element in events:
            if not checked:
                _refuse_entities(element.getroottree().docinfo)
                checked = True
            yield Event(event == "start", name_of(element), element)
        # Of a file in which none of the names occurs.
        _refuse_entities(events.root.getroottree().docinfo)
    except etree.XMLSyntaxError as error:
        raise corrupt() from error


def parse(content: bytes) -> Any:
    """The root of a small file. Raises as `walk`."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise corrupt() from error
    _refuse_entities(root.getroottree().docinfo)
    return root


def name_of(element: Any) -> str:
    """The name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def attribute(element: Any, name: str) -> str | None:
    """The attribute of this local name: strict and transitional files differ in namespaces alone."""
    return next((str(value) for key, value in element.attrib.items() if key.rpartition("}")[2] == name), None)


def child(element: Any, *names: str) -> Any | None:
    """The first element on this path of local names."""
    for name in names:
        element = next(element.iterchildren("{*}" + name), None)
        if element is None:
            return None
    return element


def free(element: Any) -> None:
    """Forget the element's content and what stands before it, once both were read; properties that say how to read on stay."""
    element.clear(keep_tail=True)
    parent, before = element.getparent(), element.getprevious()
    while parent is not None and before is not None:
        passed, before = before, before.getprevious()
        if not name_of(passed).endswith("Pr"):
            parent.remove(passed)


def _refuse_entities(docinfo: Any) -> None:
    declared = docinfo.internalDTD
    if declared is not None and next(iter(declared.iterentities()), None) is not None:
        raise RejectedFileError(FailureCode.CORRUPT, _ENTITIES)
