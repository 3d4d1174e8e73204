"""The guard against requests to our own network: refused before a socket opens, whatever URL, names or redirects say."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Network, ip_network
from typing import Any, NamedTuple

import httpx2
import pytest

from shared.adapters.guarded import Caps, GuardedTransport
from shared.adapters.resolver import Resolver, system_resolve
from shared.core.errors import FailedPreconditionError, UnavailableError
from tests.hostile.material import HOSTILE, needs_hostile_files
from tests.wire.connecting import RecordingConnector, RecordingResolver, response
from tests.wire.server import Reply, WireServer, running

PUBLIC = ("93.184.215.14", "2606:2800:220:1:248:1893:25c8:1946")
PRIVATE = (
    "127.0.0.1",
    "10.1.2.3",
    "169.254.169.254",
    "::1",
    "fd00:ec2::254",
    "::ffff:192.168.0.1",
    "64:ff9b::a00:1",
    "2002:7f00:1::1",
)


class Guard(NamedTuple):
    client: httpx2.AsyncClient
    resolver: RecordingResolver
    connector: RecordingConnector


@asynccontextmanager
async def guarding(
    connector: RecordingConnector | None = None,
    *,
    follow_redirects: bool = False,
    caps: Caps | None = None,
    otherwise: tuple[str, ...] = PUBLIC[:1],
    allow_private: bool = False,
    **known: Any,
) -> AsyncIterator[Guard]:
    """A client behind the guard; names of `known` are spelt with underscores for dots."""
    resolver = RecordingResolver({name.replace("_", "."): answers for name, answers in known.items()}, otherwise)
    connector = connector or RecordingConnector()
    transport = GuardedTransport(Resolver(resolver, allow_private=allow_private), caps or Caps(), connector)
    async with httpx2.AsyncClient(transport=transport, follow_redirects=follow_redirects) as client:
        yield Guard(client, resolver, connector)


async def test_a_public_name_is_resolved_once_and_the_checked_address_is_called_by_its_name() -> None:
    async with guarding(api_example_com=[PUBLIC]) as guard:
        answer = await guard.client.get("https://api.example.com/v1/models")

    assert answer.text == "fine"
    assert guard.resolver.asked == ["api.example.com"]
    assert guard.connector.connected == [(PUBLIC[0], 443)]
    assert guard.connector.names == ["api.example.com"]
    assert b"Host: api.example.com\r\n" in guard.connector.written


@pytest.mark.parametrize("address", PUBLIC)
async def test_a_public_address_is_called_without_asking_anybody(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    async with guarding() as guard:
        await guard.client.get(f"https://{host}:8443/")

    assert (guard.connector.connected, guard.resolver.asked) == ([(address, 8443)], [])


@pytest.mark.parametrize("address", PRIVATE)
async def test_a_name_that_leads_into_our_network_is_refused_before_a_socket_opens(address: str) -> None:
    async with guarding(evil_example_com=[(address,)]) as guard:
        with pytest.raises(FailedPreconditionError):
            await guard.client.get("https://evil.example.com/")

    assert guard.connector.connected == []


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_one_private_answer_among_public_ones_refuses_the_name(place: int) -> None:
    answers = [*PUBLIC]
    answers.insert(place, "10.0.0.1")
    async with guarding(evil_example_com=[answers]) as guard:
        with pytest.raises(FailedPreconditionError):
            await guard.client.get("https://evil.example.com/")

    assert guard.connector.connected == []


async def test_a_name_that_changes_its_answer_is_called_at_the_address_that_was_checked() -> None:
    async with guarding(rebinding_example_com=[PUBLIC[:1], ("127.0.0.1",)]) as guard:
        await guard.client.get("https://rebinding.example.com/")
        with pytest.raises(FailedPreconditionError):
            await guard.client.get("https://rebinding.example.com/")

    assert guard.resolver.asked == ["rebinding.example.com"] * 2
    assert guard.connector.connected == [(PUBLIC[0], 443)]


async def test_the_next_address_of_a_name_is_tried_where_the_first_is_down() -> None:
    connector = RecordingConnector(down=PUBLIC[:1])
    async with guarding(connector, api_example_com=[PUBLIC]) as guard:
        assert (await guard.client.get("https://api.example.com/")).status_code == 200

    assert [address for address, _ in guard.connector.connected] == list(PUBLIC)


async def test_a_name_with_very_many_addresses_is_not_tried_for_ever() -> None:
    many = [f"93.184.215.{number}" for number in range(50)]
    async with guarding(RecordingConnector(down=many), big_example_com=[many]) as guard:
        with pytest.raises(httpx2.ConnectError):
            await guard.client.get("https://big.example.com/")

    assert len(guard.connector.connected) == 3


async def test_a_redirect_is_not_followed_for_an_api() -> None:
    async with guarding(RecordingConnector(response(302, Location="https://10.0.0.1/"))) as guard:
        answer = await guard.client.get("https://api.example.com/")

    assert (answer.status_code, len(guard.connector.connected)) == (302, 1)


@pytest.mark.parametrize(
    "location",
    [
        "https://10.0.0.1/",
        "https://evil.example.com/",
        "https://localhost/",
        "http://api.example.com/",
        "https://0x7f.1/",
        "//[::1]/",
    ],
)
async def test_a_client_that_follows_redirects_is_stopped_at_the_private_one(location: str) -> None:
    connector = RecordingConnector(response(307, Location=location))
    async with guarding(connector, follow_redirects=True, evil_example_com=[("10.0.0.1",)]) as guard:
        with pytest.raises(FailedPreconditionError):
            await guard.client.get("https://api.example.com/")

    assert len(guard.connector.connected) == 1


async def test_a_redirect_to_a_public_address_may_be_followed() -> None:
    connector = RecordingConnector(response(307, Location="https://other.example.com/"))
    async with guarding(connector, follow_redirects=True) as guard:
        assert (await guard.client.get("https://api.example.com/")).status_code == 200

    assert guard.connector.names == ["api.example.com", "other.example.com"]


@pytest.mark.parametrize("url", ["http://api.example.com/", "http://93.184.215.14/"])
async def test_plain_http_is_refused(url: str) -> None:
    async with guarding() as guard:
        with pytest.raises(FailedPreconditionError, match="https"):
            await guard.client.get(url)

    assert guard.connector.connected == []


async def test_a_proxy_of_the_environment_does_not_lead_around_the_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    async with guarding() as guard:
        await guard.client.get("https://api.example.com/")

    assert guard.connector.connected == [(PUBLIC[0], 443)]


async def test_a_refusal_does_not_tell_what_the_name_led_to() -> None:
    async with guarding(evil_example_com=[("10.20.30.40",)]) as guard:
        with pytest.raises(FailedPreconditionError) as refused:
            await guard.client.get("https://evil.example.com/")

    assert "10.20.30.40" not in refused.value.message


async def test_a_name_that_nobody_knows_is_a_failed_connection() -> None:
    async def unknown(_: str) -> list[str]:
        raise OSError("Name or service not known")

    async with httpx2.AsyncClient(transport=GuardedTransport(Resolver(unknown), Caps(), RecordingConnector())) as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get("https://nobody.example.com/")


async def test_a_name_without_an_address_is_a_failed_connection() -> None:
    async with guarding(empty_example_com=[()]) as guard:
        with pytest.raises(httpx2.ConnectError):
            await guard.client.get("https://empty.example.com/")


async def test_a_resolver_that_hangs_is_given_up() -> None:
    async with guarding() as guard:
        transport = GuardedTransport(Resolver(_never), Caps(), guard.connector)
        async with httpx2.AsyncClient(transport=transport, timeout=0.05) as client:
            with pytest.raises(httpx2.ConnectTimeout):
                await client.get("https://slow.example.com/")


async def _never(_: str) -> list[str]:
    await asyncio.Event().wait()
    return []


async def test_an_answer_beyond_the_cap_is_not_read_to_its_end() -> None:
    async with guarding(RecordingConnector(response(body=b"x" * 101)), caps=Caps(max_bytes=100)) as guard:
        with pytest.raises(UnavailableError, match="more"):
            await guard.client.get("https://api.example.com/")


async def test_an_answer_that_just_fits_is_read_whole() -> None:
    async with guarding(RecordingConnector(response(body=b"x" * 100)), caps=Caps(max_bytes=100)) as guard:
        assert len((await guard.client.get("https://api.example.com/")).content) == 100


async def test_a_compressed_answer_is_refused_since_its_size_cannot_be_told() -> None:
    async with guarding(RecordingConnector(response(body=b"\x1f\x8b", Content_Encoding="gzip"))) as guard:
        with pytest.raises(UnavailableError):
            await guard.client.get("https://api.example.com/")

    assert b"Accept-Encoding: identity\r\n" in guard.connector.written


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with running() as started:
        yield started


async def test_a_server_that_never_ends_is_cut(server: WireServer) -> None:
    server.will_reply(Reply((b"and so on",), ending="hang"))
    transport = GuardedTransport(Resolver(allow_private=True), Caps(seconds=0.1))
    async with httpx2.AsyncClient(transport=transport) as client:
        with pytest.raises(UnavailableError):
            await client.get(server.url)


async def test_a_developers_own_server_is_called_where_the_setting_allows_it_and_only_there(server: WireServer) -> None:
    server.will_reply(Reply((b"fine",)))
    async with httpx2.AsyncClient(transport=GuardedTransport(Resolver(allow_private=True), Caps())) as client:
        assert (await client.get(server.url)).text == "fine"
    async with httpx2.AsyncClient(transport=GuardedTransport(Resolver(), Caps())) as client:
        with pytest.raises(FailedPreconditionError):
            await client.get(server.url.replace("http:", "https:"))

    assert len(server.requests) == 1


async def test_the_machines_own_resolver_is_asked_for_streams() -> None:
    assert "127.0.0.1" in await system_resolve("localhost")


# What the set's own reviewers marked as a public address.
CONTROLS = {"http://1.1.1.1"}


async def _outcome(guard: Guard, url: str) -> str:
    """How the guard took the URL; https takes http's place, so that it is the host that is judged."""
    secure = f"https{url.removeprefix('http')}" if url.startswith("http:") else url
    try:
        await guard.client.get(secure)
    except FailedPreconditionError:
        return "refused by the guard"
    except (httpx2.UnsupportedProtocol, httpx2.InvalidURL, httpx2.LocalProtocolError):
        return "refused by the client"
    return "called"


