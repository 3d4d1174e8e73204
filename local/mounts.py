"""Loads a function as the deployed zip does: a root `main.py` of one line, started by functions-framework itself."""

from pathlib import Path

from functions_framework import aio
from starlette.types import ASGIApp

from local.processes import StackError
from shared.runtime.catalogue import Manifest


def load(manifest: Manifest, folder: Path) -> ASGIApp:
    """The function's own Starlette app. Raises StackError naming the function whose code does not load."""
    source = folder / manifest.name / "main.py"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(f"from functions.{manifest.name}.main import {manifest.name} as {manifest.name}\n", "utf-8")
    try:
        app: ASGIApp = aio.create_asgi_app(manifest.name, str(source), "http")  # type: ignore[no-untyped-call] # it has no types
    except ImportError as error:
        raise StackError(f"functions/{manifest.name}/main.py does not load: {error}") from error
    return app
