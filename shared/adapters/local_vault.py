"""A vault whose wrapping keys lie in a file of this machine: for laptops and on-premises, where there is no key service."""

import asyncio
import os
import secrets
import stat
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import ConfigDict, Field, ValidationError

from shared.adapters.envelope import KEY_BYTES, NONCE_BYTES, UNREADABLE, lost, read, write
from shared.core.errors import InternalError
from shared.core.ids import new_id
from shared.domain.base import Model
from shared.domain.provider_key import Sealed
from shared.ports.vault import Opened

_BASE64 = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")


class _Key(Model):
    model_config = _BASE64

    id: str = Field(min_length=1)
    key: bytes = Field(min_length=KEY_BYTES, max_length=KEY_BYTES, repr=False)


class _KeyFile(Model):
    """The newest key first; the others only open what they have sealed."""

    model_config = _BASE64

    keys: tuple[_Key, ...] = Field(min_length=1)


class LocalVault:
    """Reads its file at each use, so that a key may be added or retired while functions run."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def seal(self, plaintext: bytes, context: str) -> Sealed:
        """Under the newest key. Raises InternalError where the file is missing, malformed or readable by others."""
        newest, *_ = await self._keys()
        letter = write(plaintext, context)
        nonce = secrets.token_bytes(NONCE_BYTES)
        wrapped = AESGCM(newest.key).encrypt(nonce, letter.data_key, context.encode())
        return letter.sealed(nonce + wrapped, newest.id)

    async def open(self, sealed: Sealed, context: str) -> Opened:
        """As the port says."""
        keys = await self._keys()
        key = next((known for known in keys if known.id == sealed.wrapping_key), None)
        if key is None:
            raise lost(sealed.wrapping_key, "the key is not in the file")
        try:
            nonce, wrapped = sealed.wrapped_key[:NONCE_BYTES], sealed.wrapped_key[NONCE_BYTES:]
            data_key = read(key.key, nonce, wrapped, context)
            plaintext = read(data_key, sealed.nonce, sealed.ciphertext, context)
        except UNREADABLE:
            raise lost(sealed.wrapping_key, "what is stored was changed, or belongs elsewhere") from None
        return Opened(plaintext, is_current=key == keys[0])

    async def _keys(self) -> tuple[_Key, ...]:
        return (await asyncio.to_thread(_load, self._path)).keys


def add_key(path: Path) -> str:
    """Put a new key in front of the file's others, or make the file; returns the key's id."""
    before = _load(path).keys if path.exists() else ()
    added = _Key(id=new_id(), key=secrets.token_bytes(KEY_BYTES))
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(_KeyFile(keys=(added, *before)).model_dump_json(indent=1))
    # In one step, so that no reader ever meets half a file and no crash leaves one.
    draft.replace(path)
    return added.id


def _load(path: Path) -> _KeyFile:
    try:
        with path.open("rb") as file:
            # Of the open file, which cannot be exchanged for another between the look and the reading.
            mode = os.fstat(file.fileno()).st_mode
            content = file.read()
    except OSError as error:
        raise InternalError("KEY_FILE names no file that can be read; `python -m local up` makes one.") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise InternalError("KEY_FILE may be read by others than its owner; chmod 600 it, and rotate its keys.")
    try:
        return _KeyFile.model_validate_json(content)
    except ValidationError:
        # Without its cause, whose text repeats what it could not read.
        raise InternalError("KEY_FILE is no key file; it must hold keys, each with an id and 32 bytes in base64.") from None
