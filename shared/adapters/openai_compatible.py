"""Chat completions as OpenAI speaks them: OpenAI, Azure, Hugging Face, vLLM, Ollama, llama.cpp."""

from base64 import b64encode
from collections.abc import AsyncGenerator, Iterable
from json import JSONDecodeError
from typing import Any

import httpx2
from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError, AsyncOpenAI, AsyncStream, BadRequestError
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletionChunk, ChatCompletionContentPartParam, ChatCompletionMessageParam

from shared.adapters.model_streams import Fragment, Patience, model_events, no_answer, refusal, timed_out
from shared.core.errors import SynapseError
from shared.domain.bot import GenerationSettings
from shared.domain.conversation import Role, TokenUsage
from shared.domain.prompt import ModelEvent, ModelSpec, Prompt, SeenPicture

# OpenAI's reasoning models refuse these two; most other servers know only the names on the left. None: the parameter is left out.
_INSTEAD = {"max_tokens": "max_completion_tokens", "temperature": None}


def open_client(
    base_url: str, api_key: str, patience: Patience, transport: httpx2.AsyncBaseTransport | None = None
) -> AsyncOpenAI:
    """A client for one event loop, which never retries by itself: the caller knows whether the request may be sent again.

    With a transport of the caller's own it follows no redirect: the key is for one address.
    """
    timeout = httpx2.Timeout(max(patience.first_token, patience.between_tokens), connect=patience.connect)
    # A local server wants no key, but the SDK insists on one.
    http_client = httpx2.AsyncClient(transport=transport, timeout=timeout, follow_redirects=False) if transport else None
    return AsyncOpenAI(base_url=base_url, api_key=api_key or "none", timeout=timeout, max_retries=0, http_client=http_client)


class OpenAiCompatibleChatModel:
    """One model of one server; which parameters it refuses is learnt from its first refusal."""

    def __init__(self, spec: ModelSpec, client: AsyncOpenAI, patience: Patience) -> None:
        self.spec = spec
        self._client = client
        self._patience = patience
        self._refused: set[str] = set()

    def stream(self, prompt: Prompt, settings: GenerationSettings) -> AsyncGenerator[ModelEvent, None]:
        """The server's own token counts, where it gives them."""
        return model_events(self._fragments(prompt, settings), self._patience)

    async def _fragments(self, prompt: Prompt, settings: GenerationSettings) -> AsyncGenerator[Fragment, None]:
        try:
            async with await self._request(prompt, settings) as chunks:
                async for chunk in chunks:
                    yield _fragment(chunk)
        # Without their causes: a provider's text may repeat the key or the prompt, and the log would keep it.
        except APIError as error:
            raise _as_ours(error) from None
        except (httpx2.HTTPError, JSONDecodeError) as error:
            raise no_answer(error) from None

    async def _request(self, prompt: Prompt, settings: GenerationSettings) -> AsyncStream[ChatCompletionChunk]:
        try:
            return await self._create(prompt, settings)
        except BadRequestError as error:
            if error.param not in _INSTEAD or error.param in self._refused:
                raise
            # Remembered by the instance: the next turns need not be refused first.
            self._refused.add(error.param)
        return await self._request(prompt, settings)

    async def _create(self, prompt: Prompt, settings: GenerationSettings) -> AsyncStream[ChatCompletionChunk]:
        wanted: dict[str, Any] = {"max_tokens": settings.max_output_tokens, "temperature": settings.temperature}
        named = {_INSTEAD[name] if name in self._refused else name: value for name, value in wanted.items()}
        chunks: AsyncStream[ChatCompletionChunk] = await self._client.chat.completions.create(
            model=self.spec.remote_name,
            messages=list(_messages(prompt)),
            stream=True,
            stream_options={"include_usage": True},
            **{name: value for name, value in named.items() if name is not None},
        )
        return chunks


def _messages(prompt: Prompt) -> Iterable[ChatCompletionMessageParam]:
    if prompt.system:
        yield {"role": "system", "content": prompt.system}
    for message in prompt.history:
        if message.role is Role.USER:
            yield {"role": "user", "content": message.text}
        else:
            yield {"role": "assistant", "content": message.text}
    yield {"role": "user", "content": _shown(prompt.picture, prompt.user) if prompt.picture else prompt.user}


def _shown(picture: SeenPicture, text: str) -> list[ChatCompletionContentPartParam]:
    """The picture in the request itself: a server that fetched it would need an address of ours."""
    url = f"data:{picture.content_type};base64,{b64encode(picture.content).decode()}"
    return [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": text}]


def _fragment(chunk: ChatCompletionChunk) -> Fragment:
    """Servers differ in what they leave out: the chunk with the usage has no choices, and the first delta often no content."""
    choice = chunk.choices[0] if chunk.choices else None
    text = choice.delta.content if choice and choice.delta else None
    return Fragment(text or "", choice.finish_reason if choice else None, _usage(chunk.usage) if chunk.usage else None)


def _usage(counted: CompletionUsage) -> TokenUsage:
    return TokenUsage(prompt_tokens=counted.prompt_tokens or 0, completion_tokens=counted.completion_tokens or 0)


def _as_ours(error: APIError) -> SynapseError:
    if isinstance(error, APIStatusError):
        return refusal(error.status_code, error.response.headers)
    if isinstance(error, APITimeoutError):
        return timed_out()
    if isinstance(error, APIConnectionError):
        return no_answer(error)
    # An error event in the middle of the stream: some servers say the status there.
    return refusal(int(error.code), {}) if error.code and error.code.isdecimal() else no_answer(error)
