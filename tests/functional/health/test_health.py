"""The first real function, through functions-framework's app."""

import pytest

from shared.core.settings import Settings
from shared.runtime.wiring import bound
from tests.functional.harness import client_for

EMULATED = Settings(firestore_emulator_host="127.0.0.1:8080", region="europe-west1")


async def test_anybody_may_ask_whether_the_backend_answers() -> None:
    with bound({Settings: EMULATED}):
        reply = await client_for("health").rest("GET", "/api/v1/health")
    assert (reply.status, reply.json["region"], reply.json["emulated"]) == (200, "europe-west1", True)


async def test_a_page_asks_the_same_as_a_callable() -> None:
    with bound({Settings: EMULATED}):
        reply = await client_for("health").call()
    assert reply.result["status"] == "ok"


async def test_an_uptime_check_needs_no_app_check_token() -> None:
    with bound({Settings: EMULATED.model_copy(update={"app_check": "enforce"})}):
        reply = await client_for("health").rest("GET", "/api/v1/health")
    assert reply.status == 200


@pytest.mark.parametrize(
    "variable", ["firebase_auth_emulator_host", "firestore_emulator_host", "pubsub_emulator_host", "storage_emulator_host"]
)
async def test_in_the_cloud_it_refuses_to_serve_beside_an_emulator_variable(variable: str) -> None:
    with bound({Settings: Settings.model_validate({"k_service": "health", variable: "127.0.0.1:1"})}):
        reply = await client_for("health").rest("GET", "/api/v1/health")
    assert (reply.status, reply.json["code"]) == (500, "INTERNAL")
