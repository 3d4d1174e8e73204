"""Gemini on Vertex AI on the wire, and adapters that speak it to a wire server."""

from typing import Any

from google.oauth2.credentials import Credentials

from shared.adapters.gemini_chat import GeminiChatModel
from shared.adapters.gemini_client import open_client
from shared.adapters.gemini_embedder import GeminiEmbedder
from shared.adapters.model_streams import Patience
from shared.domain.conversation import TokenUsage
from shared.domain.prompt import EmbedderSpec, ModelSpec
from tests.memory.chat_models import vector_of
from tests.wire.server import Reply, Request, event, json_reply

KEY = "ya29.secret-of-this-environment"
SPEC = ModelSpec(
    name="gemini-3.5-flash", adapter="gemini", remote_name="gemini-3.5-flash", context_tokens=8192, thinking_level="low"
)
EMBEDDER = EmbedderSpec(
    name="gemini-embedding-001", adapter="gemini", remote_name="gemini-embedding-001", dimension=32, max_tokens=2048
)
_FINISH_REASONS = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}


def open_model(url: str, patience: Patience) -> GeminiChatModel:
    return GeminiChatModel(SPEC, _client(url, patience), patience)


def open_embedder(url: str, patience: Patience) -> GeminiEmbedder:
    return GeminiEmbedder(EMBEDDER, _client(url, patience), patience)


def _client(url: str, patience: Patience) -> Any:
    return open_client("demo-synapse", "us-central1", patience, base_url=url, credentials=Credentials(token=KEY))


def chunk(parts: list[dict[str, Any]], finish_reason: str | None = None, **more: Any) -> bytes:
    ended = {"finishReason": finish_reason} if finish_reason else {}
    return event({"candidates": [{"content": {"role": "model", "parts": parts}} | ended]} | more)


def said(*pieces: str) -> list[bytes]:
    """The beginning of an answer: an empty part, then a part a piece."""
    return [chunk([{"text": ""}]), *(chunk([{"text": piece}]) for piece in pieces)]


def answer(*pieces: str, usage: TokenUsage | None = None, finish_reason: str = "stop") -> list[bytes]:
    """One of the completion's tokens is told as a thought."""
    counted = usage and {
        "promptTokenCount": usage.prompt_tokens,
        "candidatesTokenCount": usage.completion_tokens - 1,
        "thoughtsTokenCount": 1,
        "totalTokenCount": usage.total,
    }
    more = {"usageMetadata": counted} if counted else {}
    return [*said(*pieces), chunk([{"text": ""}], _FINISH_REASONS[finish_reason], **more)]


def failure(status: int, headers: dict[str, str] | None = None, details: list[Any] | None = None) -> Reply:
    return json_reply(_error(status, details), status, headers)


def failure_within(status: int) -> bytes:
    return event(_error(status, None))


def _error(status: int, details: list[Any] | None) -> dict[str, Any]:
    return {"error": {"code": status, "message": f"Refused for {KEY}.", "status": "SOME_STATUS", "details": details or []}}


def asked(request: Request) -> list[tuple[str, str]]:
    """Role and text of each message, the system's first, in OpenAI's words for the roles."""
    system = [("system", part["text"]) for part in request.body.get("systemInstruction", {}).get("parts", [])]
    roles = {"user": "user", "model": "assistant"}
    return [*system, *((roles[content["role"]], content["parts"][0]["text"]) for content in request.body["contents"])]


def embed(request: Request) -> Reply:
    """A vector of hashed words, three times as long as one."""
    text, wanted = request.body["content"]["parts"][0]["text"], request.body["embedContentConfig"]
    values = [3 * value for value in vector_of(text, wanted["outputDimensionality"])]
    return json_reply({"embedding": {"values": values}, "usageMetadata": {"promptTokenCount": 3}})
