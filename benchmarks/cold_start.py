"""Cold starts: process start to the first authenticated 200, for chat to its first event, beside a minimal function.

    python -m benchmarks.cold_start [--rounds 7]

Every start is a fresh process of the stock functions-framework command on an unpacked zip with compiled bytecode; one runs at a
time, and each round starts every variant once, so that a round's ratios share the machine's mood. Firestore and Auth are the
emulators; Gemini is a loopback server that speaks its wire format, reached with a token of a loopback metadata server. Beside the
seconds stands the processor time of the function's processes (Linux only), which other work on the machine disturbs less.
"""

import argparse
import asyncio
import compileall
import json
import os
import shutil
import socket
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.table import keep, print_table, spread
from local import stack
from local.accounts import SignedIn, sign_in
from local.package import build
from local.ports import HOST
from local.processes import ProcessGroup, StackError
from shared.adapters.firestore_client import open_client
from shared.adapters.firestore_store import FirestoreDocuments
from shared.domain.document import Document
from shared.domain.plan import FREE
from shared.runtime import catalogue
from tests.contracts import records
from tests.wire import server
from tests.wire.server import Reply, Request, event, json_reply

START_SECONDS = 60.0
MINIMAL = Path(__file__).with_name("minimal_function.py")
MODEL = "gemini-3.5-flash"
DOCUMENT_ID = "cold-start"
EVENT, RESULT = b'data: {"message"', b'data: {"result"'


@dataclass(frozen=True)
class Variant:
    """One function to start; `first` is in its reply when the clock stops, `last` when the call has come out well."""

    name: str
    target: str
    goal: float | None = None
    prelude: str = ""
    payload: str = '{"data": {}}'
    accept: str = "application/json"
    first: bytes = b"\r\n\r\n"
    last: bytes = b"}"


@dataclass(frozen=True)
class Start:
    """One cold start: until the first sign, and what its processes had computed by then."""

    seconds: float
    cpu_seconds: float


VARIANTS = (
    Variant("minimal", "minimal"),
    Variant("minimal, eager google.genai", "minimal", prelude="import google.genai"),
    Variant("list_personas", "list_personas", goal=1.1),
    Variant("list_bots", "list_bots", goal=1.1),
    Variant("get_upload_status", "get_upload_status", goal=1.1, payload=json.dumps({"data": {"job_id": DOCUMENT_ID}})),
    Variant(
        "chat, Gemini",
        "chat",
        goal=1.8,
        payload='{"data": {"persona_id": "tutor", "message": "Explain tides."}}',
        accept="text/event-stream",
        first=EVENT,
        last=RESULT,
    ),
)


def lay_out(variant: Variant, folder: Path) -> Path:
    """The function's folder as the cloud has it, bytecode included."""
    source = folder / variant.name.replace(" ", "-").replace(",", "")
    source.mkdir()
    if variant.target == "minimal":
        shutil.copy(MINIMAL, source)
        (source / "main.py").write_text(f"{variant.prelude}\nfrom minimal_function import minimal\n", "utf-8")
    else:
        manifest = catalogue.read(variant.target)
        with zipfile.ZipFile(build(manifest.name, manifest.needs, folder / "zips")) as archive:
            archive.extractall(source)
    if not compileall.compile_dir(source, quiet=2):
        raise StackError(f"{variant.name}: its bytecode cannot be compiled.")
    return source / "main.py"


def measure(variant: Variant, source: Path, variables: Mapping[str, str], id_token: str) -> Start:
    """From the process's start until the reply's first sign. Raises StackError when the call does not come out well."""
    command = Path(sys.executable).with_name("functions-framework")
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    with ProcessGroup(source.parent / "logs") as group:
        arguments = ("--target", variant.target, "--source", source, "--host", HOST, "--port", str(port))
        began = time.perf_counter()
        child = group.start("function", [command, *arguments], variables, "")
        with connected(port, began + START_SECONDS) as connection:
            connection.sendall(request_of(variant, id_token))
            reply = read_until(connection, variant.first, b"")
            start = Start(time.perf_counter() - began, cpu_seconds(child.process.pid))
            reply = read_until(connection, variant.last, reply)
    if not reply.startswith(b"HTTP/1.1 200"):
        raise StackError(f"{variant.name} answered {reply[:400]!r}; {child.log.read_text('utf-8')[-2000:]}")
    return start


