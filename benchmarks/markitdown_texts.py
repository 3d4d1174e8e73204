"""What MarkItDown reads in files: `python -m benchmarks.markitdown_texts FILE...` prints one JSON text, or null, a line.

Runs in the environment of the libraries that are measured beside ours (benchmarks/peer_environment.py).
"""

import json
import sys

from markitdown import MarkItDown, MarkItDownException


def main(files: list[str]) -> None:
    reader = MarkItDown(enable_plugins=False)
    for file in files:
        try:
            text = reader.convert_local(file).markdown
        except MarkItDownException:
            text = None
        print(json.dumps(text), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