@needs_hostile_files
async def test_no_url_of_the_hostile_set_opens_a_socket_and_the_public_one_does(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [json.loads(line) for line in (HOSTILE / "ssrf" / "patt_urls.jsonl").read_text("utf-8").splitlines()]
    outcomes: Counter[tuple[str, str]] = Counter()
    for row in rows:
        async with guarding(follow_redirects=True, otherwise=("169.254.169.254",)) as guard:
            outcome = await _outcome(guard, row["url"])
        assert bool(guard.connector.connected) is (row["url"] in CONTROLS), row
        outcomes[row["expect"].split(" ")[0], outcome] += 1

    with capsys.disabled():
        for (expected, outcome), count in sorted(outcomes.items()):
            print(f"{count:4}  {expected:38} {outcome}")  # noqa: T201
    assert sum(outcomes.values()) == len(rows) > 100


@needs_hostile_files
async def test_the_ends_of_every_blocked_range_are_refused_in_each_spelling() -> None:
    ranges = [ip_network(line) for line in (HOSTILE / "ssrf" / "blocked_cidrs.txt").read_text("utf-8").split()]
    tried = 0
    for blocked in ranges:
        for end in (blocked[0], blocked[-1]):
            spellings = [f"[{end}]"]
            if isinstance(blocked, IPv4Network):
                spellings = [str(end), str(int(end)), *(f"[{prefix}{end}]" for prefix in ("::ffff:", "::", "64:ff9b::"))]
            for spelling in spellings:
                async with guarding(evil_example_com=[(spelling.strip("[]"),)]) as guard:
                    assert await _outcome(guard, f"https://{spelling}/") == "refused by the guard", spelling
                    assert await _outcome(guard, "https://evil.example.com/") == "refused by the guard", spelling
                assert guard.connector.connected == []
                tried += 1
    assert tried > 150


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "168.63.129.16", "::ffff:169.254.169.254"])
async def test_on_a_developers_machine_a_name_that_leads_to_a_clouds_secrets_is_not_called(address: str) -> None:
    async with guarding(allow_private=True, wiki_lan=[(address,)], here_lan=[("192.168.1.7",)]) as guard:
        with pytest.raises(FailedPreconditionError):
            await guard.client.get("http://wiki.lan/latest/")
        assert guard.connector.connected == []
        await guard.client.get("http://here.lan/")
        assert guard.connector.connected == [("192.168.1.7", 80)]
