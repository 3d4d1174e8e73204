"""Cross-origin rules: a browser may call from the origins that the environment allows, always by token, never by cookie."""

from starlette.requests import Request
from starlette.responses import Response

from shared.core.settings import Settings

_METHODS = "GET, POST, PUT, DELETE"
_EXPOSED = "Retry-After, X-Correlation-Id, ETag"
# Every call of a page would otherwise be two requests; an hour is soon enough for a change of the origins to be seen.
_PREFLIGHT_SECONDS = "3600"


def preflight(request: Request, settings: Settings) -> Response:
    """The answer to OPTIONS: what the page asked to send is allowed, if its origin is."""
    response = Response(status_code=204)
    if allow(request, response, settings):
        response.headers["Access-Control-Allow-Methods"] = _METHODS
        # Echoed rather than listed: tracing libraries add headers of their own, and it is the token that decides.
        response.headers["Access-Control-Allow-Headers"] = request.headers.get("access-control-request-headers", "*")
        response.headers["Access-Control-Max-Age"] = _PREFLIGHT_SECONDS
        response.headers.add_vary_header("Access-Control-Request-Headers")
    return response


def allow(request: Request, response: Response, settings: Settings) -> bool:
    """Let the calling page read the response, if its origin is allowed; whether it is."""
    # Without cookies a foreign page can send only what it holds itself, so even "*" gives nothing away.
    origin = request.headers.get("origin")
    allowed = [entry.strip() for entry in settings.allowed_origins.split(",")]
    # A cache on the way must not hand one origin's permission to another.
    if "*" not in allowed:
        response.headers.add_vary_header("Origin")
    if origin is None or not ("*" in allowed or origin in allowed):
        return False
    response.headers["Access-Control-Allow-Origin"] = "*" if "*" in allowed else origin
    response.headers["Access-Control-Expose-Headers"] = _EXPOSED
    return True
