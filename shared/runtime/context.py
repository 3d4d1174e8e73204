"""The log context: the outermost layer, so that every line of a call carries its function and its correlation id."""

import re

from shared.core import log
from shared.core.ids import new_id

# Callers choose it and it stands in every line and message, so it must hold no line break and no long text.
_CORRELATION_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def begin(function: str, given: str | None) -> str:
    """Bind the correlation id that came along, or a new one where none did or it is malformed; returns it."""
    # At the first call rather than at import: a test or a tool that imports a function keeps its own log.
    if log.logger.disabled or not log.logger.handlers:
        log.configure()
    correlation_id = given if given and _CORRELATION_ID.fullmatch(given) else new_id()
    log.bind(function=function, correlation_id=correlation_id)
    return correlation_id
