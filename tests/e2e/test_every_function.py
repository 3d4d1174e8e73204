"""Every function that people call, over both protocols, on the running stack: each answers what the contract promises."""

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from local.accounts import sign_in
from local.page_server import served
from local.stack import Stack
from shared.core.ids import new_id
from shared.runtime import catalogue
from tests.functional.protocols import Protocol, called, rest_request
from tests.openapi.conftest import Contract

PASSWORD = "correct horse battery"
WHALES = "# Feeding\n\nBlue whales eat krill, up to four tonnes a day.\n\n# Breathing\n\nThey breathe air."


@dataclass
class Speaker:
    """Speaks one protocol to one stack; every answer must be a success that keeps to its schema."""

    stack: Stack
    protocol: Protocol
    http: httpx.Client
    contract: Contract
    token: str = ""
    spoken_to: set[str] = field(default_factory=set)

    def call(self, name: str, /, **fields: Any) -> Any:
        """What the function answers."""
        reply = self._send(name, fields)
        assert reply.is_success, f"{name}: {reply.status_code} {reply.text[:400]}"
        self.spoken_to.add(name)
        answer = (reply.json() if reply.content else None) if self.protocol is Protocol.REST else reply.json()["result"]
        if answer is not None:
            success = self._trigger(name).success
            schema = self.contract.response(name, success)["content"]["application/json"]["schema"]
            assert self.contract.problems(schema, answer) == [], name
        return answer

    def _send(self, name: str, fields: dict[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if self.protocol is Protocol.CALLABLE:
            return self.http.post(self.stack.function_url(name), json={"data": fields}, headers=headers)
        trigger = self._trigger(name)
        url, body = rest_request(trigger, fields)
        return self.http.request(trigger.method, f"{self.stack.url}{url}", json=body, headers=headers)

    def _trigger(self, name: str) -> catalogue.HttpTrigger:
        trigger = catalogue.read(name).trigger.http
        assert trigger
        return trigger

    def wait(self, name: str, until: str, /, **fields: Any) -> Any:
        """What the function answers once its status is the one waited for."""
        deadline = time.monotonic() + 60
        while (answer := self.call(name, **fields))["status"] != until:
            assert time.monotonic() < deadline, answer
            assert answer["status"] != "failed", answer
            time.sleep(0.2)
        return answer


@pytest.fixture(params=Protocol)
def speaker(request: pytest.FixtureRequest, stack: Stack) -> Iterator[Speaker]:
    with httpx.Client(timeout=60) as http:
        yield Speaker(stack, request.param, http, Contract())


def _account(one: Speaker) -> None:
    name = f"walker-{new_id()[:12]}"
    email = f"{name}@example.com"
    one.call("health")
    one.call("register_user", email=email, password=PASSWORD, username=name, display_name="Ada", accept_terms=True)
    one.call("request_password_reset", email=email)
    google = json.dumps({"sub": new_id(), "email": f"google-{email}", "email_verified": True})
    one.call("sign_in_with_provider", provider="google", id_token=google)
    one.token = one.call("sign_in", email=email, password=PASSWORD)["token"]
    assert one.call("get_profile")["username"] == name
    assert one.call("update_profile", username=name, display_name="Ada Lovelace")["display_name"] == "Ada Lovelace"
    one.call("register_device", token=f"fcm:{new_id()}", platform="web", events=["document_ready"])


def _things_of_ones_own(one: Speaker) -> None:
    one.call("save_persona", persona_id="pirate", name="Pirate", instructions="Speak like a pirate.")
    assert any(persona["id"] == "pirate" for persona in one.call("list_personas")["items"])
    one.call("draft_instructions", description="Knows of whales.", persona_id="pirate")
    one.call("save_provider_key", key_id="mine", name="Mine", base_url="http://127.0.0.1:9999/v1", api_key="sk-not-a-key")
    assert "sk-not-a-key" not in json.dumps(one.call("list_provider_keys"))
    one.call("save_prompt", prompt_id="greeting", name="Greeting", text="Greet {{name}}.", variables=[{"name": "name"}])
    one.call("list_prompts")
    assert one.call("get_prompt", prompt_id="greeting")["version"] == 1
    asked = {"text": "Blue whales eat krill. They breathe air.", "question": "What do blue whales eat?"}
    assert "krill" in one.call("run_prompt", prompt_id="answer", variables=asked)["text"]


def _a_bot(one: Speaker) -> str:
    bot_id = str(one.call("create_bot", name="Whales")["id"])
    one.call("list_bots")
    one.call("update_bot", bot_id=bot_id, name="Whale expert", persona_id="pirate")
    link = one.call("share_bot", bot_id=bot_id)["link"]
    assert one.call("get_shared_bot", link=link)["name"] == "Whale expert"
    assert [version["version"] for version in one.call("list_bot_versions", bot_id=bot_id)["items"]] == [2, 1]
    assert one.call("restore_bot_version", bot_id=bot_id, version=1)["version"] == 3
    assert one.call("get_bot", bot_id=bot_id, version=2)["name"] == "Whale expert"
    return bot_id


def _knowledge(one: Speaker, bot_id: str) -> str:
    one.call("create_upload", bot_id=bot_id, title="a.pdf", content_type="application/pdf", size_bytes=9)
    document_id = str(one.call("add_text", bot_id=bot_id, title="Whales.md", text=WHALES)["id"])
    one.wait("get_upload_status", "ready", job_id=document_id)
    assert one.call("list_documents", bot_id=bot_id)["items"]
    assert one.call("list_chunks", document_id=document_id)["items"]
    assert one.call("search_knowledge", bot_id=bot_id, query="What do blue whales eat?")["items"]
    with TemporaryDirectory() as folder:
        Path(folder, "seals.html").write_text("<title>Seals</title><p>Seals eat fish and rest on ice.</p>")
        with served(Path(folder)) as site:
            page_id = one.call("submit_url", bot_id=bot_id, url=f"{site}/seals.html")["id"]
            assert one.wait("get_document", "ready", document_id=page_id)["title"] == "Seals"
    one.call("reprocess_document", document_id=document_id)
    assert one.wait("get_document", "ready", document_id=document_id)["live_generation"] == 2
    return document_id


def _a_talk(one: Speaker, bot_id: str) -> str:
    told = one.call("chat", bot_id=bot_id, message="What do blue whales eat?")
    assert "krill" in told["answer"]
    assert one.call("resume_turn", turn_id=told["turn_id"])["answer"] == told["answer"]
    assert one.call("stop_turn", turn_id=told["turn_id"])["status"] == "done"
    one.call("rate_turn", turn_id=told["turn_id"], rating="up")
    one.call("rename_conversation", chat_id=told["conversation_id"], title="Of whales")
    assert one.call("get_conversation", chat_id=told["conversation_id"])["conversation"]["title"] == "Of whales"
    one.call("list_conversations")
    assert one.call("list_bot_turns", bot_id=bot_id)["items"][0]["rating"] == "up"
    return str(told["conversation_id"])


def _administration(one: Speaker, document_id: str) -> None:
    """As somebody whom the project's owner has made an administrator, which a token tells from the next sign-in on."""
    ports, project = one.stack.emulators.ports, one.stack.emulators.project
    auth, email = f"127.0.0.1:{ports.auth}", f"admin-{new_id()[:12]}@example.com"
    claims = {"localId": sign_in(auth, email, PASSWORD).uid, "customAttributes": json.dumps({"role": "admin"})}
    url = f"http://{auth}/identitytoolkit.googleapis.com/v1/projects/{project}/accounts:update"
    one.http.post(url, json=claims, headers={"Authorization": "Bearer owner"}).raise_for_status()
    body = json.dumps({"document_id": document_id, "generation": 2, "shard": 0}).encode()
    attributes = {"CloudPubSubDeadLetterSourceSubscription": "purge-generations"}
    message = {"data": base64.b64encode(body).decode(), "attributes": attributes}
    url = f"http://127.0.0.1:{ports.pubsub}/v1/projects/{project}/topics/dead-letters:publish"
    one.http.post(url, json={"messages": [message]}).raise_for_status()
    token, one.token = one.token, sign_in(auth, email, PASSWORD).id_token
    letter_id = _letter_of(one, document_id)
    assert one.call("replay_dead_letter", letter_id=letter_id)["replayed_at"]
    one.token = token


def _letter_of(one: Speaker, document_id: str) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        letters = one.call("list_dead_letters", topic="purge-generations")["items"]
        if found := [letter["id"] for letter in letters if letter["document_id"] == document_id]:
            return str(found[0])
        time.sleep(0.2)
    raise AssertionError(letters)


def _the_end(one: Speaker, bot_id: str, document_id: str, chat_id: str) -> None:
    one.call("delete_prompt", prompt_id="greeting")
    one.call("delete_persona", persona_id="pirate")
    one.call("delete_provider_key", key_id="mine")
    deletions = [
        one.call("delete_document", document_id=document_id),
        one.call("delete_conversation", chat_id=chat_id),
        one.call("delete_bot", bot_id=bot_id),
    ]
    for deletion in deletions:
        one.wait("get_deletion", "done", deletion_id=deletion["id"])
    one.call("sign_out")


@pytest.mark.timeout(240)
def test_every_function_answers_what_the_contract_promises(speaker: Speaker) -> None:
    _account(speaker)
    _things_of_ones_own(speaker)
    bot_id = _a_bot(speaker)
    document_id = _knowledge(speaker, bot_id)
    _administration(speaker, document_id)
    _the_end(speaker, bot_id, document_id, _a_talk(speaker, bot_id))
    assert {manifest.name for manifest in called()} - speaker.spoken_to == set()
