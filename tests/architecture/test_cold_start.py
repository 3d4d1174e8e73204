"""A cold start imports what its function needs and no more, counted in modules, since seconds differ from run to run."""

import json
import subprocess
import sys
from functools import cache

import pytest

from tests.architecture.sources import ROOT
from tests.architecture.test_functions import NAMES

MINIMAL = "import functions_framework.aio, google.cloud.firestore"
HEAVY = {
    "firebase_admin",
    "google.cloud.aiplatform",
    "google.cloud.firestore",
    "google.cloud.pubsub_v1",
    "google.cloud.storage",
    "google.genai",
    "grpc",
    "httpx",
    "numpy",
    "onnxruntime",
    "openai",
    "pypdfium2",
    "requests",
    "selectolax",
    "tokenizers",
}


@cache
def modules_after(statement: str) -> frozenset[str]:
    """The modules that a fresh interpreter holds after the statement."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(list(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, timeout=60)
    return frozenset(json.loads(ran.stdout))


def test_the_measure_sees_heavy_modules() -> None:
    assert {"google.cloud.firestore", "grpc"} <= modules_after(MINIMAL)


@pytest.mark.parametrize("name", NAMES)
def test_a_function_imports_no_client_before_it_is_called(name: str) -> None:
    assert HEAVY & modules_after(f"import functions.{name}.main") == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_function_starts_lighter_than_a_minimal_one_that_imports_its_store(name: str) -> None:
    assert len(modules_after(f"import functions.{name}.main")) < len(modules_after(MINIMAL))
