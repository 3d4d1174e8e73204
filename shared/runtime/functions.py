"""What a function's `main.py` imports: one decorator a kind of trigger; everything else stands in its function.yaml.

Each takes the use case and answers the entry point that functions-framework serves.
"""

import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, cast

from functions_framework import aio
from starlette.requests import Request
from starlette.responses import Response

from shared.core.errors import InternalError
from shared.runtime import catalogue
from shared.runtime.call import Call, Delivery, ObjectFinalized
from shared.runtime.catalogue import Manifest
from shared.runtime.contract import Contract, UseCase, read_contract
from shared.runtime.events import EventFunction, expects_notice
from shared.runtime.http import HttpFunction
from shared.runtime.limits import HourlyLimit, NetworkLimit

__all__ = [
    "Call",
    "Delivery",
    "EntryPoint",
    "ObjectFinalized",
    "callable_function",
    "entry_point",
    "schedule_function",
    "stage_function",
    "storage_function",
    "stream_function",
]


class EntryPoint(Protocol):
    """What a decorator answers: the served function, with the use case, its contract and its manifest to be read."""

    use_case: UseCase
    contract: Contract
    manifest: Manifest

    async def __call__(self, request: Request) -> Response:
        """The reply to one request."""
        ...


def callable_function(use_case: UseCase) -> EntryPoint:
    """A coroutine function that a person calls: as a Firebase callable, and at its REST route."""
    return _declared(use_case, "http")


def stream_function(use_case: UseCase) -> EntryPoint:
    """An async generator function that a person calls: it yields events and, last, its result."""
    return _declared(use_case, "http", stream=True)


def stage_function(use_case: UseCase) -> EntryPoint:
    """A coroutine function that takes a topic's messages."""
    return _declared(use_case, "topic")


def storage_function(use_case: UseCase) -> EntryPoint:
    """A coroutine function that takes the bucket's notices of whole objects."""
    return _declared(use_case, "storage")


def schedule_function(use_case: UseCase) -> EntryPoint:
    """A coroutine function that Cloud Scheduler calls."""
    return _declared(use_case, "schedule")


def entry_point(manifest: Manifest, use_case: UseCase) -> EntryPoint:
    """The use case behind the layers that its manifest asks for. Raises InternalError where the two do not fit."""
    contract = read_contract(use_case)
    _require(manifest, use_case, contract)
    respond = _responder(manifest, contract)

    # functions-framework serves plain functions alone, so a bound method needs this wrapper.
    @functools.wraps(use_case)
    async def entry(request: Request) -> Response:
        return await respond(request)

    # The gateway, the tests and whatever is generated from the functions read these instead of the source.
    vars(entry).update(use_case=use_case, contract=contract, manifest=manifest)
    return cast("EntryPoint", aio.http(entry))


def _declared(use_case: UseCase, trigger: str, *, stream: bool = False) -> EntryPoint:
    manifest = catalogue.read(use_case.__name__)
    if getattr(manifest.trigger, trigger) is None or manifest.stream is not stream:
        raise InternalError(f"{manifest.name}: its decorator is for {trigger}, stream: {stream}; function.yaml differs")
    return entry_point(manifest, use_case)


def _responder(manifest: Manifest, contract: Contract) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    trigger = manifest.trigger.http
    if trigger is None:
        return EventFunction(manifest, contract).respond
    hourly = HourlyLimit(manifest.name, trigger.calls_per_hour) if trigger.calls_per_hour else None
    return HttpFunction(manifest, contract, trigger, NetworkLimit(trigger.calls_per_minute), hourly).respond


def _require(manifest: Manifest, use_case: UseCase, contract: Contract) -> None:
    """What decoration can know already, so that a function that cannot work does not start."""
    right_kind = inspect.isasyncgenfunction if manifest.stream else inspect.iscoroutinefunction
    if not right_kind(use_case):
        raise InternalError(f"{manifest.name}: it must be an async {'generator' if manifest.stream else 'function'}")
    context = Call if manifest.trigger.http else Delivery
    # A stage has no caller and a call no delivery: to ask for the wrong one is found here, not by a person.
    if wrong := ({Call, Delivery} - {context}) & set(contract.positional):
        raise InternalError(f"{manifest.name}: it cannot take {wrong.pop().__name__}, but {context.__name__}")
    if (manifest.trigger.storage is not None) is not expects_notice(contract):
        raise InternalError(f"{manifest.name}: ObjectFinalized belongs to a storage trigger, and to it alone")
    if manifest.conditional and "version" not in (contract.result.model_fields if contract.result else {}):
        raise InternalError(f"{manifest.name}: conditional needs a result with a version")
    if manifest.trigger.http and (missing := set(manifest.trigger.http.path_parameters) - set(contract.request.model_fields)):
        raise InternalError(f"{manifest.name}: the route's {sorted(missing)} is no field of its request")
