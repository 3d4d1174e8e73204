"""LlamaIndex as its quick start does it: the directory reader, the sentence splitter, an index in memory.

Its splitter's default of 1,024 tokens is more than the embedder reads, so that three of four words would not be embedded:
256 it is. The directory reader takes a web page for plain text, tags and scripts included.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from llama_index.core import SimpleDirectoryReader, VectorStoreIndex
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.node_parser import SentenceSplitter
from pydantic import PrivateAttr

from shared.ports.models import Embedder


class _Embedding(BaseEmbedding):  # type: ignore[misc] # its types are not in this environment
    """Ours in their protocol."""

    _embedder: Embedder = PrivateAttr()

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(embed_batch_size=32)
        self._embedder = embedder

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return [list(vector) for vector in asyncio.run(self._embedder.embed(texts, "passage"))]

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


def ingest(files: Sequence[Path], embedder: Embedder) -> int:
    """The passages that can be found afterwards."""
    splitter = SentenceSplitter(chunk_size=256, chunk_overlap=20)
    index = VectorStoreIndex([], embed_model=_Embedding(embedder))
    passages = 0
    for path in files:
        nodes = splitter.get_nodes_from_documents(SimpleDirectoryReader(input_files=[path]).load_data())
        index.insert_nodes(nodes)
        passages += len(nodes)
    return passages
