"""A person's own provider key on the running stack: sealed under the stack's key file, used by a bot, and nowhere to be read."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from google.cloud.firestore import Client

from local.stack import Stack
from shared.core.ids import new_id
from shared.domain.provider_key import provider_key_id
from tests.e2e.person import Person
from tests.wire import openai_format
from tests.wire.server import Reply, running

pytestmark = pytest.mark.timeout(240)


async def test_a_bot_answers_by_a_key_that_nobody_can_read(stack: Stack) -> None:
    secret = f"sk-{new_id()}{new_id()}"
    async with running() as provider:
        provider.will_reply(Reply(openai_format.answer("Mine.")), openai_format.failure(500))
        told = await asyncio.to_thread(_talk, stack, f"{provider.url}/v1", secret)

    assert [request.headers["authorization"] for request in provider.requests] == [f"Bearer {secret}"] * 2
    assert (told["answer"]["answer"], told["listed"]["items"]) == ("Mine.", [told["saved"]])
    assert "wrapped_key" in told["stored"]
    assert secret not in json.dumps(told)
    written = {path.name: path.read_bytes() for path in stack.folder.path.rglob("*") if path.is_file()}
    assert any(b"save_provider_key" in content for content in written.values())
    assert [name for name, content in written.items() if secret.encode() in content] == []


def _talk(stack: Stack, address: str, secret: str) -> dict[str, Any]:
    """All that the person is told: of the key, of an answer, of a failure, and after the key was deleted; and what was stored."""
    with Person.signed_up(stack) as person:
        key = {"name": "Mine", "base_url": address, "api_key": secret}
        saved = _told(person.http.put("auth/me/provider-keys/mine", json=key))
        own = {"key_id": "mine", "model": "small-talker"}
        bot = person.post("child-bots", {"name": "Own", "agent_kind": "chat", "own_model": own})
        ask = {"bot_id": bot["id"], "message": "Whose are you?"}
        return {
            "saved": saved,
            "answer": person.post("chat", ask),
            "failed": _told(person.http.post("chat", json=ask), 503),
            "listed": person.get("auth/me/provider-keys"),
            "stored": _stored(stack, person.uid),
            "deleted": _told(person.http.delete("auth/me/provider-keys/mine")),
            "without": _told(person.http.post("chat", json=ask), 400),
        }


def _told(response: httpx.Response, status: int = 200) -> Any:
    assert response.status_code == status, response.text
    return response.json()


def _stored(stack: Stack, uid: str) -> str:
    """What the database holds of the person's key and conversations."""
    client = Client(project=stack.emulators.project)
    documents = [client.document("provider_keys", provider_key_id(uid, "mine")).get().to_dict()]
    documents += [turn.to_dict() for turn in client.collection_group("turns").stream()]
    client.close()
    return repr(documents)
