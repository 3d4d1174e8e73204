"""Errors on the wire: the callable protocol's object and RFC 9457's problem details, with the HTTP status of each code."""

import json
import math
from typing import Any

from starlette.responses import JSONResponse, Response

from shared.core import log
from shared.core.errors import Code, InvalidArgumentError, NotFoundError, SynapseError, VersionMismatchError

STATUS = {
    Code.INVALID_ARGUMENT: 400,
    Code.FAILED_PRECONDITION: 400,
    Code.UNAUTHENTICATED: 401,
    Code.PERMISSION_DENIED: 403,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.ABORTED: 409,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.CANCELLED: 499,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DEADLINE_EXCEEDED: 504,
}
"""The callable protocol's map, which clients reverse where they have only the status."""

# Not DEADLINE_EXCEEDED: the same request would most likely take as long again.
_COMES_BACK = frozenset({Code.ABORTED, Code.RESOURCE_EXHAUSTED, Code.UNAVAILABLE})
_OURS = "Something went wrong on our side. Quote the correlation id when you report it."


class UnknownRouteError(NotFoundError):
    """No function answers at that path."""


class MethodNotAllowedError(InvalidArgumentError):
    """The path is right and the verb is not; `allowed` is the one that is."""

    def __init__(self, allowed: str) -> None:
        super().__init__(f"Call this address with {allowed}.", field="method")
        self.allowed = allowed


class BodyTooLargeError(InvalidArgumentError):
    """The body passes the function's limit; no more of it was read."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"The body may have at most {limit_bytes} bytes.", field="body")


class UnsupportedMediaTypeError(InvalidArgumentError):
    """The body is announced as something other than JSON in UTF-8."""

    def __init__(self) -> None:
        super().__init__("The Content-Type must be application/json in UTF-8.", field="Content-Type")


_HTTP_ONLY: dict[type[SynapseError], int] = {
    MethodNotAllowedError: 405,
    BodyTooLargeError: 413,
    UnsupportedMediaTypeError: 415,
    VersionMismatchError: 412,
}


def status_of(error: SynapseError) -> int:
    """The HTTP status that tells of this error."""
    return _HTTP_ONLY.get(type(error), STATUS[error.code])


def headers_of(error: SynapseError) -> dict[str, str]:
    """The headers that a status obliges to: what to send instead, or when to come back."""
    if isinstance(error, MethodNotAllowedError):
        return {"Allow": error.allowed}
    if error.code is Code.UNAUTHENTICATED:
        return {"WWW-Authenticate": "Bearer"}
    # A precondition that failed fails again; what comes back is what another's write was only in the way of.
    if error.code in _COMES_BACK and not isinstance(error, VersionMismatchError):
        # A full stock does not empty by itself: only a limit that says when it ends asks the client back.
        if error.code is Code.RESOURCE_EXHAUSTED and error.retry_after_seconds is None:
            return {}
        return {"Retry-After": str(max(1, math.ceil(error.retry_after_seconds or 1)))}
    return {}


def callable_error(error: SynapseError) -> dict[str, Any]:
    """The object under `error` in the callable protocol."""
    # The SDK hands `details` to its page as they are: a form marks the field, a retry waits, a report quotes the id.
    details: dict[str, Any] = {"correlation_id": log.correlation_id()}
    if error.field is not None:
        details["field"] = error.field
    if error.retry_after_seconds is not None:
        details["retry_after_seconds"] = error.retry_after_seconds
    return {"status": error.code.value, "message": shown(error), "details": details}


def callable_refusal(error: SynapseError) -> JSONResponse:
    """The whole reply of a refused callable."""
    return JSONResponse({"error": callable_error(error)}, status_of(error), headers_of(error))


def error_frame(error: SynapseError) -> bytes:
    """The last event of a stream that failed."""
    return b"data: " + json.dumps({"error": callable_error(error)}).encode() + b"\n\n"


def stream_refusal(error: SynapseError) -> Response:
    """The whole reply to a refused stream: the SDK reads its events whatever the status, and nothing else."""
    return Response(error_frame(error), status_of(error), headers_of(error), media_type="text/event-stream")


def problem(error: SynapseError) -> JSONResponse:
    """The whole reply of a refused REST call: application/problem+json."""
    status = status_of(error)
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": error.code.value.replace("_", " ").capitalize(),
        "status": status,
        "detail": shown(error),
        "code": error.code.value,
        "correlation_id": log.correlation_id(),
    }
    if error.field is not None:
        content["field"] = error.field
    return JSONResponse(content, status, headers_of(error), media_type="application/problem+json")


def shown(error: SynapseError) -> str:
    """The sentence for the caller; a defect's own words stay in the log."""
    return _OURS if error.code is Code.INTERNAL else error.message
