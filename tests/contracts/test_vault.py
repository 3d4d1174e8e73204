"""One suite for every vault: in memory, on a key file, and on Cloud KMS's wire format."""

import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from requests import Session

from shared.adapters.kms_vault import KmsVault
from shared.adapters.local_vault import LocalVault, add_key
from shared.core.errors import (
    DeadlineExceededError,
    FailedPreconditionError,
    InternalError,
    ResourceExhaustedError,
    SynapseError,
    UnavailableError,
)
from shared.domain.provider_key import Sealed
from shared.ports.vault import Vault
from tests.memory.vault import MemoryVault
from tests.wire.kms_format import KEY, FakeKms
from tests.wire.server import Reply, WireServer, json_reply, running

SECRET = b"sk-a-secret-of-alice"


@dataclass(frozen=True)
class Rotating:
    """A vault, and what its keeper does with its wrapping keys."""

    vault: Vault
    rotate: Callable[[], object]
    retire_first: Callable[[], object]


@pytest.fixture(params=["memory", "local", "kms"])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rotating]:
    if request.param == "memory":
        memory = MemoryVault()
        yield Rotating(memory, lambda: memory.rotate("second"), memory.wrapping_keys.pop)
    elif request.param == "local":
        path = tmp_path / "keys.json"
        add_key(path)
        yield Rotating(LocalVault(path), lambda: add_key(path), lambda: _only_newest(path))
    else:
        async with serving_kms() as (fake, vault, _):
            yield Rotating(vault, fake.rotate, lambda: fake.destroy(1))


@asynccontextmanager
async def serving_kms() -> AsyncIterator[tuple[FakeKms, KmsVault, WireServer]]:
    fake = FakeKms()
    async with running() as server:
        server.answer = fake.answer
        with Session() as session:
            yield fake, KmsVault(KEY, lambda: session, server.url), server


def _only_newest(path: Path) -> None:
    written = json.loads(path.read_bytes())
    path.write_text(json.dumps({"keys": written["keys"][:1]}), "utf-8")


@pytest.mark.parametrize("secret", [b"", b"x", SECRET, bytes(range(256)) * 2])
async def test_what_was_sealed_opens_with_its_context(kept: Rotating, secret: bytes) -> None:
    sealed = await kept.vault.seal(secret, "alice")

    opened = await kept.vault.open(sealed, "alice")

    assert (opened.plaintext, opened.is_current) == (secret, True)


async def test_a_seal_holds_nothing_of_its_secret(kept: Rotating) -> None:
    sealed = await kept.vault.seal(SECRET, "alice")

    assert SECRET not in b"".join((sealed.ciphertext, sealed.nonce, sealed.wrapped_key))
    assert SECRET.decode() not in repr(sealed)


async def test_an_opened_secret_does_not_show_itself(kept: Rotating) -> None:
    opened = await kept.vault.open(await kept.vault.seal(SECRET, "alice"), "alice")

    assert SECRET.decode() not in f"{opened} {opened!r}"


async def test_the_same_secret_is_sealed_differently_each_time(kept: Rotating) -> None:
    one, other = [await kept.vault.seal(SECRET, "alice") for _ in range(2)]

    assert one.ciphertext != other.ciphertext


async def test_it_does_not_open_for_another_context(kept: Rotating) -> None:
    sealed = await kept.vault.seal(SECRET, "alice")

    with pytest.raises(FailedPreconditionError, match="enter it again"):
        await kept.vault.open(sealed, "bob")


async def test_an_older_key_still_opens_what_it_sealed_after_a_rotation(kept: Rotating) -> None:
    old = await kept.vault.seal(SECRET, "alice")
    kept.rotate()
    new = await kept.vault.seal(SECRET, "alice")

    assert new.wrapping_key != old.wrapping_key
    assert (await kept.vault.open(old, "alice")).plaintext == SECRET
    assert (await kept.vault.open(new, "alice")).is_current


async def test_what_a_retired_key_sealed_must_be_entered_again(kept: Rotating) -> None:
    old = await kept.vault.seal(SECRET, "alice")
    kept.rotate()
    new = await kept.vault.seal(SECRET, "alice")
    kept.retire_first()

    with pytest.raises(FailedPreconditionError, match="enter it again"):
        await kept.vault.open(old, "alice")
    assert (await kept.vault.open(new, "alice")).plaintext == SECRET


@pytest.mark.parametrize("part", ["ciphertext", "nonce", "wrapped_key"])
async def test_a_change_of_any_byte_is_noticed(kept: Rotating, part: str) -> None:
    sealed = await kept.vault.seal(SECRET, "alice")

    refused = [await _is_refused(kept.vault, changed) for changed in _changes(sealed, part)]

    assert refused == [True] * len(refused)
    assert len(refused) > 5


def _changes(sealed: Sealed, part: str) -> list[Sealed]:
    """The seal with one byte changed, each in turn, then cut short, emptied and prolonged."""
    right: bytes = getattr(sealed, part)
    flipped = [right[:place] + bytes([right[place] ^ 1]) + right[place + 1 :] for place in range(len(right))]
    return [sealed.model_copy(update={part: wrong}) for wrong in (*flipped, right[:-1], b"", right + b"\0")]


async def _is_refused(vault: Vault, sealed: Sealed) -> bool:
    try:
        await vault.open(sealed, "alice")
    except FailedPreconditionError:
        return True
    return False


