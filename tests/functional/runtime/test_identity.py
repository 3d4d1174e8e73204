"""Who may call what."""

import pytest

from shared.core.settings import Settings
from shared.runtime.wiring import bound
from tests.functional.harness import Client, client_of
from tests.functional.runtime.samples import http, make
from tests.memory.identity import MemoryIdentity

DRAFT = {"name": "Ada"}
KEY = "0123456789abcdef0123456789abcdef"
PUBLIC = client_of(http(make, access="public"))
SIGNED_IN = client_of(http(make))
ADMIN = client_of(http(make, access="admin"))


@pytest.mark.parametrize(
    ("client", "token", "status"),
    [
        (PUBLIC, None, 200),
        (PUBLIC, "alice", 200),
        (PUBLIC, "forged", 401),
        (SIGNED_IN, None, 401),
        (SIGNED_IN, "forged", 401),
        (SIGNED_IN, "alice", 200),
        (ADMIN, None, 401),
        (ADMIN, "forged", 401),
        (ADMIN, "alice", 403),
        (ADMIN, "root", 200),
    ],
)
async def test_access_is_what_the_manifest_says(client: Client, token: str | None, status: int) -> None:
    reply = await client.call(DRAFT, token=token)
    assert reply.status == status


async def test_a_public_function_knows_a_caller_who_says_who_he_is() -> None:
    named = await PUBLIC.call(DRAFT, token="alice")
    unnamed = await PUBLIC.call(DRAFT)
    assert (named.result["by"], unnamed.result["by"]) == ("alice", "")


@pytest.mark.parametrize("header", ["", "alice", "Basic alice", "Bearer", "Bearer  "])
async def test_a_malformed_authorization_is_refused_even_where_none_is_needed(header: str) -> None:
    reply = await PUBLIC.call(DRAFT, headers={"authorization": header})
    assert (reply.status, reply.error["details"]["field"]) == (401, "Authorization")


async def test_a_refused_caller_is_told_the_scheme() -> None:
    reply = await SIGNED_IN.call(DRAFT)
    assert (reply.error["status"], reply.headers["www-authenticate"]) == ("UNAUTHENTICATED", "Bearer")


async def test_the_scheme_is_read_in_any_case() -> None:
    reply = await SIGNED_IN.call(DRAFT, headers={"authorization": "bearer alice"})
    assert reply.status == 200


async def test_admin_functions_refuse_a_revoked_token_at_once(identity: MemoryIdentity) -> None:
    identity.revoked.add("root")
    reply = await ADMIN.call(DRAFT, token="root")
    assert reply.status == 401


class TestAppCheck:
    ENFORCED = Settings(app_check="enforce")

    @pytest.mark.parametrize(("token", "status"), [(None, 401), ("forged", 401), ("app-token", 200)])
    async def test_only_our_apps_may_call_where_it_is_enforced(self, token: str | None, status: int) -> None:
        with bound({Settings: self.ENFORCED}):
            reply = await SIGNED_IN.call(DRAFT, token="alice", headers={"X-Firebase-AppCheck": token} if token else {})
        assert reply.status == status

    async def test_a_function_for_others_may_be_exempt(self) -> None:
        with bound({Settings: self.ENFORCED}):
            reply = await client_of(http(make, access="public", app_check=False)).call(DRAFT)
        assert reply.status == 200


class TestNetworkLimit:
    async def test_a_public_function_stops_a_network_that_calls_too_often(self) -> None:
        client = client_of(http(make, access="public", calls_per_minute=3))
        replies = [await client.call(DRAFT) for _ in range(4)]
        assert [reply.status for reply in replies] == [200, 200, 200, 429]
        assert int(replies[-1].headers["retry-after"]) in range(1, 21)

    async def test_in_the_cloud_a_caller_cannot_choose_the_address_that_counts(self) -> None:
        client = client_of(http(make, access="public", calls_per_minute=1))
        with bound({Settings: Settings(k_service="make")}):
            spoofed = [await client.call(DRAFT, headers={"x-forwarded-for": f"10.0.0.{n}, 203.0.113.9"}) for n in range(2)]
            another = await client.call(DRAFT, headers={"x-forwarded-for": "203.0.113.10"})
        assert [reply.status for reply in [*spoofed, another]] == [200, 429, 200]

    @pytest.mark.parametrize(
        ("key", "forwarded", "statuses"),
        [
            (KEY, "198.51.100.{}, 192.0.2.1", [200, 200]),
            (KEY, "10.0.0.{}, 198.51.100.1, 192.0.2.1", [200, 429]),
            (KEY, "192.0.2.1", [200, 429]),
            ("f" * 32, "198.51.100.{}, 192.0.2.1", [200, 429]),
        ],
        ids=["two callers", "one that writes addresses", "none told", "a wrong key"],
    )
    async def test_behind_api_gateway_each_caller_counts_alone(self, key: str, forwarded: str, statuses: list[int]) -> None:
        client = client_of(http(make, access="public", calls_per_minute=1))
        url = f"/via-{key}/api/v1/things"
        with bound({Settings: Settings(k_service="make", gateway_key=KEY)}):
            replies = [
                await client.rest("POST", url, DRAFT, headers={"x-forwarded-for": forwarded.format(n)}) for n in range(2, 4)
            ]
        assert [reply.status for reply in replies] == statuses

    async def test_without_a_key_of_its_own_a_function_believes_no_gateway(self) -> None:
        client = client_of(http(make, access="public", calls_per_minute=1))
        with bound({Settings: Settings(k_service="make")}):
            replies = [
                await client.rest(
                    "POST", f"/via-{KEY}/api/v1/things", DRAFT, headers={"x-forwarded-for": f"10.0.0.{n}, 192.0.2.1"}
                )
                for n in range(2)
            ]
        assert [reply.status for reply in replies] == [200, 429]

    async def test_the_gateways_key_is_told_to_nobody(self) -> None:
        with bound({Settings: Settings(k_service="make", gateway_key=KEY)}):
            reply = await PUBLIC.rest("POST", f"/via-{KEY}/api/v1/absent", DRAFT, headers={"x-forwarded-for": "192.0.2.1"})
        assert (reply.status, reply.json["detail"]) == (404, "There is nothing at /api/v1/absent.")

    async def test_signed_in_functions_are_limited_by_plan_and_not_by_network(self) -> None:
        client = client_of(http(make, calls_per_minute=1))
        replies = [await client.call(DRAFT, token="alice") for _ in range(3)]
        assert {reply.status for reply in replies} == {200}


async def test_in_the_cloud_no_request_is_served_beside_an_emulator(identity: MemoryIdentity) -> None:
    with bound({Settings: Settings(k_service="make", firebase_auth_emulator_host="127.0.0.1:9099")}):
        reply = await SIGNED_IN.call(DRAFT, token="alice")
    assert (reply.status, reply.error["status"]) == (500, "INTERNAL")
