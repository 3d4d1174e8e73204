"""JSON out of a model: told the schema, found in what it writes, checked, and asked for once more with what was wrong."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from math import isfinite
from typing import Any, NoReturn

from pydantic import JsonValue

from shared.agent.containment import Containment
from shared.agent.schemas import LARGEST, MOST_DEPTH, depth_of, faults
from shared.agent.writing import Writer
from shared.core.errors import FailedPreconditionError
from shared.domain.conversation import Message, Role
from shared.domain.prompt import Prompt
from shared.domain.task import Written

_MOST_BEGINNINGS = 50

RULE = """\
Answer with one JSON value that fits this JSON Schema, and with nothing else: no explanation, no Markdown.
{schema}"""
_AGAIN = """\
That answer cannot be used:
{wrong}
Answer again with the whole corrected JSON value and nothing else."""

_FENCED = re.compile(r"```[A-Za-z0-9]*[ \t]*\n(.*?)```", re.DOTALL)
_BEGINNING = re.compile(r"[\[{]")


class _UnusableError(Exception):
    """What a model wrote is no JSON, or JSON that does not fit; the sentences are for the model."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong


class Extraction:
    """One JSON value to be written; `sources` are the texts whose addresses may stand in it."""

    def __init__(self, prompt: Prompt, schema: Mapping[str, Any], sources: Sequence[str]) -> None:
        self._prompt = prompt
        self._schema = schema
        self._sources = sources

    async def run(self, writer: Writer) -> Written:
        """The value; raises FailedPreconditionError where the model's second answer does not fit either."""
        text = await writer.write(self._prompt)
        try:
            return await self._read(text)
        except _UnusableError as error:
            again = await writer.write(self._repair(text, error.wrong))
        try:
            return await self._read(again)
        except _UnusableError as error:
            message = f"The model's answer did not fit the schema, nor did its second one: {error.wrong[0]}"
            raise FailedPreconditionError(message, field="model") from error

    def _repair(self, text: str, wrong: Sequence[str]) -> Prompt:
        said = (Message(role=Role.USER, text=self._prompt.user), Message(role=Role.ASSISTANT, text=text))
        user = _AGAIN.format(wrong="\n".join(f"- {sentence}" for sentence in wrong))
        return self._prompt.model_copy(update={"history": said, "user": user, "question": user, "search_query": user})

    async def _read(self, text: str) -> Written:
        value = self._contained(find_json(text))
        # In a thread, since a check may take seconds; the loop serves others meanwhile.
        wrong = await asyncio.to_thread(faults, self._schema, value)
        if wrong:
            raise _UnusableError(*wrong)
        return Written(text=json.dumps(value, ensure_ascii=False, indent=2), output=value)

    def _contained(self, value: JsonValue) -> JsonValue:
        if isinstance(value, dict):
            return {self._text(name): self._contained(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._contained(item) for item in value]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        containment = Containment(sources=self._sources)
        return containment.feed(text) + containment.close()


def find_json(text: str) -> JsonValue:
    """The JSON value that the text is, or that stands in it between fences or words. Raises _UnusableError."""
    for candidate in (text, *_FENCED.findall(text)):
        try:
            return _parsed(candidate)
        except ValueError:
            continue
    for beginning in islice(_BEGINNING.finditer(text), _MOST_BEGINNINGS):
        try:
            return _parsed(text, beginning.start())
        except ValueError:
            continue
    raise _UnusableError("it holds no JSON value")


def _parsed(text: str, start: int | None = None) -> JsonValue:
    """Raises ValueError for what is no JSON, or JSON that no store and no other reader would hold."""
    decoder = json.JSONDecoder(parse_int=_number, parse_float=_number, parse_constant=_constant)
    try:
        value: JsonValue = decoder.decode(text) if start is None else decoder.raw_decode(text, start)[0]
        json.dumps(value, ensure_ascii=False).encode("utf-8")
        if depth_of(value) > MOST_DEPTH:
            raise ValueError("too deep")
    except RecursionError as error:
        raise ValueError("too deep") from error
    return value


def _number(text: str) -> int | float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("too large")
    return int(text) if text.lstrip("-").isdigit() and abs(number) < LARGEST else number


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
