"""What is wrong with a field, as a person may read it: pydantic's problems in sentences that name the field and the rule."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import ErrorDetails

from shared.domain.base import SPELLINGS

# The name of an unknown field is the caller's own text, and it stands in our log.
_SHOWN_NAME_CHARACTERS = 100

_RULES: Mapping[str, str] = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this function",
    "string_type": "must be text",
    "string_too_short": "must have at least {min_length} character(s)",
    "string_too_long": "may have at most {max_length} characters",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "too_short": "must have at least {min_length} item(s)",
    "too_long": "may have at most {max_length} item(s)",
}
# Our own validators of a whole model say which of its fields they mean.
_ABOUT = re.compile(r"(?P<field>[a-z_][\w.]*): (?P<rule>.+)", re.DOTALL)


def field_of(problem: ErrorDetails) -> str:
    """The way to the field, its parts joined by dots; `data` where it is the request as a whole."""
    path = [str(part)[:_SHOWN_NAME_CHARACTERS] for part in problem["loc"]]
    if problem["type"] == "value_error" and (about := _ABOUT.fullmatch(_own_words(problem))):
        path.append(about["field"])
    return ".".join(path) or "data"


def sentence_of(problem: ErrorDetails) -> str:
    """One sentence; the input itself never stands in it, since it may be a secret that was put into the wrong field."""
    return f"{field_of(problem)} {_rule(problem)}."


def _rule(problem: ErrorDetails) -> str:
    context: Mapping[str, Any] = problem.get("ctx", {})
    if problem["type"] == "value_error":
        words = _own_words(problem)
        about = _ABOUT.fullmatch(words)
        return about["rule"] if about else words
    if problem["type"] == "string_pattern_mismatch":
        return f"must be {SPELLINGS.get(context['pattern'], 'spelled otherwise')}"
    if problem["type"] in _RULES:
        return _RULES[problem["type"]].format_map(context)
    return f"is wrong: {problem['msg'][:1].lower()}{problem['msg'][1:]}"


def _own_words(problem: ErrorDetails) -> str:
    return problem["msg"].removeprefix("Value error, ")
