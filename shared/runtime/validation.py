"""From JSON to a request model: strict about types, and an error that names the field and what it should be."""

from collections.abc import Hashable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, to_json, to_jsonable_python

from shared.core.errors import InvalidArgumentError

Request = TypeVar("Request", bound=BaseModel)

_SHOWN_PROBLEMS = 5
# The name of an unknown field is the caller's own text, and it stands in our log.
_SHOWN_NAME_CHARACTERS = 100


def validate(model: type[Request], fields: Mapping[str, Any]) -> Request:
    """The request, its types as JSON has them ("1" is no number). Raises InvalidArgumentError for the fields at fault."""
    # Strictness differs by source: a JSON text may spell an enum or a date, a Python value must be one already.
    try:
        return model.model_validate_json(to_json(fields), strict=True)
    except ValidationError as error:
        raise _named(error.errors(include_url=False, include_input=False, include_context=False)) from error


def read_message(model: type[Request], body: str) -> Request:
    """A stage's message; fields of the next release are passed over. Raises InvalidArgumentError."""
    try:
        return model.model_validate_json(body, extra="ignore")
    except ValidationError as error:
        raise _named(error.errors(include_url=False, include_input=False, include_context=False)) from error


def read_parameter(model: type[BaseModel], name: str, text: str) -> Any:
    """A path or query parameter as the JSON value that its field's type makes of the text; as it is for an unknown field.

    Raises InvalidArgumentError naming the parameter.
    """
    field = model.model_fields.get(name)
    if field is None or not isinstance(field.annotation, Hashable):
        return text
    try:
        return to_jsonable_python(_adapter(field.annotation).validate_strings(text))
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        raise _named([{**problem, "loc": (name,)} for problem in problems]) from error


@cache
def _adapter(annotation: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("Any", annotation))


# The input itself never becomes part of the message: it may be a secret that was put into the wrong field.
def _named(problems: Sequence[ErrorDetails]) -> InvalidArgumentError:
    sentences = [_sentence(problem) for problem in problems[:_SHOWN_PROBLEMS]]
    return InvalidArgumentError(" ".join(sentences), field=_path(problems[0]))


def _sentence(problem: ErrorDetails) -> str:
    path = _path(problem)
    if problem["type"] == "missing":
        return f"{path} is required."
    if problem["type"] == "extra_forbidden":
        return f"{path} is not a field of this function."
    return f"{path}: {problem['msg']}."


def _path(problem: ErrorDetails) -> str:
    return ".".join(str(part)[:_SHOWN_NAME_CHARACTERS] for part in problem["loc"]) or "data"
