"""One JSON object a line, as Cloud Logging parses it, with the correlation id that joins a call, its messages and its stages."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO

_correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")
_function: ContextVar[str] = ContextVar("function", default="")
# Read off a record rather than listed: Python adds attributes from version to version, and each would appear in every line.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

logger = logging.getLogger("synapse")


class JsonFormatter(logging.Formatter):
    """Turns a record and its `extra` into one line; field names are those of Cloud Logging's structured payload."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one JSON object."""
        entry: dict[str, Any] = {"severity": record.levelname, "message": record.getMessage()}
        if function := _function.get():
            entry["function"] = function
        if correlation_id := _correlation_id.get():
            entry["correlation_id"] = correlation_id
        entry.update({key: value for key, value in vars(record).items() if key not in _STANDARD})
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        # A value that JSON does not know must not cost the line: it is often the one about an error.
        return json.dumps(entry, default=str, ensure_ascii=False)


def configure(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send the product's log to the stream (standard output unless given); calling it again replaces the stream."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonFormatter())
    # Replaced rather than added: with two handlers every line would be printed, and billed, twice.
    logger.handlers[:] = [handler]
    # functions-framework configures logging anew where LOG_EXECUTION_ID is set, which disables the loggers that exist.
    logger.disabled = False
    logger.setLevel(level)
    # The root logger is the server's, which would print the line again as plain text.
    logger.propagate = False


def bind(*, function: str, correlation_id: str) -> None:
    """Name the function and the correlation id for every line that the current task, and those it starts, will write."""
    _function.set(function)
    _correlation_id.set(correlation_id)


@contextmanager
def joined(correlation_id: str | None) -> Iterator[None]:
    """Within the block, lines and messages belong to the call that had this id; without one, to the current call."""
    token = _correlation_id.set(correlation_id or _correlation_id.get())
    try:
        yield
    finally:
        _correlation_id.reset(token)


def correlation_id() -> str:
    """The id bound to the current task, or an empty string outside a call."""
    return _correlation_id.get()
