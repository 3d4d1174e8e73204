"""LangChain's recursive splitter alone, sized in our embedder's tokens: where it would cut some texts.

    python -m benchmarks.ingesting.recursive < asked

`asked` is {"sizes": [[tokens, overlap], ...], "texts": [...]}; the answer has, a size and a text, the spans [start, end].
"""

import json
import sys

from langchain_text_splitters import RecursiveCharacterTextSplitter

from shared.adapters.minilm_tokens import MiniLmTokenCounter


def spans(text: str, tokens: int, overlap: int) -> list[tuple[int, int]]:
    """Its passages' places; with its defaults otherwise: paragraphs, lines, words, letters."""
    counter = MiniLmTokenCounter(tokens)
    added = counter.count([""])[0]

    # It adds up the lengths of single words, so what the embedder adds to each text must not count with each of them.
    def length(part: str) -> int:
        return counter.count([part])[0] - added

    splitter = RecursiveCharacterTextSplitter(chunk_size=tokens - added, chunk_overlap=overlap, length_function=length)
    # Its own `add_start_index` takes the overlap for characters, and then finds no place for most passages.
    found: list[tuple[int, int]] = []
    start = -1
    for passage in splitter.split_text(text):
        start = text.index(passage, start + 1)
        found.append((start, start + len(passage)))
    return found


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(json.dumps([[spans(text, *size) for text in asked["texts"]] for size in asked["sizes"]]))
