"""What Google's libraries raise, as the product's own errors; every adapter of theirs passes through here."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from google.api_core import exceptions as google
from google.auth.exceptions import TransportError
from requests.exceptions import RequestException

from shared.core.errors import (
    AlreadyExistsError,
    ConflictError,
    DeadlineExceededError,
    InternalError,
    NotFoundError,
    ResourceExhaustedError,
    SynapseError,
    UnavailableError,
)

P = ParamSpec("P")
R = TypeVar("R")

# The first class that fits decides, so subclasses stand before their bases. What is missing here (a refused argument, a missing
# permission) is a defect of ours or of the environment.
_OURS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Callable[[str], SynapseError], str], ...] = (
    (google.AlreadyExists, AlreadyExistsError, "This id is taken."),
    (
        (google.Aborted, google.FailedPrecondition, google.PreconditionFailed, google.Conflict),
        ConflictError,
        "Another wrote first.",
    ),
    (google.NotFound, NotFoundError, "There is no such thing."),
    (google.TooManyRequests, ResourceExhaustedError, "The store is asked too often."),
    ((google.GatewayTimeout, google.RetryError), DeadlineExceededError, "The store took too long."),
    ((google.ServerError, TransportError, RequestException), UnavailableError, "The store did not answer."),
    (google.GoogleAPICallError, InternalError, "The store refused the request."),
)
_RAISED = (google.GoogleAPICallError, google.RetryError, TransportError, RequestException)


def as_ours(error: Exception) -> SynapseError:
    """The product's error for one of Google's; its message tells nothing of the store."""
    return next(ours(message) for theirs, ours, message in _OURS if isinstance(error, theirs))


def translated(method: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """The method, raising the product's errors with Google's as their cause."""

    @wraps(method)
    async def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await method(*args, **kwargs)
        except _RAISED as error:
            # The cause stays for the log: our own sentence tells a caller nothing of the store.
            raise as_ours(error) from error

    return call
