"""The process from which readers are forked: it has imported what they need, so that reading a file costs no interpreter's start.

It reads one order a line on stdin, and answers on stdout how the order's reader ended.
"""

import gc
import json
import os
import sys
from importlib import import_module
from typing import Any

from shared.ingest import worker


def main() -> int:
    """Serve until whoever started us is gone."""
    # Copies, since a reader's own stdin and stdout lie where these are.
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    for line in orders:
        order = json.loads(line)
        for module in order["modules"]:
            import_module(module)
        # What is imported is not looked at again, so that readers share its memory.
        gc.freeze()
        child = os.fork()
        if child == 0:
            os.closerange(3, max(orders.fileno(), answers.fileno()) + 1)
            _read(order)
        _, status = os.waitpid(child, 0)
        answers.write(b"%d\n" % os.waitstatus_to_exitcode(status))
    return 0


def _read(order: dict[str, Any]) -> None:
    """Be a reader, to the end of this process; what it leaves unhandled ends it with a trace on its stderr."""
    for number, path, mode in (
        (0, os.devnull, os.O_RDONLY),
        (1, order["output"], os.O_WRONLY),
        (2, order["errors"], os.O_WRONLY),
    ):
        opened = os.open(path, mode)
        os.dup2(opened, number)
        os.close(opened)
    code = worker.main(order["arguments"])
    sys.stdout.flush()
    # Taking down the interpreter would take longer than reading a short file.
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
