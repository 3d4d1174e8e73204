"""Signs people up and in at the Auth emulator, over the REST interface that the Firebase SDKs use."""

from dataclasses import dataclass

import httpx

from local.processes import StackError


@dataclass(frozen=True)
class SignedIn:
    """A person with a fresh ID token, which is good for an hour."""

    uid: str
    email: str
    password: str
    id_token: str


def sign_in(auth_host: str, email: str, password: str) -> SignedIn:
    """Sign in, after signing up where the e-mail address is new. Raises StackError when the emulator refuses both."""
    refused = ""
    for action in ("signUp", "signInWithPassword"):
        url = f"http://{auth_host}/identitytoolkit.googleapis.com/v1/accounts:{action}"
        reply = httpx.post(
            url, params={"key": "demo"}, json={"email": email, "password": password, "returnSecureToken": True}, timeout=30
        )
        if reply.is_success:
            answer = reply.json()
            return SignedIn(answer["localId"], email, password, answer["idToken"])
        refused = reply.text
    raise StackError(f"The Auth emulator refused {email}: {refused[:200]}")
