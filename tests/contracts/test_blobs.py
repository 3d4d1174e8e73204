"""The bucket: upload sessions are for new objects alone, and bytes come back as they were written."""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest

from shared.adapters.cloud_storage import CloudStorageBlobs
from shared.core.errors import ConflictError, InvalidArgumentError, NotFoundError
from shared.core.ids import new_id
from shared.ports.blobs import Blobs, BlobStat
from tests.memory.blobs import MemoryBlobs

Upload = Callable[[str, str, bytes], Awaitable[None]]
PDF = "application/pdf"


@dataclass(frozen=True)
class Bucket:
    """A bucket with a folder of its own, and what a browser does with a session's URL."""

    blobs: Blobs
    upload: Upload
    folder: str

    def name(self, leaf: str) -> str:
        return f"{self.folder}/{leaf}"


@pytest.fixture(params=["memory", "cloud_storage"])
def bucket(request: pytest.FixtureRequest) -> Bucket:
    if request.param == "memory":
        memory = MemoryBlobs()

        async def finish(name: str, url: str, content: bytes) -> None:
            memory.finish_upload(name, content)

        return Bucket(memory, finish, new_id())
    environment = request.getfixturevalue("emulators")
    blobs = CloudStorageBlobs(bucket=environment["BUCKET"], project=environment["GOOGLE_CLOUD_PROJECT"])
    return Bucket(blobs, _put, new_id())


async def _put(name: str, url: str, content: bytes) -> None:
    def send() -> None:
        with urlopen(Request(url, content, {"Content-Type": PDF}, method="PUT"), timeout=30) as reply:
            reply.read()

    await asyncio.to_thread(send)


async def test_what_is_written_is_read_back_and_described(bucket: Bucket) -> None:
    content = bytes(range(256)) * 100

    await bucket.blobs.write(bucket.name("a"), content, "application/octet-stream")

    md5 = base64.b64encode(hashlib.md5(content).digest()).decode()
    assert await bucket.blobs.read(bucket.name("a")) == content
    assert await bucket.blobs.stat(bucket.name("a")) == BlobStat(bucket.name("a"), 25_600, "application/octet-stream", md5)


async def test_an_empty_object_is_an_object(bucket: Bucket) -> None:
    await bucket.blobs.write(bucket.name("a"), b"", "text/plain")

    stat = await bucket.blobs.stat(bucket.name("a"))
    assert stat is not None
    assert (stat.size_bytes, await bucket.blobs.read(bucket.name("a"))) == (0, b"")


async def test_writing_again_replaces(bucket: Bucket) -> None:
    await bucket.blobs.write(bucket.name("a"), b"one", "text/plain")
    await bucket.blobs.write(bucket.name("a"), b"two", "text/html")

    stat = await bucket.blobs.stat(bucket.name("a"))
    assert await bucket.blobs.read(bucket.name("a")) == b"two"
    assert stat is not None
    assert stat.content_type == "text/html"


async def test_an_object_is_downloaded_into_a_file(bucket: Bucket, tmp_path: Path) -> None:
    content = b"x" * 3_000_000
    await bucket.blobs.write(bucket.name("a"), content, "text/plain")

    await bucket.blobs.download(bucket.name("a"), tmp_path / "a")

    assert (tmp_path / "a").read_bytes() == content


async def test_an_absent_object_is_missing_in_every_way(bucket: Bucket, tmp_path: Path) -> None:
    absent = bucket.name("absent")

    with pytest.raises(NotFoundError):
        await bucket.blobs.read(absent)
    with pytest.raises(NotFoundError):
        await bucket.blobs.download(absent, tmp_path / "a")

    assert await bucket.blobs.stat(absent) is None
    assert await bucket.blobs.delete(absent) is False
    assert not (tmp_path / "a").exists()


async def test_a_deleted_object_is_gone(bucket: Bucket) -> None:
    await bucket.blobs.write(bucket.name("a"), b"x", "text/plain")

    assert await bucket.blobs.delete(bucket.name("a")) is True
    assert await bucket.blobs.stat(bucket.name("a")) is None


async def test_names_are_listed_by_prefix_and_sorted(bucket: Bucket) -> None:
    names = [bucket.name(leaf) for leaf in ("1/pages-00010.json", "1/pages-00002.json", "10/pages-00000.json")]
    for name in names:
        await bucket.blobs.write(name, b"{}", "application/json")

    assert await bucket.blobs.list(bucket.name("1/")) == [names[1], names[0]]
    assert await bucket.blobs.list(bucket.name("2/")) == []


async def test_a_session_stores_what_is_sent_to_it(bucket: Bucket) -> None:
    name = bucket.name("a")
    url = await bucket.blobs.create_upload_session(name, PDF, 5, "http://127.0.0.1:5001")

    await bucket.upload(name, url, b"%PDF-")

    stat = await bucket.blobs.stat(name)
    assert stat is not None
    assert (stat.content_type, await bucket.blobs.read(name)) == (PDF, b"%PDF-")


async def test_a_session_in_memory_is_for_one_new_object_of_its_size() -> None:
    blobs = MemoryBlobs()
    await blobs.create_upload_session("a", PDF, 5, None)
    with pytest.raises(InvalidArgumentError):
        blobs.finish_upload("a", b"longer")
    await blobs.write("a", b"first", PDF)

    with pytest.raises(ConflictError):
        blobs.finish_upload("a", b"other")

    assert await blobs.read("a") == b"first"


class _Initiations(BaseHTTPRequestHandler):
    """Cloud Storage's answer to the start of a session; fake-gcs-server enforces none of the pins, so the request is checked."""

    seen: ClassVar[list[tuple[str, dict[str, str]]]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, dict(self.headers)))
        self.send_response(200)
        self.send_header("Location", "http://127.0.0.1/session")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


async def test_a_session_is_pinned_to_a_new_object_its_size_type_and_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Initiations) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.server_port}")
        blobs = CloudStorageBlobs(bucket="bucket", project="demo-synapse")
        url = await blobs.create_upload_session("uploads/d", PDF, 5, "https://app.example")
        server.shutdown()

    [(path, headers)] = _Initiations.seen
    query = parse_qs(urlsplit(path).query)
    assert (url, query["uploadType"], query["ifGenerationMatch"]) == ("http://127.0.0.1/session", ["resumable"], ["0"])
    assert {name.lower(): value for name, value in headers.items()}.items() >= {
        "x-upload-content-length": "5",
        "x-upload-content-type": PDF,
        "origin": "https://app.example",
    }.items()


async def test_a_file_is_uploaded_whole_and_replaces_what_was_there(bucket: Bucket, tmp_path: Path) -> None:
    name, path = bucket.name("page"), tmp_path / "page"
    for content in (b"Whales\x00" * 50_000, b"krill"):
        path.write_bytes(content)
        await bucket.blobs.upload(name, path, "text/html")
        stat = await bucket.blobs.stat(name)
        assert stat is not None
        assert (await bucket.blobs.read(name), stat.content_type) == (content, "text/html")
