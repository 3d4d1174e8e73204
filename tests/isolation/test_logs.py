"""What people send and what is secret stays out of the log, whichever function they call, however the call ends."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest

from shared.core import log
from shared.ports.identity import Identity
from shared.runtime.catalogue import Manifest
from shared.runtime.wiring import bound
from tests.functional.example_world import ExampleWorld
from tests.functional.protocols import Protocol, called, example_of, speak
from tests.memory.identity import ALICE, MemoryIdentity

TOKEN = "eyJhbGciOiJub25lIn0.a-token-that-must-not-be-logged"
# Ids and counts may be logged, and must be, to find one's way; what a person wrote may not.
_LONG = 12


@pytest.fixture
def lines() -> Iterator[StringIO]:
    """Everything that is logged while the test runs."""
    stream = StringIO()
    log.configure(stream)
    yield stream
    log.logger.handlers.clear()


@pytest.fixture(autouse=True)
def world() -> Iterator[None]:
    identity = MemoryIdentity()
    identity.callers[TOKEN] = ALICE
    with ExampleWorld().running(), bound({Identity: identity}):
        yield


def _private(value: Any) -> Iterator[str]:
    """Texts with a blank in them, which no id or code has, and every password, token and key."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str) and any(word in name for word in ("password", "token", "api_key")) and name != "token_type":
                yield inner
            yield from _private(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _private(inner)
    elif isinstance(value, str) and " " in value and len(value) >= _LONG:
        yield value


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("manifest", called(), ids=lambda manifest: manifest.name)
async def test_no_text_and_no_secret_is_logged(manifest: Manifest, protocol: Protocol, lines: StringIO) -> None:
    example = example_of(manifest.name)
    for request in (example["request"], example["request"] | {"of_no_use": "what nobody asked for"}):
        await speak(manifest.name, protocol, request, TOKEN)
    logged = lines.getvalue()
    assert '"function": "' + manifest.name in logged
    told = [text for text in [TOKEN, *_private(example)] if text in logged or json.dumps(text)[1:-1] in logged]
    assert told == []


async def test_the_measure_finds_what_is_logged(lines: StringIO) -> None:
    log.configure(lines)
    log.logger.info("asked", extra={"question": "What do blue whales eat?"})
    assert list(_private({"message": "What do blue whales eat?"})) == ["What do blue whales eat?"]
    assert "What do blue whales eat?" in lines.getvalue()
