"""One delivery to one stage in a process of its own, as a function's instance takes it.

    python -m benchmarks.one_delivery LINE TOPIC BODY

LINE is a pickled assembly line, which is written back with what the delivery made of it.
"""

import asyncio
import json
import logging
import pickle
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.assembly_line import AssemblyLine
from benchmarks.stub_model import FixedEmbedder
from shared.adapters.minilm_tokens import MiniLmTokenCounter

# A deployed instance has their clients loaded, which take memory too.
_LOADED = ("shared.adapters.firestore_store", "shared.adapters.cloud_storage", "shared.adapters.pubsub")


def main(line_path: str, topic: str, body: str) -> None:
    for name in _LOADED:
        import_module(name)
    logging.disable(logging.INFO)
    # Written by this benchmark alone, just now, into a folder of its own.
    line: AssemblyLine = pickle.loads(Path(line_path).read_bytes())  # noqa: S301
    embedder = FixedEmbedder()
    with line.running(embedder, MiniLmTokenCounter(embedder.spec.max_tokens)):
        asyncio.run(line.deliver(topic, json.loads(body)))
    Path(line_path).write_bytes(pickle.dumps(line))


if __name__ == "__main__":
    main(*sys.argv[1:])
