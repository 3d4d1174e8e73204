"""What decoration and manifests refuse, so that a function that cannot work does not start."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shared.core.errors import InternalError
from shared.domain.base import Id, Model, Page, PageRequest
from shared.domain.events import Event, Token
from shared.ports.store import Bots
from shared.runtime import catalogue
from shared.runtime.catalogue import HttpTrigger, Manifest, Trigger
from shared.runtime.contract import NoFields, read_contract
from shared.runtime.functions import Call, Delivery, ObjectFinalized, callable_function, entry_point, stage_function

HTTP = Trigger(http=HttpTrigger(route="GET /api/v1/things", access="signed_in"))
TOPIC = Trigger(topic="do-things")


class Answer(Model):
    text: str


class OneThing(Model):
    thing_id: Id


def manifest(trigger: Trigger, **options: Any) -> Manifest:
    return Manifest(name="do_thing", trigger=trigger, account="operations", **options)


async def takes_a_call(request: PageRequest, call: Call, *, bots: Bots) -> Page[Answer]:
    return Page(items=(Answer(text=f"{request.cursor}{call.uid}{bots}"),))


async def takes_a_delivery(delivery: Delivery) -> None:
    """Takes it."""


async def takes_a_notice(notice: ObjectFinalized) -> None:
    """Takes it."""


async def takes_text(text: str) -> None:
    """Takes it."""


async def takes_two(first: OneThing, second: PageRequest) -> None:
    """Takes it."""


async def takes_an_unknown_port(*, size: int) -> None:
    """Takes it."""


async def takes_an_untyped_port(*, bots) -> None:  # type: ignore[no-untyped-def] # that is what is refused.
    """Takes it."""


def is_not_async(call: Call) -> None:
    """Takes it."""


async def streams(call: Call) -> AsyncGenerator[Event | Answer, None]:
    yield Token(text=call.uid)
    yield Answer(text="end")


def test_a_signature_is_read_as_a_contract() -> None:
    contract = read_contract(takes_a_call)
    assert (contract.request, contract.result, dict(contract.ports)) == (PageRequest, Page[Answer], {"bots": Bots})


def test_a_stream_has_events_and_one_result() -> None:
    contract = read_contract(streams)
    assert (contract.request, contract.result, contract.events) == (NoFields, Answer, (Event,))


@pytest.mark.parametrize(
    ("trigger", "use_case", "options", "message"),
    [
        (HTTP, takes_text, {}, "parameter text"),
        (HTTP, takes_a_call, {"conditional": True}, "conditional needs a result with a version"),
        (HTTP, takes_two, {}, "one request model"),
        (HTTP, takes_an_unknown_port, {}, "no port is wired for parameter size"),
        (HTTP, takes_an_untyped_port, {}, "no port is wired for parameter bots"),
        (HTTP, is_not_async, {}, "must be an async function"),
        (HTTP, streams, {}, "must be an async function"),
        (HTTP, takes_a_call, {"stream": True}, "must be an async generator"),
        (HTTP, takes_a_delivery, {}, "cannot take Delivery"),
        (TOPIC, takes_a_call, {}, "cannot take Call"),
        (TOPIC, takes_a_notice, {}, "storage trigger"),
        (Trigger(storage="uploads/"), takes_a_delivery, {}, "storage trigger"),
        (Trigger(http=HttpTrigger(route="GET /api/v1/things/{thing_id}", access="public")), takes_a_call, {}, "thing_id"),
    ],
)
def test_a_use_case_that_does_not_fit_its_manifest_does_not_start(
    trigger: Trigger, use_case: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InternalError, match=message):
        entry_point(manifest(trigger, **options), use_case)


def test_an_entry_point_shows_what_it_is_made_of() -> None:
    declared = manifest(HTTP)
    entry = entry_point(declared, takes_a_call)
    assert (entry.use_case, entry.contract.request, entry.manifest) == (takes_a_call, PageRequest, declared)


def test_a_function_without_a_folder_does_not_start() -> None:
    with pytest.raises(InternalError, match=r"functions/takes_a_call/function\.yaml"):
        callable_function(takes_a_call)


def test_a_decorator_of_another_trigger_does_not_start() -> None:
    async def health() -> None:
        return None

    with pytest.raises(InternalError, match="its decorator is for topic"):
        stage_function(health)


@pytest.mark.parametrize(
    "declared",
    [
        {"trigger": {}},
        {"trigger": {"topic": "do-things", "schedule": "* * * * *"}},
        {"trigger": {"http": {"route": "GET /api/v1/things"}}},
        {"trigger": {"http": {"route": "PATCH /api/v1/things", "access": "public"}}},
        {"trigger": {"http": {"route": "GET /things", "access": "public"}}},
        {"trigger": {"http": {"route": "GET /api/v1/things", "access": "owner"}}},
        {"trigger": {"http": {"route": "GET /api/v1/things", "access": "signed_in", "calls_per_hour": 5}}},
        {"trigger": {"http": {"route": "GET /api/v1/things", "access": "public", "calls_per_hour": 0}}},
        {"trigger": {"topic": "do-things"}, "stream": True},
        {"trigger": {"topic": "do-things"}, "idempotent": True},
        {"trigger": {"http": {"route": "POST /api/v1/things", "access": "public"}}, "idempotent": True},
        {"trigger": {"topic": "do-things"}, "conditional": True},
        {"trigger": {"topic": "do-things"}, "reads_account": True},
        {"trigger": {"http": {"route": "POST /api/v1/things", "access": "signed_in"}}, "conditional": True, "stream": True},
        {"trigger": {"topic": "do-things"}, "memory": "256"},
        {"trigger": {"topic": "do-things"}, "unknown": 1},
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(declared: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Manifest.model_validate({"name": "do_thing", "account": "operations", **declared})


@pytest.mark.parametrize("content", ["", "just text", "trigger: [", "trigger: {topic: do-things}", "account: operations"])
def test_a_broken_manifest_is_refused_by_its_path(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "functions" / "do_thing"
    folder.mkdir(parents=True)
    (folder / "function.yaml").write_text(content, "utf-8")
    monkeypatch.setattr(catalogue, "FUNCTIONS", folder.parent)
    with pytest.raises(InternalError, match=r"functions/do_thing/function\.yaml"):
        catalogue.read.__wrapped__("do_thing")
