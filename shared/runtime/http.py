"""A function behind HTTP: log context → error boundary → identity and access → limits → parse → idempotency → use case."""

import json
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from shared.core import log
from shared.core.clock import Clock
from shared.core.errors import InternalError, SynapseError
from shared.core.log import logger
from shared.core.settings import Settings
from shared.domain.account import Account, admit
from shared.domain.events import Event
from shared.ports.identity import Accounts, Caller
from shared.ports.ledger import Receipts
from shared.ports.rates import Rates
from shared.runtime import access, conditions, cors, gateway, replies, wiring
from shared.runtime.boundary import attempt, working_seconds
from shared.runtime.call import Call
from shared.runtime.catalogue import HttpTrigger, Manifest
from shared.runtime.context import begin
from shared.runtime.contract import Contract
from shared.runtime.deployment import admitted_settings
from shared.runtime.dialects import Dialect, Fields, dialect_of
from shared.runtime.idempotency import Key, Once, read_key
from shared.runtime.limits import HourlyLimit, NetworkLimit, read_body
from shared.runtime.stream import EventStream, Outputs, Pace, last_output, to_json_bytes, while_connected
from shared.runtime.validation import validate


@dataclass(frozen=True)
class _Work:
    """One call that has passed every layer before idempotency."""

    call: Call
    request: BaseModel
    fields: Fields


@dataclass(frozen=True)
class _Who:
    """Who calls, as far as is known before the body is read."""

    caller: Caller | None
    account: Account | None
    ip: str


