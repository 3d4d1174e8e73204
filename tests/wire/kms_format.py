"""Cloud KMS's encrypt and decrypt on the wire: a key with versions, which checks what it is told and can be made to lie."""

import secrets
from base64 import b64decode, b64encode
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google_crc32c import value as crc32c

from tests.wire.server import Reply, Request, json_reply

KEY = "projects/synapse-dev/locations/us-central1/keyRings/synapse/cryptoKeys/provider-keys"


class FakeKms:
    """Answers as the service does; `asked` are the verbs, in order, and `spoilt` takes the place of an answer's own fields."""

    def __init__(self) -> None:
        self.versions = {1: secrets.token_bytes(32)}
        self.asked: list[str] = []
        self.spoilt: dict[str, Any] = {}

    def rotate(self) -> None:
        self.versions[max(self.versions) + 1] = secrets.token_bytes(32)

    def destroy(self, version: int) -> None:
        del self.versions[version]

    def answer(self, request: Request) -> Reply:
        name, _, verb = request.path.removeprefix("/v1/").partition(":")
        self.asked.append(verb)
        if name != KEY:
            return _error(404, "NOT_FOUND", "CryptoKey not found.")
        given = {field: b64decode(text) for field, text in request.body.items() if not field.endswith("Crc32c")}
        if any(crc32c(value) != int(request.body[f"{field}Crc32c"]) for field, value in given.items()):
            return _error(400, "INVALID_ARGUMENT", "The checksum did not match.")
        return self._encrypt(**given) if verb == "encrypt" else self._decrypt(**given)

    def _encrypt(self, plaintext: bytes, additionalAuthenticatedData: bytes) -> Reply:  # noqa: N803
        primary, nonce = max(self.versions), secrets.token_bytes(12)
        ciphertext = AESGCM(self.versions[primary]).encrypt(nonce, plaintext, additionalAuthenticatedData)
        body = {
            "name": f"{KEY}/cryptoKeyVersions/{primary}",
            **_checked("ciphertext", bytes([primary]) + nonce + ciphertext),
            "verifiedPlaintextCrc32c": True,
            "verifiedAdditionalAuthenticatedDataCrc32c": True,
            "protectionLevel": "SOFTWARE",
        }
        return json_reply(body | self.spoilt)

    def _decrypt(self, ciphertext: bytes, additionalAuthenticatedData: bytes) -> Reply:  # noqa: N803
        version = ciphertext[0] if ciphertext else 0
        if version not in self.versions:
            return _error(400, "FAILED_PRECONDITION", f"{KEY}/cryptoKeyVersions/{version} is not enabled: DESTROYED.")
        try:
            plaintext = AESGCM(self.versions[version]).decrypt(ciphertext[1:13], ciphertext[13:], additionalAuthenticatedData)
        except (InvalidTag, ValueError):
            return _error(400, "INVALID_ARGUMENT", "Decryption failed: the ciphertext is invalid.")
        body = {**_checked("plaintext", plaintext), "usedPrimary": version == max(self.versions), "protectionLevel": "SOFTWARE"}
        return json_reply(body | self.spoilt)


def _checked(name: str, value: bytes) -> dict[str, str]:
    return {name: b64encode(value).decode(), f"{name}Crc32c": str(crc32c(value))}


def _error(status: int, word: str, message: str) -> Reply:
    return json_reply({"error": {"code": status, "message": message, "status": word}}, status)
