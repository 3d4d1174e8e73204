"""Each of Google's errors becomes one of ours, with the verdict that says whether to try again."""

import pytest
import requests
from google.api_core import exceptions as google
from google.auth.exceptions import TransportError

from shared.adapters.google_errors import translated
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

CASES = [
    (google.AlreadyExists("secret"), AlreadyExistsError),
    (google.Aborted("secret"), ConflictError),
    (google.FailedPrecondition("secret"), ConflictError),
    (google.PreconditionFailed("secret"), ConflictError),
    (google.Conflict("secret"), ConflictError),
    (google.NotFound("secret"), NotFoundError),
    (google.ResourceExhausted("secret"), ResourceExhaustedError),
    (google.TooManyRequests("secret"), ResourceExhaustedError),
    (google.DeadlineExceeded("secret"), DeadlineExceededError),
    (google.RetryError("secret", TimeoutError()), DeadlineExceededError),
    (google.ServiceUnavailable("secret"), UnavailableError),
    (google.BadGateway("secret"), UnavailableError),
    (google.InternalServerError("secret"), UnavailableError),
    (google.Unknown("secret"), UnavailableError),
    (TransportError("secret"), UnavailableError),
    (requests.ConnectionError("secret"), UnavailableError),
    (requests.Timeout("secret"), UnavailableError),
    (google.InvalidArgument("secret"), InternalError),
    (google.PermissionDenied("secret"), InternalError),
    (google.Unauthenticated("secret"), InternalError),
]


@pytest.mark.parametrize(("theirs", "ours"), CASES, ids=lambda case: getattr(case, "__name__", type(case).__name__))
async def test_googles_error_is_raised_as_ours_with_its_cause(theirs: Exception, ours: type[SynapseError]) -> None:
    @translated
    async def failing() -> None:
        raise theirs

    with pytest.raises(SynapseError) as raised:
        await failing()

    assert type(raised.value) is ours
    assert raised.value.__cause__ is theirs
    assert "secret" not in raised.value.message


async def test_what_is_not_googles_passes_unchanged() -> None:
    @translated
    async def failing() -> None:
        raise NotFoundError("There is no such turn.")

    with pytest.raises(NotFoundError, match="no such turn"):
        await failing()


async def test_a_result_passes_unchanged() -> None:
    @translated
    async def adding(one: int, *, other: int) -> int:
        return one + other

    assert await adding(1, other=2) == 3