def cpu_seconds(pid: int) -> float:
    """User and system time of the process and its children, in the kernel's ticks of 10 ms."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    # After the name, which may hold spaces, fields 14 and 15 of proc(5) are the 12th and 13th.
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[11:13]
    own = sum(map(int, times)) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_seconds(int(child)) for child in children)


def connected(port: int, deadline: float) -> socket.socket:
    """A connection as soon as the server listens."""
    while time.perf_counter() < deadline:
        with suppress(ConnectionRefusedError):
            return socket.create_connection((HOST, port), timeout=START_SECONDS)
        time.sleep(0.002)
    raise StackError(f"Nothing listens on port {port} after {START_SECONDS:.0f} s.")


def request_of(variant: Variant, id_token: str) -> bytes:
    """The call as a Firebase SDK sends it."""
    headers = {
        "Host": HOST,
        "Authorization": f"Bearer {id_token}",
        "Content-Type": "application/json",
        "Content-Length": str(len(variant.payload)),
        "Accept": variant.accept,
    }
    lines = ["POST / HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", variant.payload]).encode()


def read_until(connection: socket.socket, sign: bytes, reply: bytes) -> bytes:
    """What has come when the sign has, or when the server ends the connection."""
    while sign not in reply and (piece := connection.recv(65536)):
        reply += piece
    return reply


def google(request: Request) -> Reply:
    """Gemini's stream, and what a metadata server tells: the machine's token."""
    if "streamGenerateContent" in request.path:
        said = {"content": {"role": "model", "parts": [{"text": "The moon pulls the sea."}]}, "finishReason": "STOP"}
        used = {"promptTokenCount": 30, "candidatesTokenCount": 6, "totalTokenCount": 36}
        return Reply([event({"candidates": [said], "usageMetadata": used})])
    flavor = {"Metadata-Flavor": "Google"}
    if "/token" in request.path:
        return json_reply({"access_token": "loopback", "expires_in": 3600, "token_type": "Bearer"}, headers=flavor)
    return json_reply({"default": {"email": "function@demo", "scopes": []}}, headers=flavor)


def variables_of(emulated: Mapping[str, str], google_url: str, home: Path) -> dict[str, str]:
    """A function's whole environment."""
    metadata = google_url.removeprefix("http://")
    return {
        **emulated,
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "CHAT_MODEL": MODEL,
        "EMBEDDER": "gemini-embedding-001",
        "GEMINI_BASE_URL": google_url,
        "GCE_METADATA_HOST": metadata,
        "GCE_METADATA_IP": metadata,
    }


async def seed(project: str, owner: SignedIn) -> None:
    """The one document that is asked for."""
    document: Document = records.document(owner.uid, id=DOCUMENT_ID)
    await FirestoreDocuments(open_client(project)).create(document, FREE.stock)


async def compare(rounds: int, folder: Path, running: stack.Stack, owner: SignedIn) -> dict[str, list[Start]]:
    """Each variant's starts, by round; a first round that fills the caches of disk and emulators is thrown away."""
    sources = {variant.name: lay_out(variant, folder) for variant in VARIANTS}
    starts: dict[str, list[Start]] = {variant.name: [] for variant in VARIANTS}
    async with server.running() as spoken:
        spoken.answer = google
        variables = variables_of(running.emulators.environment, spoken.url, folder)
        for number in range(rounds + 1):
            for variant in VARIANTS:
                one = await asyncio.to_thread(measure, variant, sources[variant.name], variables, owner.id_token)
                if number:
                    starts[variant.name].append(one)
            print(f"round {number} of {rounds}{'' if number else ' (thrown away)'}", file=sys.stderr)
    return starts


def ratios(ours: Sequence[float], least: Sequence[float]) -> list[float]:
    """Each round's ratio to the minimal function of the same round."""
    return [one / other for one, other in zip(ours, least, strict=True)]


def row(variant: Variant, figures: Mapping[str, list[float]]) -> dict[str, str]:
    """One line of the table."""
    reached = median(figures["ratios"])
    goal = "" if variant.goal is None else f"≤ {variant.goal}: {'met' if reached <= variant.goal else 'missed'}"
    return {
        "function": variant.name,
        "ms": spread([1000 * each for each in figures["seconds"]], 0),
        "ratio": spread(figures["ratios"], 2),
        "CPU ms": spread([1000 * each for each in figures["cpu_seconds"]], 0),
        "CPU ratio": spread(figures["cpu_ratios"], 2),
        "goal": goal,
    }


def report(starts: Mapping[str, list[Start]]) -> None:
    """Print and keep the table."""
    seconds = {name: [each.seconds for each in some] for name, some in starts.items()}
    computed = {name: [each.cpu_seconds for each in some] for name, some in starts.items()}
    figures = {
        name: {
            "seconds": seconds[name],
            "ratios": ratios(seconds[name], seconds["minimal"]),
            "cpu_seconds": computed[name],
            "cpu_ratios": ratios(computed[name], computed["minimal"]),
        }
        for name in starts
    }
    rows = [row(variant, figures[variant.name]) for variant in VARIANTS]
    print_table(rows)
    print(f"written to benchmarks/results/{keep('cold_start', {'rows': rows, 'variants': figures}).name}")


async def run(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with stack.emulated(folder / "stack") as running:
            running.wait_until_ready()
            environment = running.emulators.environment
            os.environ.update(environment)  # The Firestore client that seeds finds its emulator there.
            owner = sign_in(environment["FIREBASE_AUTH_EMULATOR_HOST"], "starter@demo.example", "correct horse battery")
            await seed(running.emulators.project, owner)
            report(await compare(rounds, folder, running, owner))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cold_start", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, choices=range(1, 100), metavar="N")
    asyncio.run(run(parser.parse_args().rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