@pytest.mark.parametrize("part", ["ciphertext", "nonce", "wrapped_key"])
async def test_parts_of_two_seals_do_not_make_one(kept: Rotating, part: str) -> None:
    one, other = [await kept.vault.seal(SECRET, "alice") for _ in range(2)]

    assert await _is_refused(kept.vault, one.model_copy(update={part: getattr(other, part)}))


async def test_another_keys_name_does_not_help(kept: Rotating) -> None:
    sealed = await kept.vault.seal(SECRET, "alice")

    assert await _is_refused(kept.vault, sealed.model_copy(update={"wrapping_key": f"{KEY}-of-somebody/cryptoKeyVersions/1"}))


async def test_only_the_key_file_says_that_a_newer_key_should_seal_it_again(tmp_path: Path) -> None:
    add_key(tmp_path / "keys.json")
    vault = LocalVault(tmp_path / "keys.json")
    sealed = await vault.seal(SECRET, "alice")
    add_key(tmp_path / "keys.json")

    assert not (await vault.open(sealed, "alice")).is_current


async def test_kms_goes_on_opening_what_its_older_versions_sealed() -> None:
    async with serving_kms() as (fake, vault, _):
        sealed = await vault.seal(SECRET, "alice")
        fake.rotate()

        assert (await vault.open(sealed, "alice")).is_current


def test_a_new_key_file_is_its_owners_alone(tmp_path: Path) -> None:
    add_key(tmp_path / "keys.json")

    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644])
async def test_a_key_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    add_key(tmp_path / "keys.json")
    (tmp_path / "keys.json").chmod(mode)

    with pytest.raises(InternalError, match="chmod 600"):
        await LocalVault(tmp_path / "keys.json").seal(SECRET, "alice")


async def test_a_missing_key_file_is_named_by_its_variable(tmp_path: Path) -> None:
    with pytest.raises(InternalError, match="KEY_FILE"):
        await LocalVault(tmp_path / "keys.json").seal(SECRET, "alice")


@pytest.mark.parametrize("content", ["", "[]", '{"keys": []}', '{"keys": [{"id": "a", "key": "c2hvcnQtc2VjcmV0"}]}', "\xff"])
async def test_a_malformed_key_file_is_refused_without_its_content(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content, "latin-1")
    path.chmod(0o600)

    with pytest.raises(InternalError, match="KEY_FILE") as refused:
        await LocalVault(path).seal(SECRET, "alice")

    assert refused.value.__cause__ is None
    assert "short-secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, InternalError), (403, InternalError), (429, ResourceExhaustedError), (500, UnavailableError), (503, UnavailableError)],
)
async def test_a_refusal_of_kms_tells_what_happens_next(status: int, error: type[SynapseError]) -> None:
    async with serving_kms() as (_, vault, server):
        sealed = await vault.seal(SECRET, "alice")
        server.answer = lambda _: json_reply({"error": {"status": "X", "message": "data"}}, status)

        for work in (vault.seal(SECRET, "alice"), vault.open(sealed, "alice")):
            with pytest.raises(error):
                await work


async def test_kms_without_a_primary_version_is_a_matter_of_the_environment() -> None:
    async with serving_kms() as (_, vault, server):
        server.answer = lambda _: json_reply({"error": {"status": "FAILED_PRECONDITION"}}, 400)

        with pytest.raises(InternalError, match="KMS_KEY"):
            await vault.seal(SECRET, "alice")


@pytest.mark.parametrize("body", [b"", b"{", b"[]"])
async def test_an_answer_of_kms_that_is_no_object_may_pass_with_the_next(body: bytes) -> None:
    async with serving_kms() as (_, vault, server):
        server.answer = lambda _: Reply((body,) if body else (), content_type="application/json")

        with pytest.raises(UnavailableError):
            await vault.seal(SECRET, "alice")


@pytest.mark.parametrize(
    "spoilt",
    [
        {"ciphertextCrc32c": "1"},
        {"ciphertextCrc32c": "x"},
        {"ciphertextCrc32c": None},
        {"ciphertext": "?"},
        {"ciphertext": None},
        {"verifiedPlaintextCrc32c": False},
        {"verifiedAdditionalAuthenticatedDataCrc32c": False},
    ],
)
async def test_what_was_damaged_on_its_way_from_kms_is_not_stored(spoilt: dict[str, object]) -> None:
    async with serving_kms() as (fake, vault, _):
        fake.spoilt = spoilt

        with pytest.raises(UnavailableError):
            await vault.seal(SECRET, "alice")


@pytest.mark.parametrize(
    "spoilt", [{"plaintextCrc32c": "1"}, {"plaintext": "AAAA"}, {"plaintext": None}, {"plaintextCrc32c": None}]
)
async def test_what_was_damaged_on_its_way_from_kms_is_not_used(spoilt: dict[str, object]) -> None:
    async with serving_kms() as (fake, vault, _):
        sealed = await vault.seal(SECRET, "alice")
        fake.spoilt = spoilt

        with pytest.raises(UnavailableError):
            await vault.open(sealed, "alice")


async def test_a_kms_that_says_nothing_is_given_up() -> None:
    with Session() as session, socket.create_server(("127.0.0.1", 0)) as silent:
        vault = KmsVault(KEY, lambda: session, f"http://127.0.0.1:{silent.getsockname()[1]}", seconds=0.2)

        with pytest.raises(DeadlineExceededError):
            await vault.seal(SECRET, "alice")


async def test_a_kms_that_cannot_be_reached_may_be_there_later() -> None:
    with Session() as session, pytest.raises(UnavailableError):
        await KmsVault(KEY, lambda: session, "http://127.0.0.1:9").seal(SECRET, "alice")
