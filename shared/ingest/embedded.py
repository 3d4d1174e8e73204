"""Files inside files that are not read with them: a sentence tells that they are there."""

import re
from collections.abc import Iterator
from contextlib import suppress

from shared.domain.document import RejectedFileError
from shared.ingest.archive import Archive
from shared.ingest.ooxml import relations

_EMBEDDED = re.compile(r"(?:word|ppt|xl)/embeddings/[^/]+")
_CHART = re.compile(r"(?:word|ppt|xl)/charts/[^/]+\.xml")


def left_out(count: int, where: str) -> tuple[str, ...]:
    """The note of so many files; none of none. `where` is as "attached to the PDF"."""
    if count == 0:
        return ()
    if count == 1:
        return (f"1 file that is {where} was left out; upload it by itself.",)
    return (f"{count:,} files that are {where} were left out; upload them by themselves.",)


def embedded_notes(archive: Archive) -> tuple[str, ...]:
    """The note of an Office file; a part that is damaged is passed over, since a note is no reason to refuse a file."""
    embedded = {name for name in archive.names if _EMBEDDED.fullmatch(name)}
    # The numbers of a chart are read where the chart stands.
    return left_out(len(embedded.difference(_of_charts(archive))) if embedded else 0, "embedded in the document")


def _of_charts(archive: Archive) -> Iterator[str]:
    for name in archive.names:
        if _CHART.fullmatch(name):
            with suppress(RejectedFileError):
                yield from [relation.part for relation in relations(archive, name).values()]
