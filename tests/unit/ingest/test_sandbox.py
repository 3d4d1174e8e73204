import asyncio
import os
import resource
import sys
from collections import Counter
from pathlib import Path

import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.extract import extract
from shared.ingest.kinds import Kind
from shared.ingest.sandbox import Bounds, extract_contained, plan_contained
from tests.unit.ingest.samples import FILES

HOSTILE = Path(__file__).resolve().parents[4] / "shared" / "data" / "hostile" / "files"
NASTY = [
    "GHOSTSCRIPT-698804-1-fuzzed.pdf",
    "PDFBOX-3148-2-fuzzed.pdf",
    "poppler-742-0-fuzzed.pdf",
    "poppler-91414-0-53.pdf",
    "qpdf_issue-146.pdf",
    "qpdf_outlines-with-loop.pdf",
    "quine.gz",
]


def interpreter(folder: Path, script: str) -> str:
    path = folder / "interpreter"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return str(path)


async def test_a_child_reads_what_the_same_call_reads_here():
    path = FILES / "pdflatex-4-pages.pdf"
    plan = await plan_contained(path, "application/pdf")
    assert (plan.kind, plan.pages, plan.shards) == (Kind.PDF, 4, 1)
    assert await extract_contained(path, plan.kind, 0) == extract(path, Kind.PDF, 0)


async def test_a_refusal_crosses_the_border_with_code_and_sentence():
    with pytest.raises(RejectedFileError, match="Save a copy without one") as refusal:
        await plan_contained(FILES / "password.pdf", "application/pdf")
    assert refusal.value.failure is FailureCode.ENCRYPTED


async def test_a_child_that_takes_too_long_is_killed():
    with pytest.raises(RejectedFileError) as refusal:
        await plan_contained(FILES / "nested.md", "text/markdown", Bounds(seconds=0.01))
    assert refusal.value.failure is FailureCode.TOO_SLOW


async def test_a_file_that_needs_more_memory_than_allowed_is_too_large(tmp_path):
    path = tmp_path / "long.md"
    path.write_text("- word\n\n" * 100_000)
    with pytest.raises(RejectedFileError) as refusal:
        await extract_contained(path, Kind.MARKDOWN, 0, Bounds(memory_bytes=96 * 1024 * 1024))
    assert refusal.value.failure is FailureCode.TOO_LARGE


@pytest.mark.parametrize("end", ["kill -SEGV $$", "echo '{\"plan\": 1}'", "echo '{}'"])
async def test_a_child_that_crashes_or_babbles_fails_the_file_alone(tmp_path, monkeypatch, end):
    monkeypatch.setattr(sys, "executable", interpreter(tmp_path, end))
    with pytest.raises(RejectedFileError) as refusal:
        await plan_contained(FILES / "nested.md", "text/markdown")
    assert refusal.value.failure is FailureCode.CORRUPT


async def test_a_cancelled_call_leaves_no_child_behind(tmp_path, monkeypatch):
    born = tmp_path / "born"
    os.mkfifo(born)
    monkeypatch.setattr(sys, "executable", interpreter(tmp_path, f"echo $$ > {born}; exec sleep 60"))
    call = asyncio.create_task(plan_contained(FILES / "nested.md", "text/markdown"))
    child = int(await asyncio.to_thread(born.read_text))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


async def test_a_child_sees_no_environment_of_ours(tmp_path, monkeypatch):
    monkeypatch.setenv("PAYMENT_KEY", "hush")
    monkeypatch.setattr(sys, "executable", interpreter(tmp_path, f"env > {tmp_path}/seen"))
    with pytest.raises(RejectedFileError):
        await plan_contained(FILES / "nested.md", "text/markdown")
    assert "hush" not in (tmp_path / "seen").read_text()


@pytest.mark.skipif(not HOSTILE.exists(), reason="the public hostile files (../shared/data/hostile) are absent")
async def test_hostile_files_end_in_text_or_a_refusal_within_bounds():
    names = sorted(path.name for path in HOSTILE.iterdir()) if os.environ.get("TEST_SIZE") == "full" else NASTY
    outcomes = Counter([await outcome(HOSTILE / name) for name in names])
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"{len(names)} hostile files: {dict(outcomes)}; no reader took more than {peak} MB")  # noqa: T201
    assert set(outcomes) <= {"text", FailureCode.CORRUPT, FailureCode.UNSUPPORTED_TYPE, FailureCode.ENCRYPTED, FailureCode.EMPTY}


async def outcome(path: Path) -> str:
    """What the file ends as; a reader that takes longer than 10 s says too_slow."""
    bounds = Bounds(seconds=10)
    try:
        plan = await plan_contained(path, "application/pdf", bounds)
        found = await extract_contained(path, plan.kind, 0, bounds)
    except RejectedFileError as refusal:
        return refusal.failure
    return "text" if found.characters else FailureCode.EMPTY
