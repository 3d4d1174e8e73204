"""Which addresses our client calls, by the form in which they are spelt: `python -m benchmarks.ssrf [--material FOLDER]`.

The addresses are the public set of `hostile/ssrf`; resolver and connector only record what would have been opened.
"""

import argparse
import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from ipaddress import IPv4Network, ip_network
from pathlib import Path
from typing import Any

import httpcore2

from shared.adapters.resolver import Resolver
from shared.adapters.web import GuardedWeb
from shared.core.errors import UnavailableError
from shared.domain.document import FailureCode, RejectedFileError

MATERIAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "hostile" / "ssrf"
INSIDE, OUTSIDE = "169.254.169.254", "93.184.215.14"
FORMS = {
    "mapped (::ffff:)": "::ffff:",
    "compatible (::)": "::",
    "translated (::ffff:0:)": "::ffff:0:",
    "NAT64 (64:ff9b::)": "64:ff9b::",
}


class Recorder(httpcore2.AsyncNetworkBackend):
    """Opens nothing; `opened` are the sockets that would have been, the first answered with a redirect where one is given."""

    def __init__(self, location: str | None = None) -> None:
        self.opened: list[str] = []
        self._location = location

    async def connect_tcp(self, host: str, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        """Answers at once."""
        self.opened.append(host)
        moved = f"302 Found\r\nLocation: {self._location}" if self._location and len(self.opened) == 1 else "200 OK"
        return Stream([f"HTTP/1.1 {moved}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()])


class Stream(httpcore2.AsyncMockStream):
    """TLS is taken for granted: what counts is which address was to be called."""

    async def start_tls(self, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        """The stream itself."""
        return self


class Names:
    """Every name leads to these answers, one after the other; the last for ever."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)

    async def __call__(self, _: str) -> Sequence[str]:
        """One address a question."""
        return [self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]]


async def opened(url: str, *answers: str, location: str | None = None) -> tuple[bool, list[str]]:
    """Whether the address was refused as such, and the sockets that would have been opened."""
    recorder = Recorder(location)
    web = GuardedWeb(Resolver(Names(*answers)), "SynapseOD/1.0", connector=recorder)
    with tempfile.TemporaryDirectory() as folder:
        try:
            await web.fetch(url, Path(folder, "page"), max_bytes=1000)
        except RejectedFileError as refusal:
            return refusal.failure is FailureCode.FETCH_REFUSED, recorder.opened
        except UnavailableError:
            return False, recorder.opened
    return False, recorder.opened


def ends(material: Path) -> Iterator[tuple[str, str]]:
    """The first and last address of each range, in each form."""
    for line in (material / "blocked_cidrs.txt").read_text("utf-8").split():
        blocked = ip_network(line)
        for end in (blocked[0], blocked[-1]):
            if not isinstance(blocked, IPv4Network):
                yield "IPv6", f"[{end}]"
                continue
            yield "IPv4, dotted", str(end)
            yield "IPv4, decimal", str(int(end))
            yield "IPv4, hexadecimal", hex(int(end))
            yield "IPv4, octal", ".".join(f"0{int(part):o}" for part in str(end).split("."))
            for name, prefix in FORMS.items():
                yield name, f"[{prefix}{end}]"


async def cases(material: Path) -> AsyncIterator[tuple[str, bool, bool, int]]:
    """Each case's form, whether it should be refused, whether it was, and the sockets opened at what should be refused."""
    for line in (material / "patt_urls.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        was_refused, sockets = await opened(row["url"], INSIDE)
        form = f"URLs: {row['expect'].partition(' ')[0]}"
        yield form, not row["expect"].startswith("control"), was_refused, len(sockets)
    for form, host in ends(material):
        was_refused, sockets = await opened(f"http://{host}/", INSIDE)
        yield f"ends of ranges: {form}", True, was_refused, len(sockets)
        was_refused, sockets = await opened("https://example.com/", OUTSIDE, location=f"http://{host}/")
        yield f"redirect to: {form}", True, was_refused, len(sockets) - 1
        if host.strip("[]") != host or "dotted" in form:
            was_refused, sockets = await opened(
                "https://example.com/", OUTSIDE, host.strip("[]"), location="https://example.com/b"
            )
            yield f"rebinding to: {form}", True, was_refused, len(sockets) - 1


async def table(material: Path) -> None:
    """Prints one line a form."""
    counts: dict[str, Counter[str]] = {}
    async for form, should, was, sockets in cases(material):
        count = counts.setdefault(form, Counter())
        count.update({"cases": 1, "refused": int(was), "sockets": sockets if should else 0, "wrong": int(was is not should)})
    print("| form | cases | refused | sockets opened | wrong |")
    print("|---|---|---|---|---|")
    for form, count in sorted(counts.items()):
        print(f"| {form} | {count['cases']} | {count['refused']} | {count['sockets']} | {count['wrong']} |")
    total = sum(counts.values(), Counter[str]())
    print(f"| **all** | {total['cases']} | {total['refused']} | {total['sockets']} | {total['wrong']} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--material", type=Path, default=MATERIAL)
    asyncio.run(table(parser.parse_args().material))


if __name__ == "__main__":
    main()
