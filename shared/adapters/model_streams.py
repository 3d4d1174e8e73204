"""What the streams of all providers have in common: patience, cut streams, and what a refusal means."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from shared.core.errors import (
    DeadlineExceededError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
    SynapseError,
    UnavailableError,
)
from shared.core.log import logger
from shared.domain.conversation import TokenUsage
from shared.domain.prompt import Completion, ModelEvent, TextDelta

# Quotas of a day are the longest that providers have.
_LONGEST_WAIT_SECONDS = 86_400.0
# The forms that providers give their requests' ids, by which their support finds one; no key of theirs has either.
_REQUEST_ID = re.compile(r"req_[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Patience:
    """How long to wait for a provider, in seconds; `first_token` counts from the request."""

    connect: float = 5.0
    first_token: float = 60.0
    between_tokens: float = 30.0


@dataclass(frozen=True)
class Fragment:
    """One chunk of a provider's stream, of which each part may be missing."""

    text: str = ""
    finish_reason: str | None = None
    usage: TokenUsage | None = None


async def model_events(fragments: AsyncGenerator[Fragment, None], patience: Patience) -> AsyncGenerator[ModelEvent, None]:
    """The port's events. A stream that ends without saying why was cut, by a proxy or a dying server: UnavailableError.

    Once the reason is known the answer is whole, so what breaks after it costs only the usage count.
    """
    ended, seconds = Fragment(), patience.first_token
    async with aclosing(fragments):
        while fragment := await _next(fragments, seconds, is_whole=bool(ended.finish_reason)):
            ended = Fragment(finish_reason=fragment.finish_reason or ended.finish_reason, usage=fragment.usage or ended.usage)
            if fragment.text:
                seconds = patience.between_tokens
                yield TextDelta(text=fragment.text)
    if not ended.finish_reason:
        raise UnavailableError("The model's answer broke off.")
    yield Completion(usage=ended.usage, finish_reason=ended.finish_reason)


async def _next(fragments: AsyncGenerator[Fragment, None], seconds: float, *, is_whole: bool) -> Fragment | None:
    """The next fragment; None at the end, and where a whole answer's stream breaks."""
    try:
        async with asyncio.timeout(seconds):
            return await anext(fragments, None)
    except (TimeoutError, UnavailableError, DeadlineExceededError) as error:
        if is_whole:
            return None
        if isinstance(error, TimeoutError):
            raise timed_out() from error
        raise


def timed_out() -> DeadlineExceededError:
    """The provider did not answer in time."""
    return DeadlineExceededError("The model took too long to answer.")


def no_answer(reason: Exception) -> UnavailableError:
    """The provider could not be reached, or hung up. Of the reason the log gets the kinds alone: an HTTP client that refuses to
    send a header repeats it, the key included.
    """
    kinds = [type(one).__name__ for one in (reason, reason.__cause__) if one]
    logger.warning("a model's provider did not answer", extra={"kinds": kinds})
    return UnavailableError("The model did not answer.")


def refusal(status: int, headers: Mapping[str, str], retry_after_seconds: float | None = None) -> SynapseError:
    """The error of an HTTP status; `retry_after_seconds` is what the body says, where the header says nothing.

    The messages are neutral, and whoever raises one leaves out its cause: what providers write may repeat the prompt or the key.
    What of it may stand in the log is written here.
    """
    request_id = headers.get("x-request-id", "")
    known = request_id if _REQUEST_ID.fullmatch(request_id) else None
    logger.warning("a model's provider refused", extra={"status": status, "request_id": known})
    wait = _bounded(_retry_after(headers), retry_after_seconds)
    match status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            return ResourceExhaustedError("The model is asked too often.", retry_after_seconds=wait)
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return InternalError("The model's provider does not accept this environment's credentials.")
        case HTTPStatus.NOT_FOUND:
            return NotFoundError("The model's provider does not offer this model here.")
        case HTTPStatus.REQUEST_TIMEOUT | HTTPStatus.GATEWAY_TIMEOUT:
            return timed_out()
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return UnavailableError("The model did not answer.", retry_after_seconds=wait)
    return InvalidArgumentError("The model's provider refuses the request: it may be too long, or against its rules.")


def _bounded(*waits: float | None) -> float | None:
    """The first that was told, at most a day: a slip such as `inf` would overflow a time, or stop the provider for good."""
    told = next((wait for wait in waits if wait is not None), None)
    return None if told is None else min(told, _LONGEST_WAIT_SECONDS)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from now, of a header that gives seconds or a date (RFC 9110, section 10.2.3); None where it gives neither."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        return _seconds_until(value)


def _seconds_until(date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (zoned - datetime.now(UTC)).total_seconds())