@dataclass(frozen=True)
class HttpFunction:
    """One callable function with its REST route; holds nothing of a call but the buckets of its networks."""

    manifest: Manifest
    contract: Contract
    trigger: HttpTrigger
    limit: NetworkLimit = field(repr=False)
    hourly: HourlyLimit | None = field(default=None, repr=False)

    async def respond(self, request: Request) -> Response:
        """The reply, whatever happens; only the task's own cancellation passes through."""
        started = perf_counter()
        correlation_id = begin(self.manifest.name, request.headers.get("x-correlation-id"))
        dialect = dialect_of(request, self.manifest)
        # Two boundaries: a refusal of the inner one gets its CORS headers, without which a browser hides it from its page; the
        # outer one is for what breaks before it is known who may read.
        outcome = await attempt(self._serve(request, dialect))
        response = _refusal(dialect, outcome) if isinstance(outcome, SynapseError) else outcome
        response.headers["X-Correlation-Id"] = correlation_id
        if not isinstance(response, EventStream):
            about = {"status": response.status_code, "milliseconds": round((perf_counter() - started) * 1000, 1)}
            logger.info("answered", extra=about)
        return response

    async def _serve(self, request: Request, dialect: Dialect | None) -> Response:
        settings = admitted_settings()
        if request.method == "OPTIONS":
            return cors.preflight(request, settings)
        work = self._answer(request, dialect, settings)
        outcome = await attempt(work, working_seconds(self.manifest.timeout_seconds))
        response = _refusal(dialect, outcome) if isinstance(outcome, SynapseError) else outcome
        cors.allow(request, response, settings)
        return response

    async def _answer(self, request: Request, dialect: Dialect | None, settings: Settings) -> Response:
        if dialect is None:
            raise replies.UnknownRouteError(f"There is nothing at /{gateway.path_below(request)[:200]}.")
        # Whoever may not call is refused before a byte of the body is read.
        caller = await access.identify(request, self.trigger, settings)
        ip = access.client_ip(request, settings)
        account = await self._admitted(caller)
        # Signed-in callers are limited by their plan: one address may be a whole school.
        if self.trigger.access == "public":
            await self._take(access.network_of(ip))
        who = _Who(caller, account, ip)
        work = self._work(request, dialect, await read_body(request, self.manifest.max_body_bytes), who)
        if dialect.streams:
            pace = Pace(settings.stream_heartbeat_seconds, working_seconds(self.manifest.timeout_seconds))
            return EventStream(self._outputs(work), pace)
        if self.manifest.stream:
            # Nobody would read the rest of an answer that its client has left, and every further token costs.
            result = await while_connected(request.receive, last_output(self._outputs(work), _unseen))
            return dialect.answer(to_json_bytes(result))
        answer = await self._once(work)
        response = dialect.answer(answer)
        return conditions.tag(response, answer) if self.manifest.conditional and answer else response

    async def _take(self, network: str) -> None:
        """Count the call against its network, in memory first: what that refuses costs no write."""
        self.limit.take(network)
        if self.hourly is not None:
            clock: Clock = wiring.provide(Clock)
            await self.hourly.take(network, wiring.provide(Rates), clock())

    async def _admitted(self, caller: Caller | None) -> Account | None:
        """The caller's account, which may act; read here for every function, so that none can forget it."""
        if caller is None or self.manifest.reads_account:
            return None
        accounts: Accounts = wiring.provide(Accounts)
        account = await accounts.get(caller.uid)
        admit(account, caller.signed_in_at)
        return account

    def _work(self, request: Request, dialect: Dialect, body: bytes, who: _Who) -> _Work:
        fields = dialect.fields(request, body, self.contract.request)
        # The callable SDK sets no headers, so there the key and the version come as fields. They are taken out before the model
        # sees them, since no model has them.
        named = fields.pop("idempotency_key", None) if self.manifest.idempotent else None
        caller = who.caller or Caller(uid="")
        call = Call(
            uid=caller.uid,
            email=caller.email,
            is_admin=caller.is_admin,
            correlation_id=log.correlation_id(),
            ip=who.ip,
            origin=request.headers.get("origin"),
            idempotency_key=read_key(named, request.headers.get("idempotency-key")),
            signed_in_at=caller.signed_in_at,
            email_verified=caller.email_verified,
            account=who.account,
            if_match=self._versions(request, fields),
        )
        return _Work(call, validate(self.contract.request, fields), fields)

    def _versions(self, request: Request, fields: Fields) -> AbstractSet[int] | None:
        header = request.headers.get("if-match")
        if self.manifest.guards_a_version:
            return conditions.read_versions(fields.pop("if_match", None), header)
        conditions.refuse(header)
        return None

    def _outputs(self, work: _Work) -> Outputs:
        if self.manifest.stream:
            outputs: Outputs = self.contract.invoke(work.request, work.call)
            return outputs
        return self._single(work)

    async def _single(self, work: _Work) -> Outputs:
        yield await self._once(work)

    async def _once(self, work: _Work) -> bytes | None:
        """The answer as JSON; under an idempotency key, the stored one where the work is done already."""
        if not self.manifest.idempotent or work.call.idempotency_key is None:
            return _encoded(await self.contract.invoke(work.request, work.call))
        # The whole timeout is the lease: no second call may begin while the first can still write.
        once = Once(wiring.provide(Receipts), wiring.provide(Clock), self.manifest.timeout_seconds)
        key = Key(work.call.uid, self.manifest.name, work.call.idempotency_key)
        answer = await once.run(key, work.fields, lambda: self._storable(work))
        return None if answer is None else json.dumps(answer).encode()

    async def _storable(self, work: _Work) -> Any:
        answer = _encoded(await self.contract.invoke(work.request, work.call))
        # Kept as the caller got it rather than as a model, so that a replay says what the release that did the work said.
        return None if answer is None else json.loads(answer)


def _encoded(result: Any) -> bytes | None:
    if result is None:
        return None
    if not isinstance(result, BaseModel) or isinstance(result, Event):
        raise InternalError(f"the use case answered {type(result).__name__}, which is no result model")
    return to_json_bytes(result)


def _refusal(dialect: Dialect | None, error: SynapseError) -> Response:
    return dialect.refusal(error) if dialect else replies.problem(error)


async def _unseen(_: Event) -> None:
    """Whoever asked for the result alone gets no events."""
