"""Tokens with real signatures, against keys that a server of our own publishes; no emulator, which would not look at them."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from shared.adapters.firebase_auth import FirebaseIdentity
from shared.core.errors import UnauthenticatedError, UnavailableError
from shared.core.ids import new_id

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = serialization.Encoding.PEM
PUBLIC = KEY.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
PRIVATE = KEY.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
ISSUERS = {"token": "https://securetoken.google.com/", "cookie": "https://session.firebase.google.com/"}

Sign = Callable[..., str]


class Keys(BaseHTTPRequestHandler):
    """Publishes the key as Google's endpoint does."""

    def do_GET(self) -> None:
        body = json.dumps({"k1": PUBLIC}).encode()
        self.send_response(200)
        self.send_header("Cache-Control", "public, max-age=3600")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def published() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Keys) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/keys"
        server.shutdown()
        thread.join()


@pytest.fixture
def project() -> str:
    return f"demo-{new_id()}"


@pytest.fixture(autouse=True)
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service account: firebase_admin loads credentials before it verifies anything, though it needs none for that."""
    account = {
        "type": "service_account",
        "client_email": "tests@demo.example",
        "private_key": PRIVATE,
        "token_uri": "http://127.0.0.1:1/token",
    }
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps(account), "utf-8")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    monkeypatch.delenv("FIREBASE_AUTH_EMULATOR_HOST", raising=False)


@pytest.fixture
def identity(published: str, project: str, monkeypatch: pytest.MonkeyPatch) -> FirebaseIdentity:
    for name in ("ID_TOKEN_CERT_URI", "COOKIE_CERT_URI"):
        monkeypatch.setattr(f"firebase_admin._token_gen.{name}", published)
    return FirebaseIdentity(project)


@pytest.fixture
def sign(project: str) -> Sign:
    def signed(kind: str = "token", key: object = KEY, kid: str | None = "k1", **claims: object) -> str:
        now = int(time.time())
        issued = {
            "iss": ISSUERS[kind] + project,
            "aud": project,
            "sub": "alice",
            "iat": now - 5,
            "exp": now + 3600,
            "auth_time": now,
        }
        return jwt.encode({**issued, **claims}, key, algorithm="RS256", headers={"kid": kid})  # type: ignore[arg-type] # an RSA key.

    return signed


def unsigned(header: object, payload: object) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, payload)]
    return ".".join([*parts, "c2ln"])


@pytest.mark.parametrize("kind", ["token", "cookie"])
async def test_a_token_with_the_right_signature_names_its_caller(identity: FirebaseIdentity, sign: Sign, kind: str) -> None:
    caller = await identity.verify(sign(kind, email="alice@example.com", role="admin"))
    assert (caller.uid, caller.email, caller.is_admin) == ("alice", "alice@example.com", True)


@pytest.mark.parametrize("claims", [{"admin": True}, {"role": "owner"}, {"role": ["admin"]}, {"role": True}])
async def test_no_other_claim_makes_an_administrator(identity: FirebaseIdentity, sign: Sign, claims: dict[str, object]) -> None:
    caller = await identity.verify(sign(**claims))
    assert not caller.is_admin


@pytest.mark.parametrize(
    "forged",
    [
        {"key": STRANGER},
        {"kid": "k2"},
        {"exp": 1_000_000_000},
        {"iat": 4_000_000_000},
        {"aud": "demo-another"},
        {"iss": "https://securetoken.google.com/demo-another"},
        {"iss": "https://evil.example/"},
        {"sub": ""},
        {"sub": "x" * 129},
    ],
)
async def test_a_token_that_is_not_ours_is_refused(identity: FirebaseIdentity, sign: Sign, forged: dict[str, object]) -> None:
    token = sign(**forged)
    with pytest.raises(UnauthenticatedError):
        await identity.verify(token)


@pytest.mark.parametrize(
    "token",
    [
        "alice",
        "a.b",
        "a.b.c",
        "..",
        "é.ü.ö",
        unsigned({"alg": "none"}, {"sub": "alice"}),
        unsigned({"alg": "HS256"}, {"v": 0, "d": 5}),
        unsigned({"alg": "RS256", "kid": "k1"}, []),
        unsigned({"alg": "RS256", "kid": ["k1"]}, {"iss": 5, "aud": {}, "sub": "alice"}),
        unsigned([], {"iss": {"startswith": 1}}),
        unsigned({"alg": "RS256", "kid": "k1"}, json.loads("[" * 900 + "]" * 900)),
    ],
)
async def test_a_malformed_token_is_refused_and_no_defect(identity: FirebaseIdentity, token: str) -> None:
    with pytest.raises(UnauthenticatedError):
        await identity.verify(token)


async def test_a_token_says_try_again_when_the_keys_cannot_be_had(
    sign: Sign, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firebase_admin._token_gen.ID_TOKEN_CERT_URI", "http://127.0.0.1:1/keys")
    identity = FirebaseIdentity(project)
    token = sign()
    with pytest.raises(UnavailableError):
        await identity.verify(token)


@pytest.mark.parametrize("token", ["app-token", "a.b.c", "é.ü.ö"])
async def test_a_malformed_app_check_token_is_refused(identity: FirebaseIdentity, token: str) -> None:
    with pytest.raises(UnauthenticatedError):
        await identity.verify_app(token)
