"""The process that streams, or resumes, is killed at random moments: every answer is completed or kept, none lost or doubled."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from google.cloud.firestore import AsyncClient

from benchmarks.chat_server import PLAN
from functions.sweep_abandoned_turns.main import sweep_abandoned_turns
from local.ports import HOST, Ports
from local.processes import ROOT
from shared.adapters.firestore_turns import FirestoreTurns
from shared.adapters.firestore_usage import FirestoreUsage
from shared.core.clock import system_clock
from shared.domain.conversation import Conversation, Turn, TurnStatus, usage_of
from tests.faults.chat_server import ANSWER, MODEL

KILLS = 50
SECOND_KILLS = 10
STREAMS = 3
SEED = 20
LATER = timedelta(minutes=10)
"""The leases of what runs now have ended by then."""


@dataclass(frozen=True)
class Server:
    """One process with its address."""

    process: int
    url: str

    def kill(self) -> None:
        os.kill(self.process, signal.SIGKILL)


class Servers:
    """Processes that serve the chat, made on demand."""

    def __init__(self, nursery: subprocess.Popen[str]) -> None:
        self._nursery = nursery

    @classmethod
    @contextmanager
    def of(cls, folder: Path, environment: Mapping[str, str]) -> Iterator[Self]:
        """All of them end with the block, and with this process, however it ends."""
        own = {**os.environ, **environment, "STREAM_CHECKPOINT_SECONDS": "0.1", "CHAT_MODEL": MODEL.name}
        command = [sys.executable, "-m", "tests.faults.chat_server", str(folder)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, env=own, cwd=ROOT, text=True, start_new_session=True, **pipes) as nursery:
            yield cls(nursery)
            nursery.communicate()

    async def start(self, seconds_ahead: float = 0) -> Server:
        """One that is ready, by a clock that is so far ahead."""
        assert self._nursery.stdin
        assert self._nursery.stdout
        port = Ports.free().gateway
        self._nursery.stdin.write(f"{port} {seconds_ahead}\n")
        self._nursery.stdin.flush()
        server = Server(int(await asyncio.to_thread(self._nursery.stdout.readline)), f"http://{HOST}:{port}")
        async with asyncio.timeout(60), httpx.AsyncClient() as http:
            while not await _answers(http, f"{server.url}/ready"):  # noqa: ASYNC110  Another process tells no event of ours.
                await asyncio.sleep(0.02)
        return server


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url, timeout=30)).is_success
    except httpx.TransportError:
        return False


async def events_of(url: str, body: Mapping[str, str]) -> AsyncIterator[dict[str, object]]:
    """What comes until the stream ends, or its process does."""
    headers = {"authorization": "Bearer alice", "accept": "text/event-stream"}
    async with httpx.AsyncClient(timeout=60) as http:
        try:
            async with http.stream("POST", url, json={"data": body}, headers=headers) as reply:
                async for line in reply.aiter_lines():
                    if line.startswith("data: "):
                        yield json.loads(line[6:])
        except httpx.TransportError:
            return


class Trial:
    """The streams that were begun, and what their clients saw."""

    def __init__(self) -> None:
        self.shown: dict[str, str] = {}
        self.ended: set[str] = set()
        self.conversations: list[str] = []
        self.dice = random.Random(SEED)

    async def ask(self, server: Server) -> None:
        """One stream, in a new conversation or in one of those that there are."""
        body = {"message": "What is said?"}
        if self.conversations and self.dice.random() < 1 / 2:
            body["conversation_id"] = self.dice.choice(self.conversations)
        else:
            body["persona_id"] = "tutor"
        turn_id = ""
        async for event in events_of(f"{server.url}/chat/", body):
            match event:
                case {"message": {"type": "turn", "turn_id": str(turn_id), "conversation_id": str(conversation_id)}}:
                    self.shown[turn_id] = ""
                    self.conversations.append(conversation_id)
                case {"message": {"type": "token", "text": str(text)}}:
                    self.shown[turn_id] += text
                case {"result": _}:
                    self.ended.add(turn_id)
                case {"error": error}:
                    pytest.fail(f"{turn_id}: {error}")

    async def kill_asked(self, server: Server) -> None:
        """Some new turns at once, and the end of their process somewhere in the middle of them."""
        await self._kill(server, *(self.ask(server) for _ in range(STREAMS)))

    async def kill_resumed(self, server: Server, turn_ids: Sequence[str]) -> None:
        """The same, of turns whose first process has been killed."""
        await self._kill(server, *(resumed(server, turn_id) for turn_id in turn_ids))

    async def _kill(self, server: Server, *streamed: Coroutine[Any, Any, object]) -> None:
        streams = [asyncio.create_task(one) for one in streamed]
        await asyncio.sleep(self.dice.uniform(0, 0.9))
        server.kill()
        await asyncio.gather(*streams)


async def resumed(server: Server, turn_id: str) -> str:
    """What a page shows that resumes the turn."""
    text = ""
    async for event in events_of(f"{server.url}/resume_turn/", {"turn_id": turn_id}):
        match event:
            case {"message": {"type": "restart"}}:
                text = ""
            case {"message": {"type": "token", "text": str(more)}}:
                text += more
            case {"result": {"answer": answer}}:
                assert answer == text
            case {"error": error}:
                pytest.fail(f"{turn_id}: {error}")
    return text


class Record:
    """What is stored."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def turns(self) -> dict[str, Turn]:
        found = [Turn.stored(one.to_dict()) async for one in self._client.collection_group("turns").stream()]
        return {turn.id: turn for turn in found}

    async def conversations(self) -> dict[str, Conversation]:
        found = [Conversation.stored(one.to_dict()) async for one in self._client.collection("conversations").stream()]
        return {conversation.id: conversation for conversation in found}

    async def tokens(self) -> int:
        """What was charged, in whichever month."""
        return sum([(one.to_dict() or {}).get("tokens", 0) async for one in self._client.collection("usage").stream()])

    async def reservations(self) -> int:
        return len([one async for one in self._client.collection("reservations").stream()])


