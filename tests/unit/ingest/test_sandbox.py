import asyncio
import os
import resource
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from shared.core.errors import UnavailableError
from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest import sandbox
from shared.ingest.extract import extract
from shared.ingest.forks import MOST_IDLE, Forks
from shared.ingest.kinds import Kind
from shared.ingest.limits import PAGES_PER_SHARD
from shared.ingest.sandbox import Bounds, extract_contained, open_contained
from tests.unit.ingest.samples import FILES, text_at, write_pdf

HOSTILE = Path(__file__).resolve().parents[4] / "shared" / "data" / "hostile"
NASTY = [
    "GHOSTSCRIPT-698804-1-fuzzed.pdf",
    "PDFBOX-3148-2-fuzzed.pdf",
    "poppler-742-0-fuzzed.pdf",
    "poppler-91414-0-53.pdf",
    "qpdf_issue-146.pdf",
    "qpdf_outlines-with-loop.pdf",
    "quine.gz",
]


def readers(monkeypatch: pytest.MonkeyPatch, reader: str) -> Forks:
    """The real servers, whose readers do something else; ended with the test by their own deaths or by `close`."""
    script = f"import os, sys, time\nfrom shared.ingest import server, worker\nworker.main = {reader}\nsys.exit(server.main())"
    forks = Forks((sys.executable, "-c", script))
    monkeypatch.setattr(sandbox, "READERS", forks)
    return forks


async def test_a_child_reads_what_the_same_call_reads_here():
    path = FILES / "pdflatex-4-pages.pdf"
    opened = await open_contained(path, "application/pdf")
    assert (opened.plan.kind, opened.plan.pages, opened.plan.shards) == (Kind.PDF, 4, 1)
    assert opened.extraction == extract(path, Kind.PDF, 0) == await extract_contained(path, Kind.PDF, 0)


async def test_a_file_of_several_shards_is_only_planned(tmp_path):
    path = write_pdf(tmp_path / "long.pdf", [text_at((50, 700, 12, f"Page {number}")) for number in range(PAGES_PER_SHARD + 1)])
    opened = await open_contained(path, "application/pdf")
    assert (opened.plan.shards, opened.extraction) == (2, None)


async def test_a_refusal_crosses_the_border_with_code_and_sentence():
    with pytest.raises(RejectedFileError, match="Save a copy without one") as refusal:
        await open_contained(FILES / "password.pdf", "application/pdf")
    assert refusal.value.failure is FailureCode.ENCRYPTED


async def test_files_are_read_side_by_side_and_one_after_another_by_few_processes(monkeypatch):
    forks = readers(monkeypatch, "worker.main")
    for _ in range(2):
        await asyncio.gather(*(open_contained(FILES / "nested.md", "text/markdown") for _ in range(4)))
    assert len(forks._idle) == MOST_IDLE
    forks.close()


async def test_a_child_that_takes_too_long_is_killed(monkeypatch):
    readers(monkeypatch, "lambda _: time.sleep(60)")
    with pytest.raises(RejectedFileError) as refusal:
        await open_contained(FILES / "nested.md", "text/markdown", Bounds(seconds=0.01))
    assert refusal.value.failure is FailureCode.TOO_SLOW


async def test_a_file_that_needs_more_memory_than_allowed_is_too_large(tmp_path):
    path = tmp_path / "long.md"
    path.write_text("- word\n\n" * 100_000)
    with pytest.raises(RejectedFileError) as refusal:
        await extract_contained(path, Kind.MARKDOWN, 0, Bounds(memory_bytes=96 * 1024 * 1024))
    assert refusal.value.failure is FailureCode.TOO_LARGE


async def test_a_web_page_of_nothing_but_marks_is_too_large_rather_than_damaged(tmp_path):
    path = tmp_path / "marks.html"
    path.write_text("<html>" + "<b>a</b>" * 1_048_000)
    with pytest.raises(RejectedFileError) as refusal:
        await extract_contained(path, Kind.HTML, 0)
    assert refusal.value.failure is FailureCode.TOO_LARGE


