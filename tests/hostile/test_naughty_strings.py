"""Every text field takes every naughty string, or its function refuses it by name; what it takes comes back byte for byte."""

import asyncio
import itertools
import os
from typing import Any

import pytest

from shared.runtime.catalogue import Manifest
from tests.functional.harness import Reply
from tests.functional.protocols import Protocol, called, caller_of, entry_of, example_of, outcome_of, speak
from tests.hostile.fields import Path, text_paths, with_text
from tests.hostile.material import naughty_strings, needs_hostile_files
from tests.hostile.refusals import ANSWERED, SECONDS, keeps_to_itself

pytestmark = needs_hostile_files

IS_FULL = os.environ.get("TEST_SIZE") == "full"
STRINGS = 515


def _cases(paths: list[Path]) -> list[tuple[Path, str]]:
    """At full size every string in every field; else every string once, the fields taking turns, so that each meets many."""
    if IS_FULL:
        return list(itertools.product(paths, naughty_strings()))
    return list(zip(itertools.cycle(paths), naughty_strings(), strict=False)) if paths else []


def _echoes(answer: Any, name: str) -> list[str]:
    """Every text that the answer holds under that name."""
    if isinstance(answer, list):
        return [found for item in answer for found in _echoes(item, name)]
    if not isinstance(answer, dict):
        return []
    own = [answer[name]] if isinstance(answer.get(name), str) else []
    return own + [found for value in answer.values() for found in _echoes(value, name)]


def _check(reply: Reply, fields: dict[str, Any], path: Path, text: str) -> None:
    assert reply.status < 500, (path, text, reply.content)
    if reply.status >= 400:
        keeps_to_itself(reply, repr(fields).encode())
        return
    told = [echo for echo in _echoes(outcome_of(reply).result, str(path[-1])) if echo]
    # Names and titles lose the blanks around them, as people type them by accident; nothing else may change.
    # Fields of the same name elsewhere in the request hold texts of their own.
    sent = {text, text.strip(), *_echoes(fields, str(path[-1]))}
    wrong = [echo for echo in told if text.strip() and text.strip() in echo and echo not in sent]
    assert wrong == [], (path, text)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("manifest", called(), ids=lambda manifest: manifest.name)
async def test_a_function_takes_naughty_strings_or_says_why_not(manifest: Manifest, protocol: Protocol) -> None:
    request = example_of(manifest.name)["request"]
    paths = text_paths(entry_of(manifest.name).contract.request)
    for path, text in _cases(paths):
        fields = with_text(request, path, text)
        async with asyncio.timeout(SECONDS):
            reply = await speak(manifest.name, protocol, fields, caller_of(manifest))
        _check(reply, fields, path, text)
        ANSWERED["naughty strings"] += 1


async def test_a_bots_texts_come_back_byte_for_byte() -> None:
    for text in naughty_strings():
        draft = {"bot_id": "bot", "name": "Naughty", "description": text, "instructions": text}
        saved = outcome_of(await speak("update_bot", Protocol.REST, draft, "alice"))
        read = outcome_of(await speak("get_bot", Protocol.CALLABLE, {"bot_id": "bot"}, "alice"))
        assert [(one.result["description"], one.result["instructions"]) for one in (saved, read)] == [(text, text)] * 2


def test_the_list_is_whole() -> None:
    assert len(naughty_strings()) == STRINGS
