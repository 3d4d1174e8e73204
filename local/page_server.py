"""A web server on loopback for a folder of pages, such as the demo's own site."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from local.ports import HOST


class _Quiet(SimpleHTTPRequestHandler):
    """Says nothing of its requests at the terminal."""

    def log_message(self, *_: object) -> None:
        """Not a word."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Within the block the folder's files are pages below the address, which ends without a slash."""
    with ThreadingHTTPServer((HOST, 0), partial(_Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
