"""The two ways to speak to one function: the Firebase callable protocol at its own URL, and REST at its route."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from shared.core.errors import InvalidArgumentError, SynapseError
from shared.runtime import gateway, replies, strict_json
from shared.runtime.catalogue import HttpTrigger, Manifest
from shared.runtime.replies import MethodNotAllowedError, UnsupportedMediaTypeError
from shared.runtime.validation import read_parameter

Fields = dict[str, Any]

# RFC 9110 gives such a body no meaning, and proxies drop it: to refuse it is better than to lose it.
_BODILESS = frozenset({"GET", "DELETE"})
_ENVELOPE = frozenset({"data"})


class Dialect(Protocol):
    """How a request is read and a reply is written."""

    @property
    def streams(self) -> bool:
        """Whether the caller waits for events."""
        ...

    def fields(self, request: Request, body: bytes, model: type[BaseModel], /) -> Fields:
        """The request's fields as JSON values; the model says what a parameter's text means. Raises InvalidArgumentError."""
        ...

    def answer(self, answer: bytes | None) -> Response:
        """The reply to a call that came through; the answer is JSON, None for a use case that answers nothing."""
        ...

    def refusal(self, error: SynapseError) -> Response:
        """The reply to a call that did not."""
        ...


@dataclass(frozen=True)
class Callable:
    """The Firebase callable protocol; `streams` is the client's wish, which even a unary function must then honour."""

    streams: bool

    def fields(self, request: Request, body: bytes, _: type[BaseModel], /) -> Fields:
        """The members of `data`, typed integers decoded; null stands for none."""
        if request.method != "POST":
            raise MethodNotAllowedError("POST")
        _require_json(request)
        envelope = strict_json.parse(body)
        if not isinstance(envelope, dict) or "data" not in envelope:
            raise InvalidArgumentError('The body must be an object {"data": ...}.', field="data")
        if extra := sorted(envelope.keys() - _ENVELOPE):
            raise InvalidArgumentError(f"The body holds data alone, not {extra[0][:100]}.", field=extra[0][:100])
        # Few clients send typed integers, so only a body that may hold one is walked.
        data = strict_json.decode_int64(envelope["data"], "data") if b'"@type"' in body else envelope["data"]
        return _members(data, "data")

    def answer(self, answer: bytes | None) -> Response:
        """200 with the answer under `result`."""
        return Response(b'{"result":' + (answer or b"null") + b"}", media_type="application/json")

    def refusal(self, error: SynapseError) -> Response:
        """The error's status, and the error under `error`, as an event where events are awaited."""
        return replies.stream_refusal(error) if self.streams else replies.callable_refusal(error)


@dataclass(frozen=True)
class Rest:
    """Plain JSON at a route; path and query parameters are fields like the body's."""

    trigger: HttpTrigger
    parameters: Mapping[str, str]
    streams: bool

    def fields(self, request: Request, body: bytes, model: type[BaseModel], /) -> Fields:
        """The body's members with the parameters, none of which may be given twice."""
        if request.method != self.trigger.method:
            raise MethodNotAllowedError(self.trigger.method)
        fields = self._body_fields(request, body)
        for name, text in [*request.query_params.multi_items(), *self.parameters.items()]:
            # Which of two values counts would be a secret of ours; a caller who checks one of them would be deceived.
            if name in fields:
                raise InvalidArgumentError(f"{name[:100]} is given twice.", field=name[:100])
            fields[name] = read_parameter(model, name, text)
        return fields

    def _body_fields(self, request: Request, body: bytes) -> Fields:
        if not body:
            return {}
        if self.trigger.method in _BODILESS:
            raise InvalidArgumentError(f"A {self.trigger.method} request has no body.", field="body")
        _require_json(request)
        return _members(strict_json.parse(body), "body")

    def answer(self, answer: bytes | None) -> Response:
        """The answer as it is, or 204 for none."""
        if answer is None:
            return Response(status_code=204)
        return Response(answer, self.trigger.success, media_type="application/json")

    def refusal(self, error: SynapseError) -> Response:
        """Problem details, or the error as an event where events are awaited."""
        return replies.stream_refusal(error) if self.streams else replies.problem(error)


def dialect_of(request: Request, manifest: Manifest) -> Dialect | None:
    """What the request speaks, by its path below the function's address; None where the function has no such path."""
    trigger = manifest.trigger.http
    path = gateway.path_below(request)
    wants_stream = "text/event-stream" in request.headers.get("accept", "")
    if not path:
        return Callable(streams=wants_stream)
    match = trigger and _template(trigger.path).fullmatch(f"/{path}")
    if trigger is None or not match:
        return None
    # The SDK waits for events at a unary function too; a REST client that merely accepts them is better served by plain JSON.
    return Rest(trigger, match.groupdict(), streams=wants_stream and manifest.stream)


def _template(path: str) -> re.Pattern[str]:
    """A pattern with a named group a parameter; `re` keeps the compiled ones."""
    return re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path))


def _require_json(request: Request) -> None:
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    # Browsers and SDKs add the charset; another one than UTF-8 would be misread rather than refused further on.
    charset = re.search(r"charset=\"?([\w-]+)", parameters.lower())
    if kind.strip().lower() != "application/json" or (charset and charset[1] not in {"utf-8", "utf8"}):
        raise UnsupportedMediaTypeError


def _members(value: Any, field: str) -> Fields:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidArgumentError(f"{field} must be an object.", field=field)
    return value
