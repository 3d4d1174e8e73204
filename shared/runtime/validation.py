"""From JSON to a request model: strict about types, and an error that names the field and what it should be."""

from collections.abc import Hashable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, to_json, to_jsonable_python

from shared.core.errors import InvalidArgumentError
from shared.runtime.sentences import field_of, sentence_of

Request = TypeVar("Request", bound=BaseModel)

_SHOWN_PROBLEMS = 5


def validate(model: type[Request], fields: Mapping[str, Any]) -> Request:
    """The request, its types as JSON has them ("1" is no number). Raises InvalidArgumentError for the fields at fault."""
    # Strictness differs by source: a JSON text may spell an enum or a date, a Python value must be one already.
    try:
        return model.model_validate_json(to_json(fields), strict=True)
    except ValidationError as error:
        raise _named(_problems(error)) from error


def read_message(model: type[Request], body: str) -> Request:
    """A stage's message; fields of the next release are passed over. Raises InvalidArgumentError."""
    try:
        return model.model_validate_json(body, extra="ignore")
    except ValidationError as error:
        raise _named(_problems(error)) from error


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
        raise _named([{**problem, "loc": (name,)} for problem in _problems(error)]) from error


@cache
def _adapter(annotation: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("Any", annotation))


def _problems(error: ValidationError) -> list[ErrorDetails]:
    # The input itself is left out, so that no sentence can repeat it.
    return error.errors(include_url=False, include_input=False)


def _named(problems: Sequence[ErrorDetails]) -> InvalidArgumentError:
    sentences = [sentence_of(problem) for problem in problems[:_SHOWN_PROBLEMS]]
    return InvalidArgumentError(" ".join(sentences), field=field_of(problems[0]))
