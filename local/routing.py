"""Decides which function a request is for, and shows the function the path that it would see in the cloud."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from secrets import compare_digest
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.core.errors import Code
from shared.core.ids import new_id
from shared.runtime.catalogue import HttpTrigger, Manifest

_CODES = {403: Code.PERMISSION_DENIED, 404: Code.NOT_FOUND, 405: Code.INVALID_ARGUMENT}
READY_PATH = "/_gateway/ready"
PUSH_PREFIX = "/_push/"
REST_PREFIX = "/api/v1/"


@dataclass(frozen=True)
class Destination:
    """A function's app and the path under which it is called."""

    app: ASGIApp
    path: str


def problem(status: int, title: str, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """The refusal of what never reaches a function, in the form of a function's own."""
    correlation_id = new_id()
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    body |= {"code": _CODES[status].value, "correlation_id": correlation_id}
    return JSONResponse(body, status, {**(headers or {}), "X-Correlation-Id": correlation_id}, "application/problem+json")


class RestRoutes:
    """Method and path template to function, as API Gateway routes by the OpenAPI document."""

    def __init__(self, manifests: Iterable[Manifest]) -> None:
        called = [(manifest.trigger.http, manifest.name) for manifest in manifests if manifest.trigger.http]
        # A path without parameters wins over one with: `child-bots/draft` is not the bot named draft.
        ordered = sorted(called, key=lambda entry: (len(entry[0].path_parameters), entry[0].path))
        self._routes = [(compile_path(http.path)[0], http, name) for http, name in ordered]

    def find(self, method: str, path: str) -> str | Response:
        """The function's name, or the refusal: 404 for an unknown path, 405 for a known one with another method."""
        matching: list[tuple[HttpTrigger, str]] = [(http, name) for pattern, http, name in self._routes if pattern.match(path)]
        if not matching:
            return problem(404, "Not Found", f"No function answers {path}.")
        if found := next((name for http, name in matching if http.method == method), None):
            return found
        allowed = ", ".join(sorted({http.method for http, _ in matching}))
        return problem(405, "Method Not Allowed", f"{path} answers {allowed}.", {"Allow": allowed})


class Router:
    """The gateway's ASGI app: function URLs, REST routes, and push URLs that carry the run's token; all else goes to the page.

    `place` is what precedes a function's name in its URL: project and region.
    """

    def __init__(self, functions: Mapping[Manifest, ASGIApp], place: str, *, token: str, page: ASGIApp | None = None) -> None:
        self._apps = {manifest.name: app for manifest, app in functions.items()}
        self._public = {manifest.name for manifest in functions if manifest.trigger.http}
        self._rest = RestRoutes(functions)
        self._functions_prefix = f"/{place}/"
        self._token = token
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to its function, or refuse it."""
        found = self._find(scope)
        if isinstance(found, Destination):
            # Starlette's mount would leave the full path in the scope, which a function never sees in the cloud.
            scope = {**scope, "path": found.path, "raw_path": quote(found.path).encode(), "root_path": ""}
            await found.app(scope, receive, send)
        else:
            await found(scope, receive, send)

    def _find(self, scope: Scope) -> Destination | ASGIApp:
        path = scope["path"]
        if path.startswith(REST_PREFIX):
            found = self._rest.find(_intended_method(Request(scope)), path)
            return Destination(self._apps[found], path) if isinstance(found, str) else found
        if path.startswith(self._functions_prefix):
            return self._by_url(path.removeprefix(self._functions_prefix))
        if path.startswith(PUSH_PREFIX):
            return self._by_push(path.removeprefix(PUSH_PREFIX))
        if path == READY_PATH:
            return Response(status_code=204)
        return self._page or problem(404, "Not Found", f"Nothing is served at {path}.")

    def _by_url(self, rest: str) -> Destination | ASGIApp:
        name, _, path = rest.partition("/")
        if name not in self._apps:
            return problem(404, "Not Found", f"No function is named {name}.")
        if name not in self._public:
            return problem(403, "Forbidden", f"{name} is called by Pub/Sub or Cloud Scheduler alone.")
        return Destination(self._apps[name], f"/{path}")

    def _by_push(self, rest: str) -> Destination | ASGIApp:
        token, _, name = rest.partition("/")
        if not compare_digest(token.encode(), self._token.encode()):
            return problem(403, "Forbidden", "The push URL does not carry this run's token.")
        if name not in self._apps or name in self._public:
            return problem(404, "Not Found", f"No stage or schedule is named {name}.")
        return Destination(self._apps[name], "/")


def push_path(token: str, name: str) -> str:
    """The path under which Pub/Sub and the scheduler reach a private function."""
    return f"{PUSH_PREFIX}{token}/{name}"


def _intended_method(request: Request) -> str:
    """A browser's preflight goes to the function that it prepares to call, which answers CORS itself."""
    if request.method == "OPTIONS":
        return request.headers.get("access-control-request-method", "OPTIONS")
    return request.method
