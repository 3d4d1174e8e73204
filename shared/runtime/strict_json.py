"""JSON as RFC 8259 has it and no more: no NaN, no duplicate names, no lone surrogates, no bottomless nesting."""

import json
import math
from typing import Any, NoReturn

from shared.core.errors import InvalidArgumentError

# Deeper than any model of ours, and well before Python, pydantic and the stores meet limits of their own, each at another depth.
MAX_DEPTH = 64

_SHOWN_PATH_CHARACTERS = 100
_INT64_TYPES = frozenset({"type.googleapis.com/google.protobuf.Int64Value", "type.googleapis.com/google.protobuf.UInt64Value"})

_TOO_DEEP = f"The body is nested more than {MAX_DEPTH} levels deep."


class _NotStrictError(ValueError):
    """Well-formed for Python's reader, not for ours; its text names our rule and holds nothing of the input."""


def parse(body: bytes) -> Any:
    """The value of a JSON text. Raises InvalidArgumentError saying where and why it is none."""
    try:
        text = body.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
        # Python reads "\ud800" as half a character, which no store and no reply could encode later.
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        message = f"The body is not valid JSON: {error.msg} at line {error.lineno} column {error.colno}."
        raise InvalidArgumentError(message, field="body") from error
    except _NotStrictError as error:
        raise InvalidArgumentError(f"The body is not valid JSON: {error}.", field="body") from error
    except RecursionError as error:
        raise InvalidArgumentError(_TOO_DEEP, field="body") from error
    except UnicodeError as error:
        raise InvalidArgumentError("The body is not valid JSON: it must be whole UTF-8 characters.", field="body") from error
    except ValueError as error:
        raise InvalidArgumentError("The body is not valid JSON: a number is too long.", field="body") from error
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_deeper_than(value, MAX_DEPTH):
        raise InvalidArgumentError(_TOO_DEEP, field="body")
    return value


def decode_int64(value: Any, path: str) -> Any:
    """The value with the callable protocol's typed integers replaced by numbers; nesting is bounded by `parse`.

    Raises InvalidArgumentError naming the path below the given one where one holds no integer.
    """
    if isinstance(value, list):
        return [decode_int64(item, f"{path}.{place}") for place, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if value.get("@type") in _INT64_TYPES:
        return _integer(value.get("value"), path[-_SHOWN_PATH_CHARACTERS:])
    return {name: decode_int64(item, f"{path}.{name}") for name, item in value.items()}


def _integer(text: Any, path: str) -> int:
    digits = text.removeprefix("-") if isinstance(text, str) else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(2**64))):
        raise InvalidArgumentError(f"{path}: an Int64Value holds its integer as a string of digits.", field=path)
    return int(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    # Readers differ in which of two they take, so something before us may have checked the other one.
    if len(members) != len(pairs):
        raise _NotStrictError("an object names a member twice")
    return members


def _constant(_: str) -> NoReturn:
    raise _NotStrictError("NaN and Infinity are no numbers there")


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _NotStrictError("a number is too large")
    return number


def _is_deeper_than(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [inner for outer in level for inner in _inside(outer)]
    return any(isinstance(item, dict | list) for item in level)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
