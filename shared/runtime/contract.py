"""A use case's signature is its contract: the request model, what it learns of the caller, the ports it needs, its answer."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel

from shared.core.errors import InternalError
from shared.domain.base import Model
from shared.domain.events import Event
from shared.runtime import wiring
from shared.runtime.call import Call, Context, Delivery

UseCase = Callable[..., Any]


class NoFields(Model):
    """The request of a function that takes none."""


@dataclass(frozen=True)
class Contract:
    """One use case, read once at decoration; `result` is null for one that answers nothing."""

    use_case: UseCase
    request: type[BaseModel]
    positional: tuple[Any, ...]
    ports: Mapping[str, Any]
    result: type[BaseModel] | None
    events: tuple[type[Event], ...] = ()

    def invoke(self, request: BaseModel, context: Context | None) -> Any:
        """Call the use case with its ports; returns what it returns, a coroutine or an async generator."""
        # Ports are asked for at each call: they belong to the event loop that serves it.
        arguments = [context if annotation in (Call, Delivery) else request for annotation in self.positional]
        return self.use_case(*arguments, **{name: wiring.provide(port) for name, port in self.ports.items()})


def read_contract(use_case: UseCase) -> Contract:
    """The contract of a use case. Raises InternalError naming the parameter that nothing can fill."""
    hints = get_type_hints(use_case)
    parameters = inspect.signature(use_case).parameters.values()
    named = {parameter.name: parameter for parameter in parameters}
    positional = tuple(_filled(use_case, name, hints) for name, one in named.items() if one.kind is not one.KEYWORD_ONLY)
    ports = {name: _wired(use_case, name, hints) for name, one in named.items() if one.kind is one.KEYWORD_ONLY}
    requests = [annotation for annotation in positional if annotation not in (Call, Delivery)]
    results, events = _outputs(hints.get("return"))
    if len(requests) > 1 or len(results) > 1:
        raise InternalError(f"{use_case.__name__}: one request model and one result, not {requests} and {results}")
    return Contract(
        use_case=use_case,
        request=requests[0] if requests else NoFields,
        positional=positional,
        ports=ports,
        result=results[0] if results else None,
        events=events,
    )


def _filled(use_case: UseCase, name: str, hints: Mapping[str, Any]) -> Any:
    annotation = hints.get(name)
    if annotation in (Call, Delivery) or _is_model(annotation):
        return annotation
    raise InternalError(f"{use_case.__name__}: parameter {name} is neither a model, nor Call, nor Delivery")


def _wired(use_case: UseCase, name: str, hints: Mapping[str, Any]) -> Any:
    annotation = hints.get(name)
    # Refused at decoration rather than at the first call: a function that cannot work must not start.
    if wiring.is_known(annotation):
        return annotation
    raise InternalError(f"{use_case.__name__}: no port is wired for parameter {name}: {annotation}")


def _outputs(annotation: Any) -> tuple[list[type[BaseModel]], tuple[type[Event], ...]]:
    models = [leaf for leaf in _leaves(annotation) if _is_model(leaf)]
    events = tuple(model for model in models if issubclass(model, Event))
    return [model for model in models if not issubclass(model, Event)], events


def _leaves(annotation: Any) -> list[Any]:
    """The types inside unions and iterators; a parametrised model such as Page[Bot] is a class, and so a leaf."""
    if _is_model(annotation):
        return [annotation]
    return [leaf for argument in get_args(annotation) for leaf in _leaves(argument)]


def _is_model(annotation: Any) -> bool:
    return inspect.isclass(annotation) and issubclass(annotation, BaseModel)
