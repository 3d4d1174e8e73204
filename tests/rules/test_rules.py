"""The Firestore rules as a browser meets them: through the emulator's REST API, with a signed-in user's token."""

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from shared.adapters.firestore_accounts import FirestoreAccounts
from shared.adapters.firestore_client import open_client
from shared.core.ids import new_id
from shared.domain.account import Account

OWNER, STRANGER = "owner", "stranger"
OWN = {"owner_id": {"stringValue": OWNER}}
READABLE = (
    "bots/b",
    "bots/b/versions/1",
    "documents/d",
    "deletions/document-d",
    "conversations/c",
    "conversations/c/turns/t",
    "prompts/p",
    "prompts/p/versions/1",
    "personas/p",
)
CLOSED = (
    "documents/d/steps/1-embed-00000",
    "chunks/d-1-000000",
    "embeddings/key",
    "usage/owner",
    "usage/owner-202611",
    "receipts/key",
    "provider_keys/key",
    "prompt_runs/key",
    "dead_letters/1",
    "provider_holds/gemini",
    "users/owner",
    "devices/d",
    "usernames/owner",
    "rates/key",
    "plans/free",
    "reviews/t",
    "anything/at-all",
)
LISTED = (
    ("", "bots"),
    ("bots/b", "versions"),
    ("prompts/p", "versions"),
    ("", "prompts"),
    ("", "personas"),
    ("", "documents"),
    ("", "deletions"),
    ("", "conversations"),
    ("conversations/c", "turns"),
)


