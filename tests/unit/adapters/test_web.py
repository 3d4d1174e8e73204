"""The web client against hostile addresses, redirects, names and bodies: refused before a socket opens, or cut at a cap."""

import asyncio
import gzip
import json
import zlib
from datetime import UTC, datetime
from ipaddress import IPv4Network, ip_network
from pathlib import Path
from typing import Any

import pytest

from shared.adapters.resolver import Resolver
from shared.adapters.web import GuardedWeb, user_agent
from shared.core.errors import ResourceExhaustedError, UnavailableError
from shared.domain.document import FailureCode, RejectedFileError
from tests.hostile.material import HOSTILE, needs_hostile_files
from tests.wire.connecting import RecordingConnector, RecordingResolver, response
from tests.wire.server import Reply, running

PUBLIC = "93.184.215.14"
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


class Client:
    """A client that reaches nothing; its names lead to `otherwise` unless they are known."""

    def __init__(self, *answers: bytes, otherwise: tuple[str, ...] = (PUBLIC,), **known: Any) -> None:
        self.resolver = RecordingResolver({name.replace("_", "."): found for name, found in known.items()}, otherwise)
        self.connector = RecordingConnector(*answers)
        agent = user_agent("https://synapse.example.com/about")
        self.web = GuardedWeb(Resolver(self.resolver), agent, connector=self.connector, clock=lambda: NOW)

    async def refusal(self, url: str, path: Path, max_bytes: int = 1000) -> FailureCode:
        """Why the address is not fetched."""
        with pytest.raises(RejectedFileError) as refused:
            await self.web.fetch(url, path, max_bytes=max_bytes)
        return refused.value.failure


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "page"


async def test_a_page_is_asked_for_at_the_checked_address_by_its_name_and_by_ours(path: Path) -> None:
    client = Client(response(body=b"<p>Whales</p>", Content_Type="text/html"), example_com=[(PUBLIC,)])
    fetched = await client.web.fetch("https://example.com/a?b=c", path, max_bytes=1000)
    assert (await asyncio.to_thread(path.read_bytes), fetched.content_type) == (b"<p>Whales</p>", "text/html")
    assert (client.connector.connected, client.connector.names) == ([(PUBLIC, 443)], ["example.com"])
    written = client.connector.written.lower()
    assert written.startswith(b"get /a?b=c http/1.1\r\n")
    assert b"user-agent: synapseod/1.0 (+https://synapse.example.com/about)\r\n" in written
    assert b"cookie" not in written
    assert b"authorization" not in written


async def test_plain_http_is_fetched_from_the_world(path: Path) -> None:
    client = Client()
    await client.web.fetch("http://example.com/", path, max_bytes=1000)
    assert client.connector.connected == [(PUBLIC, 80)]


@pytest.mark.parametrize(
    "location",
    [
        *(
            "http://127.0.0.1/",
            "https://10.0.0.1/",
            "https://[::1]/",
            "//169.254.169.254/",
            "http://0x7f.1/",
            "http://2130706433/",
        ),
        *("https://localhost/", "https://evil.example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/"),
        *(
            "http://example.com:22/",
            "http://alice@example.com/",
            "http://example.com\\@127.0.0.1/",
            "http://metadata.google.internal/",
        ),
    ],
)
async def test_a_redirect_is_looked_at_as_the_first_address_was(path: Path, location: str) -> None:
    client = Client(response(302, Location=location), evil_example_com=[("10.0.0.7",)])
    assert await client.refusal("https://example.com/", path) is FailureCode.FETCH_REFUSED
    assert client.connector.connected == [(PUBLIC, 443)]


async def test_a_relative_redirect_is_followed_and_nothing_is_carried_along(path: Path) -> None:
    client = Client(response(301, Location="../b", Set_Cookie="a=b"), response(body=b"fine"))
    assert (await client.web.fetch("https://example.com/x/a", path, max_bytes=1000)).url == "https://example.com/b"
    assert b"cookie" not in client.connector.written.lower()


async def test_a_redirect_without_a_location_is_a_failed_page(path: Path) -> None:
    assert await Client(response(302)).refusal("https://example.com/", path) is FailureCode.FETCH_FAILED


async def test_a_name_that_changes_its_answer_is_called_only_where_it_was_checked(path: Path) -> None:
    redirect = response(302, Location="https://rebinding.example.com/again")
    client = Client(redirect, rebinding_example_com=[(PUBLIC,), ("127.0.0.1",)])
    assert await client.refusal("https://rebinding.example.com/", path) is FailureCode.FETCH_REFUSED
    assert client.resolver.asked == ["rebinding.example.com"] * 2
    assert client.connector.connected == [(PUBLIC, 443)]


async def test_one_private_answer_among_public_ones_refuses_the_name(path: Path) -> None:
    client = Client(evil_example_com=[(PUBLIC, "10.0.0.1")])
    assert await client.refusal("https://evil.example.com/", path) is FailureCode.FETCH_REFUSED
    assert client.connector.connected == []


@pytest.mark.parametrize("url", ["https://exam\nple.com/", "https://example.com/\r\nHost: evil", "https://example.com/ b"])
async def test_line_feeds_and_spaces_never_reach_the_wire(path: Path, url: str) -> None:
    client = Client()
    assert await client.refusal(url, path) is FailureCode.FETCH_REFUSED
    assert client.connector.connected == []


async def test_a_name_that_nobody_knows_may_be_known_later(path: Path) -> None:
    with pytest.raises(UnavailableError):
        await Client(otherwise=()).web.fetch("https://nobody.example.com/", path, max_bytes=1000)


