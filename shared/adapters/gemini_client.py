"""The way to Gemini on Vertex AI, through google-genai, and what its refusals mean."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from json import JSONDecodeError
from typing import Any

import httpx2
from google import genai
from google.auth.credentials import Credentials
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from google.genai import types
from google.genai.errors import APIError, UnknownApiResponseError

from shared.adapters.model_streams import Patience, no_answer, refusal, timed_out
from shared.core.errors import FailedPreconditionError, InternalError, SynapseError

_RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"
_opened: ContextVar[list[httpx2.Response] | None] = ContextVar("opened", default=None)


def open_client(
    project: str, location: str, patience: Patience, *, base_url: str = "", credentials: Credentials | None = None
) -> genai.Client:
    """A client that never retries by itself, with the machine's own credentials unless others are given.

    Whoever asks must keep it: a collected client answers "client has been closed".
    """
    longest = max(patience.first_token, patience.between_tokens)
    timeout = {"connect": patience.connect, "read": longest, "write": longest, "pool": longest}

    async def be_patient(request: httpx2.Request) -> None:
        # HttpOptions.timeout is one number for connecting and reading alike, and without it the SDK waits for ever.
        request.extensions["timeout"] = timeout

    hooks = {"event_hooks": {"request": [be_patient], "response": [_keep]}}
    options = types.HttpOptions(base_url=base_url or None, async_client_args=hooks)
    return genai.Client(vertexai=True, project=project, location=location, credentials=credentials, http_options=options)


async def _keep(response: httpx2.Response) -> None:
    opened = _opened.get()
    if opened is not None:
        opened.append(response)


@asynccontextmanager
async def responses_closed() -> AsyncGenerator[None, None]:
    """Ends, with the block, the requests that it began, so that nobody pays for an answer that nobody reads.

    Closing the SDK's iterator does not do it: the iterator and the response hold each other until the garbage collector comes.
    """
    opened: list[httpx2.Response] = []
    _opened.set(opened)
    try:
        yield
    finally:
        _opened.set(None)
        for response in opened:
            await response.aclose()


@asynccontextmanager
async def translated() -> AsyncGenerator[None, None]:
    """Raises the product's errors in place of the SDK's and its HTTP client's, without their causes: a provider's text may repeat
    a credential or the prompt, and the log would keep it.
    """
    try:
        yield
    except APIError as error:
        raise _as_ours(error) from None
    except httpx2.TimeoutException:
        raise timed_out() from None
    except (httpx2.HTTPError, UnknownApiResponseError, JSONDecodeError) as error:
        raise no_answer(error) from None
    except DefaultCredentialsError:
        # In the cloud there always are some: it is a laptop on which nobody has signed in to Google.
        raise FailedPreconditionError("Gemini's models are not configured here; choose another.", field="model") from None
    except GoogleAuthError as error:
        raise InternalError(f"The credentials for Vertex AI cannot be refreshed ({type(error).__name__}).") from None


def _as_ours(error: APIError) -> SynapseError:
    headers = getattr(error.response, "headers", None) or {}
    return refusal(error.code or 0, headers, _retry_delay(error.details))


def _retry_delay(body: Any) -> float | None:
    """Seconds of google.rpc.RetryInfo (`"retryDelay": "17s"`) among the error's details; None where it is absent."""
    error = body.get("error", body) if isinstance(body, dict) else {}
    for detail in error.get("details") or () if isinstance(error, dict) else ():
        if isinstance(detail, dict) and detail.get("@type") == _RETRY_INFO:
            delay = str(detail.get("retryDelay", "")).removesuffix("s")
            return float(delay) if delay.replace(".", "", 1).isdecimal() else None
    return None
