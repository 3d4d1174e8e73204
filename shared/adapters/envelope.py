"""The inner half of envelope encryption, the same for every vault: AES-256-GCM under a data key that is used once."""

import secrets
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.core.errors import FailedPreconditionError
from shared.core.log import logger
from shared.domain.provider_key import Sealed

KEY_BYTES = 32
# GCM's own size of a nonce (NIST SP 800-38D, section 8.2).
NONCE_BYTES = 12


@dataclass(frozen=True)
class Letter:
    """A ciphertext, and the data key that has yet to be wrapped."""

    ciphertext: bytes
    nonce: bytes
    data_key: bytes = field(repr=False)

    def sealed(self, wrapped_key: bytes, wrapping_key: str) -> Sealed:
        """What may be stored."""
        return Sealed(ciphertext=self.ciphertext, nonce=self.nonce, wrapped_key=wrapped_key, wrapping_key=wrapping_key)


def write(plaintext: bytes, context: str) -> Letter:
    """The secret under a new data key, with the context as associated data."""
    data_key, nonce = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(NONCE_BYTES)
    return Letter(AESGCM(data_key).encrypt(nonce, plaintext, context.encode()), nonce, data_key)


def read(data_key: bytes, nonce: bytes, ciphertext: bytes, context: str) -> bytes:
    """The secret. Raises InvalidTag or ValueError where key, nonce, text and context do not belong together."""
    return AESGCM(data_key).decrypt(nonce, ciphertext, context.encode())


# What the library raises for a changed byte, and for a nonce or a key of a wrong length.
UNREADABLE = (InvalidTag, ValueError)


def lost(wrapping_key: str, reason: str) -> FailedPreconditionError:
    """The one answer for a seal that cannot be opened, told to who runs the service with the key's name and to nobody else."""
    logger.warning("a sealed secret cannot be opened", extra={"wrapping_key": wrapping_key[:200], "reason": reason})
    return FailedPreconditionError("The stored secret cannot be opened any more; enter it again.")