@pytest.mark.parametrize(
    "reader",
    [
        "lambda _: os.kill(os.getpid(), 11)",
        "lambda _: 1 / 0",
        "lambda _: print('{\"opened\": 1}') or 0",
        "lambda _: print('{}') or 0",
    ],
)
async def test_a_child_that_crashes_or_babbles_fails_the_file_alone(monkeypatch, reader):
    forks = readers(monkeypatch, reader)
    for _ in range(2):
        with pytest.raises(RejectedFileError) as refusal:
            await open_contained(FILES / "nested.md", "text/markdown")
        assert refusal.value.failure is FailureCode.CORRUPT
    assert len(forks._idle) == 1
    forks.close()


async def test_a_server_that_died_is_no_fault_of_the_file(monkeypatch):
    forks = readers(monkeypatch, "lambda _: os.kill(os.getppid(), 9)")
    with pytest.raises(UnavailableError):
        await open_contained(FILES / "nested.md", "text/markdown")
    assert forks._idle == []


async def test_a_cancelled_call_leaves_no_child_behind(tmp_path, monkeypatch):
    born = tmp_path / "born"
    os.mkfifo(born)
    readers(monkeypatch, f"lambda _: open({str(born)!r}, 'w').write(str(os.getpid())) and time.sleep(60)")
    call = asyncio.create_task(open_contained(FILES / "nested.md", "text/markdown"))
    child = int(await asyncio.to_thread(born.read_text))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not await asyncio.to_thread(is_running, child)


def is_running(process_id: int) -> bool:
    """Whether it still is, some moments later: an orphan that was killed waits for its new parent."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{process_id}/stat").read_text("utf-8").rpartition(") ")[2][:1]
        except OSError:
            return False
        if state == "Z":
            return False
        time.sleep(0.02)
    return True


async def test_a_child_sees_no_environment_of_ours(tmp_path, monkeypatch):
    monkeypatch.setenv("PAYMENT_KEY", "hush")
    seen = tmp_path / "seen"
    forks = readers(monkeypatch, f"lambda _: open({str(seen)!r}, 'w').write(str(os.environ)) and 1")
    with pytest.raises(RejectedFileError):
        await open_contained(FILES / "nested.md", "text/markdown")
    assert "hush" not in seen.read_text()
    assert "PYTHONUTF8" in seen.read_text()
    forks.close()


@pytest.mark.skipif(not HOSTILE.exists(), reason="the public hostile files (../shared/data/hostile) are absent")
async def test_hostile_files_end_in_text_or_a_refusal_within_bounds():
    names = sorted(path.name for path in (HOSTILE / "files").iterdir()) if os.environ.get("TEST_SIZE") == "full" else NASTY
    paths = [*(HOSTILE / "files" / name for name in names), *(HOSTILE / "xml").iterdir(), *(HOSTILE / "ssrf").glob("*.svg")]
    outcomes = Counter([await outcome(path) for path in paths])
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"{len(paths)} hostile files: {dict(outcomes)}; no reader took more than {peak} MB")  # noqa: T201
    assert set(outcomes) <= {"text", FailureCode.CORRUPT, FailureCode.UNSUPPORTED_TYPE, FailureCode.ENCRYPTED, FailureCode.EMPTY}


async def outcome(path: Path) -> str:
    """What the file ends as; a reader that takes longer than 10 s says too_slow."""
    bounds = Bounds(seconds=10)
    try:
        opened = await open_contained(path, "application/pdf", bounds)
        found = opened.extraction or await extract_contained(path, opened.plan.kind, 0, bounds)
    except RejectedFileError as refusal:
        return refusal.failure
    # What an entity or a stylesheet names outside the file stays there.
    assert not any("root:" in page.text for page in found.pages)
    return "text" if found.characters else FailureCode.EMPTY
