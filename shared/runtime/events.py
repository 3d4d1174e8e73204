"""A function behind a topic or a schedule: log context → error boundary → limits → parse → use case; the verdict decides
whether it is delivered again. Who may deliver is IAM's to say, before the request gets here.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from shared.core.errors import Code, SynapseError, Verdict
from shared.core.log import logger
from shared.runtime import replies
from shared.runtime.boundary import attempt, working_seconds
from shared.runtime.call import ObjectFinalized
from shared.runtime.catalogue import Manifest
from shared.runtime.context import begin
from shared.runtime.contract import Contract, NoFields
from shared.runtime.deployment import admitted_settings
from shared.runtime.limits import read_body
from shared.runtime.push import is_finalized, read_push
from shared.runtime.validation import read_message

ACKNOWLEDGED = 204
AGAIN = 503


@dataclass(frozen=True)
class EventFunction:
    """One stage, storage or scheduled function."""

    manifest: Manifest
    contract: Contract

    async def respond(self, request: Request) -> Response:
        """204 when the event is done with, 503 when it should come again."""
        begin(self.manifest.name, request.headers.get("x-correlation-id"))
        if request.method != "POST":
            return replies.problem(replies.MethodNotAllowedError("POST"))
        work = self._run if self.manifest.trigger.schedule else self._receive
        outcome = await attempt(work(request), working_seconds(self.manifest.timeout_seconds))
        return Response(status_code=_status(outcome) if isinstance(outcome, SynapseError) else ACKNOWLEDGED)

    async def _run(self, request: Request) -> None:
        admitted_settings()
        await read_body(request, self.manifest.max_body_bytes)
        # The body was read though nothing is in it, so that it is bounded like every other.
        result = await self.contract.invoke(NoFields(), None)
        logger.info("ran", extra={"result": _shown(result)})

    async def _receive(self, request: Request) -> None:
        admitted_settings()
        delivery = read_push(await read_body(request, self.manifest.max_body_bytes))
        # Only now is the caller's correlation id known; a malformed message was logged under the delivery's.
        begin(self.manifest.name, delivery.correlation_id or delivery.message_id)
        prefix = self.manifest.trigger.storage
        # Acknowledged, since an event of another kind or place is no mistake and would come again for ever.
        if prefix is not None and not is_finalized(delivery, prefix):
            return
        await self.contract.invoke(self._message(delivery.body), delivery)
        logger.info("delivered", extra={"message_id": delivery.message_id, "attempt": delivery.attempt})

    def _message(self, body: str) -> BaseModel:
        return NoFields() if self.contract.request is NoFields else read_message(self.contract.request, body)


def expects_notice(contract: Contract) -> bool:
    """Whether the use case reads the bucket's notification."""
    return contract.request is ObjectFinalized


def _status(error: SynapseError) -> int:
    """A client that left is the platform ending the delivery, so it must come again whatever the error's own verdict."""
    if error.verdict is Verdict.RETRY or error.code is Code.CANCELLED:
        return AGAIN
    logger.error("dropped: %s", error.message, extra={"code": error.code.value, "field": error.field})
    return ACKNOWLEDGED


def _shown(result: Any) -> Any:
    return result.model_dump(mode="json") if isinstance(result, BaseModel) else result
