"""JSON and lines of JSON as "path: value": a record is a block, its lists of plain values are a line each."""

import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import islice, takewhile
from pathlib import Path
from typing import Any, TextIO

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind, TextPage
from shared.ingest.encoding import decode, encoding_of
from shared.ingest.extraction import Extraction, Layout
from shared.ingest.limits import MAX_JSON_BYTES, MAX_JSON_DEPTH
from shared.ingest.normal import clean
from shared.ingest.pages import PageBuilder, whole
from shared.ingest.tables import Part, Parting, extraction_of

_SAMPLE_LINES = 2


def layout(path: Path) -> Layout:
    """JSON is one page without a number, a thousand lines of JSON are a page. Raises RejectedFileError: corrupt, too_large."""
    encoding = encoding_of(path)
    if not _is_lines(path, encoding):
        return Layout()
    parting = Parting()
    for _ in _parts(path, encoding, parting):
        pass
    return parting.layout()


def read(path: Path, shard: int) -> Extraction:
    """The shard's records. Raises as `layout`."""
    encoding = encoding_of(path)
    if not _is_lines(path, encoding):
        return whole(_page(None, [_whole_value(path)]))
    with closing(_parts(path, encoding, Parting())) as parts:
        until = takewhile(lambda part: part.shard <= shard, parts)
        return extraction_of([_page(part.number, [_record(*row) for row in part.rows]) for part in until if part.shard == shard])


def _is_lines(path: Path, encoding: str) -> bool:
    """Whether each of the first two lines is a value by itself; a file of one line reads alike both ways."""
    with path.open(encoding=encoding, errors="replace") as file:
        lines = [line for _, line in islice(_lines(file), _SAMPLE_LINES)]
    try:
        return len(lines) == _SAMPLE_LINES and all(isinstance(json.loads(line), dict | list) for line in lines)
    except (json.JSONDecodeError, RecursionError):
        return False


def _parts(path: Path, encoding: str, parting: Parting) -> Generator[Part, None, None]:
    with path.open(encoding=encoding, errors="replace") as file:
        yield from parting.parts(_lines(file))


def _lines(file: TextIO) -> Iterator[Sequence[str]]:
    """The number and the text of each line that is not blank."""
    for number, line in enumerate(file, start=1):
        if line.strip("\ufeff \t\r\n"):
            yield str(number), line.strip("\ufeff")


def _record(number: str, line: str) -> Any:
    return _parsed(line, f"line {int(number):,}")


def _whole_value(path: Path) -> Any:
    with path.open("rb") as file:
        content = file.read(MAX_JSON_BYTES + 1)
    if len(content) > MAX_JSON_BYTES:
        limit = MAX_JSON_BYTES // (1024 * 1024)
        message = f"JSON files may have up to {limit} MB. Save one record a line (.jsonl), or split the file."
        raise RejectedFileError(FailureCode.TOO_LARGE, message)
    return _parsed(decode(content).removeprefix("\ufeff"), None)


def _parsed(text: str, where: str | None) -> Any:
    try:
        # Numbers stay as they are written: 1.10 is not 1.1, and a thousand digits are no integer to compute.
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except json.JSONDecodeError as error:
        place = where or f"line {error.lineno:,}, column {error.colno:,}"
        raise RejectedFileError(
            FailureCode.CORRUPT, f"The JSON is not valid at {place}. Mend it there, and upload it again."
        ) from error
    except RecursionError as error:
        raise _too_deep() from error


def _page(number: int | None, values: Sequence[Any]) -> TextPage:
    """Each value a block, or several where it holds records in turn."""
    page = PageBuilder(number)
    for value in values:
        for lines in _blocks(value, "", 0):
            page.add(BlockKind.PARAGRAPH, clean("\n".join(lines)))
    return page.build()


def _blocks(value: Any, path: str, depth: int) -> Iterator[list[str]]:
    """The lines of what is plain in the value, together, then of each record in it. An object in an object is no record."""
    if depth > MAX_JSON_DEPTH:
        raise _too_deep()
    if isinstance(value, list) and not _is_plain_list(value):
        for index, item in enumerate(value):
            yield from _blocks(item, f"{path}[{index}]", depth + 1)
        return
    lines: list[str] = []
    records: list[tuple[str, Any]] = []
    _gather(value, path, lines, records, depth)
    yield lines
    for inner, record in records:
        yield from _blocks(record, inner, depth + 1)


def _gather(value: Any, path: str, lines: list[str], records: list[tuple[str, Any]], depth: int) -> None:
    if depth > MAX_JSON_DEPTH:
        raise _too_deep()
    match value:
        case dict():
            for key, inner in value.items():
                _gather(inner, f"{path}.{key}" if path else key, lines, records, depth + 1)
        case list() if not _is_plain_list(value):
            records.append((path, value))
        case list() if value:
            lines.append(_line(path, ", ".join(map(_text, value))))
        case _ if value not in (None, "", []):
            lines.append(_line(path, _text(value)))


def _is_plain_list(value: list[Any]) -> bool:
    return not any(isinstance(item, dict | list) for item in value)


def _line(path: str, text: str) -> str:
    return f"{path}: {text}" if path else text


def _text(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def _too_deep() -> RejectedFileError:
    message = f"The JSON is nested more than {MAX_JSON_DEPTH} deep. Save its text in a simpler form, and upload that."
    return RejectedFileError(FailureCode.TOO_LARGE, message)
