"""OpenAI's chat completions on the wire, and a model that speaks them to a wire server."""

from typing import Any

from shared.adapters.model_streams import Patience
from shared.adapters.openai_compatible import OpenAiCompatibleChatModel, open_client
from shared.domain.conversation import TokenUsage
from shared.domain.prompt import ModelSpec
from tests.wire.server import Reply, Request, event, json_reply

KEY = "sk-secret-of-this-environment"
SPEC = ModelSpec(name="openai-compatible", adapter="openai_compatible", remote_name="small-talker", context_tokens=8192)


def open_model(url: str, patience: Patience) -> OpenAiCompatibleChatModel:
    return OpenAiCompatibleChatModel(SPEC, open_client(f"{url}/v1", KEY, patience), patience)


def chunk(delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
    return _chunk([{"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}])


def _chunk(choices: list[Any], **more: Any) -> bytes:
    return event(
        {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "small-talker", "choices": choices} | more
    )


def said(*pieces: str) -> list[bytes]:
    """The beginning of an answer: the role, then a delta a piece."""
    return [chunk({"role": "assistant", "content": ""}), *(chunk({"content": piece}) for piece in pieces)]


def answer(*pieces: str, usage: TokenUsage | None = None, finish_reason: str = "stop") -> list[bytes]:
    counted = {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens} if usage else None
    counts = [_chunk([], usage=counted | {"total_tokens": usage.total})] if usage and counted else []
    return [*said(*pieces), chunk({}, finish_reason), *counts, b"data: [DONE]\n\n"]


def failure(status: int, headers: dict[str, str] | None = None) -> Reply:
    body = {"error": {"message": f"Refused for {KEY}.", "type": "some_error", "param": None, "code": None}}
    return json_reply(body, status, headers)


def failure_within(status: int) -> bytes:
    return event({"error": {"message": "Out of luck.", "type": "server_error", "code": status}})


def asked(request: Request) -> list[tuple[str, str]]:
    """Role and text of each message, the system's first."""
    return [(message["role"], message["content"]) for message in request.body["messages"]]