async def sweep(client: AsyncClient) -> None:
    turns, usage = FirestoreTurns(client), FirestoreUsage(client)
    await sweep_abandoned_turns.use_case(turns=turns, usage=usage, clock=lambda: system_clock() + 3 * LATER)


@pytest.mark.timeout(400)
async def test_streams_survive_fifty_kills_of_their_process(
    fresh_project: str, emulators: Mapping[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = AsyncClient(project=fresh_project)
    await client.document("users", "alice").set({"id": "alice", "plan_id": PLAN})
    trial, record = Trial(), Record(client)
    with Servers.of(tmp_path, {**emulators, "GOOGLE_CLOUD_PROJECT": fresh_project}) as servers:
        for _ in range(KILLS):
            await trial.kill_asked(await servers.start())
        killed = await record.turns()
        dead = sorted(turn.id for turn in killed.values() if turn.status is TurnStatus.RUNNING)
        for number in range(SECOND_KILLS):
            later = await servers.start(LATER.total_seconds())
            await trial.kill_resumed(later, dead[STREAMS * number : STREAMS * (number + 1)])
        killed_again = await record.turns()
        latest = await servers.start(2 * LATER.total_seconds())
        texts = {turn_id: await resumed(latest, turn_id) for turn_id in dead[::2]}
    for _ in range(2):
        await sweep(client)

    turns, conversations = await record.turns(), await record.conversations()
    check_second_attempts(killed, killed_again)
    check_answers(trial, killed_again, turns, texts)
    check_conversations(turns, conversations)
    charged = sum(usage_of(turn.calls).total for turn in turns.values())
    assert (await record.tokens(), await record.reservations()) == (charged, 0)
    await client._firestore_api.transport.close()
    with capsys.disabled():
        statuses = Counter(turn.status.value for turn in turns.values())
        twice = sum(turn.status is TurnStatus.RUNNING and turn.attempt > 1 for turn in killed_again.values())
        told = f"{KILLS} kills of {len(turns)} streams: {len(dead)} died, {twice} again when resumed, {len(texts)} became whole"
        sys.stdout.write(
            f"\n{told}; in the end {dict(statuses)} in {len(conversations)} conversations, {charged} tokens charged\n"
        )
    assert len(dead) > KILLS
    assert twice > SECOND_KILLS


def check_second_attempts(killed: Mapping[str, Turn], killed_again: Mapping[str, Turn]) -> None:
    """One that was killed too has taken nothing of what its reader had."""
    assert killed.keys() == killed_again.keys()
    for turn_id, turn in killed.items():
        assert killed_again[turn_id].answer.startswith(turn.answer)


def check_answers(trial: Trial, killed: Mapping[str, Turn], turns: Mapping[str, Turn], resumed_texts: Mapping[str, str]) -> None:
    """No turn that a client knew of is lost; each is whole, or exactly what was stored when its last process died."""
    assert trial.shown.keys() <= turns.keys() == killed.keys()
    for turn_id, turn in turns.items():
        was_whole = killed[turn_id].status is TurnStatus.DONE
        assert was_whole or turn_id not in trial.ended
        if was_whole or turn_id in resumed_texts:
            assert (turn.status, turn.answer) == (TurnStatus.DONE, ANSWER)
        else:
            assert (turn.status, turn.answer) == (TurnStatus.INTERRUPTED, killed[turn_id].answer)
            assert ANSWER.startswith(turn.answer)
        assert ANSWER.startswith(trial.shown.get(turn_id, ""))
        assert resumed_texts.get(turn_id, ANSWER) == ANSWER
        is_asked_again = turn_id in resumed_texts and not was_whole
        assert (turn.lease_until, turn.attempt) == (None, killed[turn_id].attempt + is_asked_again)
        assert turn.settlements == turn.attempt


def check_conversations(turns: Mapping[str, Turn], conversations: Mapping[str, Conversation]) -> None:
    """Each conversation counts its turns once, and its tail holds each of its last ones once, as it is stored."""
    counted = Counter(turn.conversation_id for turn in turns.values())
    assert counted == {conversation.id: conversation.turns for conversation in conversations.values()}
    for conversation in conversations.values():
        said = Counter((message.turn_id, message.role) for message in conversation.tail)
        assert set(said.values()) <= {1}
        for message in conversation.tail:
            turn = turns[message.turn_id or ""]
            assert message.text in (turn.question, turn.answer)