@pytest.mark.parametrize("status", [500, 502, 503, 408])
async def test_a_servers_trouble_may_pass(path: Path, status: int) -> None:
    with pytest.raises(UnavailableError):
        await Client(response(status)).web.fetch("https://example.com/", path, max_bytes=1000)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451, 204])
async def test_what_would_come_again_is_final(path: Path, status: int) -> None:
    body = b"" if status == 204 else b"no"
    assert await Client(response(status, body)).refusal("https://example.com/", path) is FailureCode.FETCH_FAILED


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("120", 120),
        ("999999999", 86_400),
        ("Sun, 22 Nov 2026 10:01:00 GMT", 60),
        ("Sun, 22 Nov 2026 09:00:00 GMT", 0),
        ("soon", None),
        (None, None),
    ],
)
async def test_a_server_that_asks_for_patience_says_how_much(path: Path, told: str | None, seconds: float | None) -> None:
    headers = {"Retry_After": told} if told else {}
    with pytest.raises(ResourceExhaustedError) as busy:
        await Client(response(429, **headers)).web.fetch("https://example.com/", path, max_bytes=1000)
    assert busy.value.retry_after_seconds == seconds


async def test_a_packed_page_is_unpacked_though_it_was_not_asked_for(path: Path) -> None:
    packed = response(body=gzip.compress(b"Whales" * 50_000), Content_Encoding="gzip")
    fetched = await Client(packed).web.fetch("https://example.com/", path, max_bytes=1_000_000)
    assert (fetched.size_bytes, await asyncio.to_thread(path.read_bytes)) == (300_000, b"Whales" * 50_000)


async def test_a_page_in_several_packings_is_read_to_its_end(path: Path) -> None:
    packed = b"".join(gzip.compress(word * 50_000) for word in (b"Whales", b"", b"Dolphins")) + bytes(8)
    await Client(response(body=packed, Content_Encoding="gzip")).web.fetch("https://example.com/", path, max_bytes=1_000_000)
    assert await asyncio.to_thread(path.read_bytes) == b"Whales" * 50_000 + b"Dolphins" * 50_000


async def test_many_small_packings_end_at_the_cap(path: Path) -> None:
    client = Client(response(body=gzip.compress(bytes(50_000)) * 500, Content_Encoding="gzip"))
    assert await client.refusal("https://example.com/", path, 100_000) is FailureCode.TOO_LARGE
    assert (await asyncio.to_thread(path.stat)).st_size == 100_000


async def test_a_bomb_ends_at_the_cap(path: Path) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
    client = Client(response(body=bomb, Content_Encoding="gzip"))
    assert await client.refusal("https://example.com/", path, 100_000) is FailureCode.TOO_LARGE
    assert (await asyncio.to_thread(path.stat)).st_size == 100_000


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(b"Whales" * 100)[:-9], gzip.compress(b"") + b"\x1f no gzip"])
async def test_a_damaged_packing_is_refused(path: Path, body: bytes) -> None:
    client = Client(response(body=body, Content_Encoding="gzip"))
    assert await client.refusal("https://example.com/", path) is FailureCode.FETCH_FAILED


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd"])
async def test_a_packing_that_is_not_read_is_refused(path: Path, encoding: str) -> None:
    client = Client(response(Content_Encoding=encoding))
    assert await client.refusal("https://example.com/", path) is FailureCode.FETCH_FAILED


async def test_more_headers_than_are_read_are_refused(path: Path) -> None:
    client = Client(response(**{f"X_{number}": "x" for number in range(101)}))
    assert await client.refusal("https://example.com/", path) is FailureCode.FETCH_FAILED


async def test_a_server_that_never_ends_is_cut_and_may_be_asked_again(path: Path) -> None:
    async with running() as server:
        server.will_reply(Reply((b"and so on",), ending="hang"), Reply((b"half",), ending="cut"))
        web = GuardedWeb(Resolver(allow_private=True), user_agent(""), seconds=0.2)
        for _ in range(2):
            with pytest.raises(UnavailableError):
                await web.fetch(server.url, path, max_bytes=1000)


@needs_hostile_files
async def test_of_the_hostile_set_only_the_public_address_is_called(path: Path) -> None:
    rows = [json.loads(line) for line in (HOSTILE / "ssrf" / "patt_urls.jsonl").read_text("utf-8").splitlines()]
    controls = [row["url"] for row in rows if row["expect"].startswith("control")]
    for url in (row["url"] for row in rows if row["url"] not in controls):
        client = Client(otherwise=("169.254.169.254",))
        assert await client.refusal(url, path) is FailureCode.FETCH_REFUSED, url
        assert not client.connector.connected, url
    for url in controls:
        client = Client(otherwise=("169.254.169.254",))
        await client.web.fetch(url, path, max_bytes=1000)
        assert client.connector.connected, url
    assert controls
    assert len(rows) > 100


@needs_hostile_files
async def test_the_ends_of_every_blocked_range_are_refused_in_each_spelling(path: Path) -> None:
    for blocked in (ip_network(line) for line in (HOSTILE / "ssrf" / "blocked_cidrs.txt").read_text("utf-8").split()):
        for end in (blocked[0], blocked[-1]):
            forms = [f"[{end}]"]
            if isinstance(blocked, IPv4Network):
                forms = [str(end), *(f"[{prefix}{end}]" for prefix in ("::ffff:", "::", "64:ff9b::"))]
            for form in forms:
                client = Client(evil_example_com=[(form.strip("[]"),)])
                assert await client.refusal(f"http://{form}/", path) is FailureCode.FETCH_REFUSED, form
                assert await client.refusal("http://evil.example.com/", path) is FailureCode.FETCH_REFUSED, form
                assert client.connector.connected == [], form
