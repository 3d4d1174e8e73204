"""Conditional calls: a thing's `version` is its ETag (RFC 9110, section 8.8.3), and If-Match guards a change of it."""

import json
import re
from collections.abc import Set as AbstractSet
from typing import Any

from starlette.responses import Response

from shared.core.errors import InvalidArgumentError

# A version counts saves, so nine digits are more than any thing will see.
_ETAGS = re.compile(r'\s*"(\d{1,9})"\s*(?:,\s*"(\d{1,9})"\s*){0,9}')
_ETAG = re.compile(r'"(\d{1,9})"')
_MOST = 10**9


def read_versions(named: Any, header: str | None) -> AbstractSet[int] | None:
    """The versions that the caller accepts, from the callable's field `if_match` or the header; None for any.

    Raises InvalidArgumentError (field If-Match) for what is no version.
    """
    if named is not None:
        if isinstance(named, bool) or not isinstance(named, int) or not 0 <= named < _MOST:
            raise InvalidArgumentError("if_match must be the version that you read, a whole number.", field="if_match")
        return frozenset({named})
    if header is None or header.strip() == "*":
        return None
    if not _ETAGS.fullmatch(header):
        raise InvalidArgumentError('If-Match must be the ETag that you were given, such as "3".', field="If-Match")
    return frozenset(int(version) for version in _ETAG.findall(header))


def refuse(header: str | None) -> None:
    """Raises InvalidArgumentError (field If-Match) for a condition that the call does not look at.

    Ignored, it would let the call change what its caller meant to keep.
    """
    if header is not None and header.strip() != "*":
        raise InvalidArgumentError("This call takes no If-Match.", field="If-Match")


def tag(response: Response, answer: bytes) -> Response:
    """The response with its ETag."""
    response.headers["ETag"] = f'"{json.loads(answer)["version"]}"'
    # The version counts changes of the thing itself; what is told beside it, such as figures, changes without one. So a cache
    # must not take the tag for all that was told, and If-None-Match is not answered with 304.
    response.headers["Cache-Control"] = "no-store"
    return response