class Browser:
    """A client of one project, as the user of `uid`; nobody when None; the emulator's administrator when "*"."""

    def __init__(self, host: str, project: str, uid: str | None, auth_time: int = 0) -> None:
        self._root = f"http://{host}/v1/projects/{project}/databases/(default)/documents"
        self._headers = {"Content-Type": "application/json", **_authorization(project, uid, auth_time)}

    def get(self, path: str) -> int:
        return self._send("GET", path)[0]

    def write(self, path: str, fields: Mapping[str, Any]) -> int:
        return self._send("PATCH", path, {"fields": fields})[0]

    def delete(self, path: str) -> int:
        return self._send("DELETE", path)[0]

    def list(self, parent: str, collection: str, owner_id: str | None, *, everywhere: bool = False) -> tuple[int, int]:
        """The status, and how many documents came."""
        query: dict[str, Any] = {"from": [{"collectionId": collection, "allDescendants": everywhere}]}
        if owner_id:
            equal = {"field": {"fieldPath": "owner_id"}, "op": "EQUAL", "value": {"stringValue": owner_id}}
            query["where"] = {"fieldFilter": equal}
        status, rows = self._send("POST", f"{parent}:runQuery", {"structuredQuery": query})
        return status, sum("document" in row for row in rows) if status == 200 else 0

    def _send(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        url = f"{self._root}/{path}" if path[:1] != ":" else f"{self._root}{path}"
        request = Request(url, json.dumps(body).encode() if body else None, self._headers, method=method)
        try:
            with urlopen(request, timeout=30) as reply:
                return reply.status, json.loads(reply.read())
        except HTTPError as error:
            with error:
                return error.code, None


def _authorization(project: str, uid: str | None, auth_time: int) -> dict[str, str]:
    if uid is None:
        return {}
    if uid == "*":
        return {"Authorization": "Bearer owner"}
    # The emulator reads tokens without checking their signatures.
    claims = {"sub": uid, "user_id": uid, "aud": project, "iss": f"https://securetoken.google.com/{project}"}
    parts = (
        {"alg": "none", "typ": "JWT"},
        {**claims, "iat": 0, "auth_time": auth_time, "exp": 4102444800, "firebase": {"sign_in_provider": "password"}},
    )
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return {"Authorization": f"Bearer {'.'.join(encoded)}."}


@pytest.fixture(scope="module")
def host(emulators: Mapping[str, str]) -> str:
    """A Firestore in which the project `demo-rules` holds the owner's data."""
    address = emulators["FIRESTORE_EMULATOR_HOST"]
    administrator = Browser(address, "demo-rules", "*")
    for path in (*READABLE, *CLOSED):
        assert administrator.write(path, OWN) == 200
    return address


def _browser(host: str, uid: str | None) -> Browser:
    return Browser(host, "demo-rules", uid)


@pytest.mark.parametrize("path", READABLE)
def test_an_owner_reads_it(host: str, path: str) -> None:
    assert _browser(host, OWNER).get(path) == 200


@pytest.mark.parametrize("path", READABLE)
@pytest.mark.parametrize("uid", [STRANGER, None])
def test_a_stranger_and_a_visitor_do_not(host: str, path: str, uid: str | None) -> None:
    assert _browser(host, uid).get(path) == 403


@pytest.mark.parametrize(("parent", "collection"), LISTED)
def test_an_owner_lists_own_documents(host: str, parent: str, collection: str) -> None:
    assert _browser(host, OWNER).list(parent, collection, OWNER) == (200, 1)


@pytest.mark.parametrize(("parent", "collection"), LISTED)
def test_a_list_without_the_owner_filter_is_refused(host: str, parent: str, collection: str) -> None:
    assert _browser(host, OWNER).list(parent, collection, None) == (403, 0)


@pytest.mark.parametrize(("parent", "collection"), LISTED)
@pytest.mark.parametrize("uid", [STRANGER, None])
def test_nobody_else_lists_the_owners_documents(host: str, parent: str, collection: str, uid: str | None) -> None:
    assert _browser(host, uid).list(parent, collection, OWNER) == (403, 0)


@pytest.mark.parametrize("collection", ["turns", "versions", "steps", "chunks"])
def test_a_collection_group_is_closed_even_to_owners(host: str, collection: str) -> None:
    assert _browser(host, OWNER).list("", collection, OWNER, everywhere=True) == (403, 0)


@pytest.mark.parametrize("path", CLOSED)
def test_what_no_rule_opens_is_closed_to_its_owner(host: str, path: str) -> None:
    parent, collection, _ = path.rsplit("/", 2) if path.count("/") > 1 else ("", *path.split("/"))

    assert _browser(host, OWNER).get(path) == 403
    assert _browser(host, OWNER).list(parent, collection, OWNER) == (403, 0)
    assert _browser(host, "*").get(path) == 200


@pytest.mark.parametrize("path", [*READABLE, *CLOSED])
def test_nobody_writes_or_deletes_from_a_browser(host: str, path: str) -> None:
    for uid in (OWNER, STRANGER, None):
        browser = _browser(host, uid)
        assert [browser.write(path, OWN), browser.write(f"{path}-new", OWN), browser.delete(path)] == [403, 403, 403]

    assert _browser(host, "*").get(path) == 200


SIGNED_OUT = {"signed_out_at": {"timestampValue": "2026-11-22T10:00:30.7Z"}}
SIGNED_OUT_SECOND = 1795341630


@pytest.mark.parametrize(
    ("account", "auth_time", "status"),
    [
        ({"suspended": {"booleanValue": False}, "signed_out_at": {"nullValue": None}}, 0, 200),
        ({}, 0, 200),
        ({"suspended": {"booleanValue": True}}, 0, 403),
        (SIGNED_OUT, SIGNED_OUT_SECOND - 1, 403),
        (SIGNED_OUT, SIGNED_OUT_SECOND, 403),
        (SIGNED_OUT, SIGNED_OUT_SECOND + 1, 200),
    ],
)
def test_who_may_not_act_does_not_read_either(host: str, account: dict[str, Any], auth_time: int, status: int) -> None:
    project = f"demo-{new_id()}"
    administrator = Browser(host, project, "*")
    assert administrator.write("documents/d", OWN) == administrator.write(f"users/{OWNER}", account) == 200

    owner = Browser(host, project, OWNER, auth_time)

    assert (owner.get("documents/d"), owner.list("", "documents", OWNER)) == (status, (status, int(status == 200)))


@pytest.mark.parametrize(
    "uid", ["auth0|5f7c", "a/b", "a/b/c", "50%25", "a%2Fb", "..", ".", "__ada__", "_ada", "ü b", "a@b.example"]
)
async def test_any_uid_that_is_suspended_does_not_read(host: str, emulators: Mapping[str, str], uid: str) -> None:
    project = f"demo-{new_id()}"
    assert Browser(host, project, "*").write("documents/d", {"owner_id": {"stringValue": uid}}) == 200
    owner, client = Browser(host, project, uid), open_client(project)
    before = owner.get("documents/d")

    await FirestoreAccounts(client).create(Account(id=uid, suspended=True))

    assert (before, owner.get("documents/d")) == (200, 403)
    await client._firestore_api.transport.close()
