"""API Gateway's mark on the calls that it hands on: a first part of the path, `via-KEY`, which nobody else knows.

It can be given no header to add, and the caller's token needs Authorization; the path of a backend's address is what is left.
https://docs.cloud.google.com/api-gateway/docs/passing-data
"""

import re
import secrets

from starlette.requests import Request

from shared.core.settings import Settings

_MARK = re.compile(r"^/*via-([A-Za-z0-9-]+)/")


def path_below(request: Request) -> str:
    """The path below the function's address, without the mark, whether or not the key in it is right: it opens nothing."""
    return _MARK.sub("", request.path_params.get("path", ""))


def has_handed_on(request: Request, settings: Settings) -> bool:
    """Whether the request comes from our API Gateway."""
    mark = _MARK.match(request.path_params.get("path", ""))
    # Two empty texts would be equal, and an environment without a key has no gateway to believe.
    return mark is not None and bool(settings.gateway_key) and secrets.compare_digest(mark[1], settings.gateway_key)
