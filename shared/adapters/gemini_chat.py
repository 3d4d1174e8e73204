"""Gemini's answers on Vertex AI; the tokens it thinks with are paid as tokens of the answer."""

from collections.abc import AsyncGenerator, Iterator

from google import genai
from google.genai import types

from shared.adapters.gemini_client import responses_closed, translated
from shared.adapters.model_streams import Fragment, Patience, model_events
from shared.core.errors import InvalidArgumentError
from shared.domain.bot import GenerationSettings
from shared.domain.conversation import Role, TokenUsage
from shared.domain.prompt import ModelEvent, ModelSpec, Prompt

_FINISH_REASONS = {"STOP": "stop", "MAX_TOKENS": "length"} | dict.fromkeys(
    ("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"), "content_filter"
)


class GeminiChatModel:
    """One Gemini model at one location."""

    def __init__(self, spec: ModelSpec, client: genai.Client, patience: Patience) -> None:
        self.spec = spec
        self._client = client
        self._patience = patience

    def stream(self, prompt: Prompt, settings: GenerationSettings) -> AsyncGenerator[ModelEvent, None]:
        """Raises InvalidArgumentError also where Gemini's filters block the prompt."""
        return model_events(self._fragments(prompt, settings), self._patience)

    async def _fragments(self, prompt: Prompt, settings: GenerationSettings) -> AsyncGenerator[Fragment, None]:
        async with translated(), responses_closed():
            chunks = await self._client.aio.models.generate_content_stream(
                model=self.spec.remote_name, contents=list(_contents(prompt)), config=self._config(prompt, settings)
            )
            async for chunk in chunks:
                yield _fragment(chunk)

    def _config(self, prompt: Prompt, settings: GenerationSettings) -> types.GenerateContentConfig:
        level = self.spec.thinking_level
        return types.GenerateContentConfig(
            system_instruction=prompt.system or None,
            temperature=settings.temperature,
            max_output_tokens=settings.max_output_tokens,
            thinking_config=types.ThinkingConfig(thinking_level=types.ThinkingLevel(level)) if level else None,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        )


def _contents(prompt: Prompt) -> Iterator[types.ContentUnion]:
    for message in prompt.history:
        role = "user" if message.role is Role.USER else "model"
        yield types.Content(role=role, parts=[types.Part(text=message.text)])
    shown = [types.Part.from_bytes(data=prompt.picture.content, mime_type=prompt.picture.content_type)] if prompt.picture else []
    yield types.Content(role="user", parts=[*shown, types.Part(text=prompt.user)])


def _fragment(chunk: types.GenerateContentResponse) -> Fragment:
    if chunk.prompt_feedback and chunk.prompt_feedback.block_reason:
        raise InvalidArgumentError("The model's provider refuses to answer this.")
    candidate = chunk.candidates[0] if chunk.candidates else None
    parts = (candidate.content.parts if candidate and candidate.content else None) or ()
    reason = candidate.finish_reason if candidate else None
    return Fragment(
        # Thoughts are paid for and not said: they may quote the passages without the marks by which quotes are checked.
        text="".join(part.text for part in parts if part.text and not part.thought),
        finish_reason=_FINISH_REASONS.get(reason.value, reason.value.lower()) if reason else None,
        usage=_usage(chunk.usage_metadata) if chunk.usage_metadata else None,
    )


def _usage(counted: types.GenerateContentResponseUsageMetadata) -> TokenUsage:
    written = (counted.candidates_token_count or 0) + (counted.thoughts_token_count or 0)
    return TokenUsage(prompt_tokens=counted.prompt_token_count or 0, completion_tokens=written)
