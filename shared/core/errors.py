"""Every error that the product raises on purpose says what happens next: a closed code and a verdict.

SynapseError
├── InvalidArgumentError      the request itself is wrong; names the field
├── FailedPreconditionError   the request is fine, the state of the thing is not
├── UnauthenticatedError      no valid token
├── PermissionDeniedError     a valid token that may not
├── NotFoundError             absent, or another tenant's: the two answer alike
├── AlreadyExistsError        the id or name is taken
├── ConflictError             somebody else wrote first; read again
│   └── VersionMismatchError  the caller named a version that is no longer the current one
├── ResourceExhaustedError    over a limit; may say when to come back
│   └── QuotaExceededError    the owner's own plan is full
├── CancelledError            the client went away
├── UnavailableError          a store or model did not answer; try again
├── DeadlineExceededError     it took too long; try again
└── InternalError             a defect of ours
"""

from enum import StrEnum
from typing import ClassVar


class Code(StrEnum):
    """Closed status names, those of google.rpc.Code, which the Firebase callable protocol sends."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    ABORTED = "ABORTED"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    CANCELLED = "CANCELLED"
    UNAVAILABLE = "UNAVAILABLE"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    INTERNAL = "INTERNAL"


class Verdict(StrEnum):
    """What an event's delivery should do about the error."""

    RETRY = "retry"
    DROP = "drop"


class SynapseError(Exception):
    """Base of all; `message` is neutral and may be shown to the caller, `field` names the input at fault."""

    code: ClassVar[Code] = Code.INTERNAL
    # Nothing comes again unless its class says so: an error that cannot pass would be delivered until its message is dead.
    verdict: ClassVar[Verdict] = Verdict.DROP

    def __init__(self, message: str, *, field: str | None = None, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.retry_after_seconds = retry_after_seconds


class InvalidArgumentError(SynapseError):
    """The request cannot be right at any time."""

    code = Code.INVALID_ARGUMENT


class FailedPreconditionError(SynapseError):
    """The request would be right if the thing were in another state."""

    code = Code.FAILED_PRECONDITION


class UnauthenticatedError(SynapseError):
    """The token is missing, malformed, expired or revoked."""

    code = Code.UNAUTHENTICATED


class PermissionDeniedError(SynapseError):
    """The caller is known and may not."""

    code = Code.PERMISSION_DENIED


class NotFoundError(SynapseError):
    """The thing is absent, or another tenant's; the caller cannot tell which."""

    code = Code.NOT_FOUND


class AlreadyExistsError(SynapseError):
    """A create met an id or a unique name that is taken."""

    code = Code.ALREADY_EXISTS


class ConflictError(SynapseError):
    """A precondition on the stored version did not hold: another writer was first."""

    code = Code.ABORTED
    verdict = Verdict.RETRY


class VersionMismatchError(ConflictError):
    """The version that the caller wanted to change is not the current one; only the caller can decide what to do now."""

    verdict = Verdict.DROP


class ResourceExhaustedError(SynapseError):
    """A quota, rate or provider limit; `retry_after_seconds` says when it may pass, where that is known."""

    code = Code.RESOURCE_EXHAUSTED
    verdict = Verdict.RETRY


class QuotaExceededError(ResourceExhaustedError):
    """What the owner's own plan has no room for: no wait helps, and no trouble of a store looks like it."""


class CancelledError(SynapseError):
    """The client ended the call; nobody reads the answer."""

    code = Code.CANCELLED


class UnavailableError(SynapseError):
    """A dependency failed in a way that passes by itself."""

    code = Code.UNAVAILABLE
    verdict = Verdict.RETRY


class DeadlineExceededError(SynapseError):
    """A dependency or the work itself took longer than it may."""

    code = Code.DEADLINE_EXCEEDED
    verdict = Verdict.RETRY


class InternalError(SynapseError):
    """A defect of ours, worth a look; events are delivered again, since the next release may be right."""

    code = Code.INTERNAL
    verdict = Verdict.RETRY
