"""LangChain as its quick start does it: a loader a format, the recursive splitter at 1,000 characters, a store in memory."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from langchain_community.document_loaders import BSHTMLLoader, PyPDFLoader, TextLoader
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_text_splitters import RecursiveCharacterTextSplitter

from shared.ports.models import Embedder


class _Embeddings(Embeddings):  # type: ignore[misc] # its types are not in this environment
    """Ours in their protocol."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector a text."""
        return [list(vector) for vector in asyncio.run(self._embedder.embed(texts, "passage"))]

    def embed_query(self, text: str) -> list[float]:
        """As a passage."""
        return self.embed_documents([text])[0]


def ingest(files: Sequence[Path], embedder: Embedder) -> int:
    """The passages that can be found afterwards."""
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200, add_start_index=True)
    store = InMemoryVectorStore(_Embeddings(embedder))
    for path in files:
        store.add_documents(splitter.split_documents(_loader(path).load()))
    return len(store.store)


def _loader(path: Path) -> PyPDFLoader | BSHTMLLoader | TextLoader:
    if path.suffix == ".pdf":
        return PyPDFLoader(str(path))
    return BSHTMLLoader(str(path), open_encoding="utf-8") if path.suffix == ".html" else TextLoader(str(path), encoding="utf-8")
