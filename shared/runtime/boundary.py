"""The error boundary: whatever a use case raises becomes one of our errors, logged once, with the verdict that it carries."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from starlette.requests import ClientDisconnect

from shared.core.errors import CancelledError, Code, DeadlineExceededError, InternalError, SynapseError, Verdict
from shared.core.log import logger

Answer = TypeVar("Answer")


async def attempt(work: Awaitable[Answer], timeout_seconds: float | None = None) -> Answer | SynapseError:
    """The work's answer or its error, never an exception; only the task's own cancellation passes through."""
    try:
        async with asyncio.timeout(timeout_seconds):
            return await work
    # Chosen by us, with a code and a verdict, so it passes as it is.
    except SynapseError as error:
        return _logged(error)
    except ClientDisconnect as error:
        return _logged(_caused(CancelledError("The client went away before its request was read."), error))
    except TimeoutError as error:
        # Our own limit or one inside the work: in both cases waiting longer was not worth it.
        return _logged(_caused(DeadlineExceededError("It took too long; try again."), error))
    except Exception as error:  # noqa: BLE001 - the program's one boundary: nothing unknown may reach the caller or kill the server.
        # The class alone becomes the message: what libraries write may repeat a person's text or a key. The log has the trace.
        return _logged(_caused(InternalError(type(error).__name__), error))


def working_seconds(timeout_seconds: int) -> float:
    """How long a use case may run, so that its answer or its error still leaves before the platform cuts the request."""
    return timeout_seconds - min(5.0, timeout_seconds * 0.1)


def _caused(error: SynapseError, cause: BaseException) -> SynapseError:
    error.__cause__ = cause
    return error


def _logged(error: SynapseError) -> SynapseError:
    """Defects with their whole trace, what passes by itself as a warning, a caller's mistake as a note."""
    about = {"code": error.code.value, "field": error.field}
    if error.code is Code.INTERNAL:
        logger.error("failed: %s", error.message, extra=about, exc_info=error)
    elif error.verdict is Verdict.RETRY:
        # Without a cause the trace would lead to our own sentence and say no more than it does.
        logger.warning("refused: %s", error.message, extra=about, exc_info=error if error.__cause__ else None)
    else:
        logger.info("refused: %s", error.message, extra=about)
    return error
