"""What stock tools read in files: pdftotext in PDF, MarkItDown in Office files and books, Trafilatura in news pages."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import trafilatura

from benchmarks.peer_environment import ROOT, peer_python

Texts = dict[Path, str | None]


def stock_reader(kind: str) -> tuple[str, Callable[[Sequence[Path]], Texts]] | None:
    """The tool for files of a type of the manifest, and what reads with it; None where there is none, or it is not installed."""
    if kind == "pdf":
        return ("pdftotext", _by_pdftotext) if shutil.which("pdftotext") else None
    if kind in {"docx", "pptx", "xlsx", "epub"}:
        return "MarkItDown", _by_markitdown
    return ("Trafilatura", _by_trafilatura) if kind == "html.gz" else None


def _by_pdftotext(files: Sequence[Path]) -> Texts:
    return {file: _output("pdftotext", "-enc", "UTF-8", str(file), "-") for file in files}


def _by_markitdown(files: Sequence[Path]) -> Texts:
    python = str(peer_python())
    printed = _output(python, "-m", "benchmarks.markitdown_texts", *map(str, files)) or ""
    return dict(zip(files, map(json.loads, printed.splitlines()), strict=True))


def _by_trafilatura(files: Sequence[Path]) -> Texts:
    return {file: trafilatura.extract(file.read_bytes(), include_comments=False) for file in files}


def _output(*command: str) -> str | None:
    """What the command prints; None where it fails."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    ran = subprocess.run(command, capture_output=True, env=environment, check=False)
    return ran.stdout.decode("utf-8", "replace") if ran.returncode == 0 else None
