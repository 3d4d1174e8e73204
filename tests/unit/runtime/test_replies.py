"""What a refusal's headers promise."""

import pytest

from shared.core.errors import ConflictError, ResourceExhaustedError, SynapseError, UnavailableError, VersionMismatchError
from shared.runtime.replies import headers_of


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (ResourceExhaustedError("Full."), {}),
        (ResourceExhaustedError("Too many.", retry_after_seconds=2.1), {"Retry-After": "3"}),
        (UnavailableError("Away."), {"Retry-After": "1"}),
        (ConflictError("Outrun."), {"Retry-After": "1"}),
        (VersionMismatchError("Old."), {}),
    ],
)
def test_only_what_passes_by_itself_asks_the_client_back(error: SynapseError, headers: dict[str, str]) -> None:
    assert headers_of(error) == headers
