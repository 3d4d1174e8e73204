"""Every folder of functions/ is one function, made by a decorator, with a manifest that fits and a place of its own."""

import importlib
import re
from collections import Counter

import pytest
from functions_framework import _function_registry

from shared.runtime import catalogue
from shared.runtime.catalogue import FUNCTIONS, Manifest
from tests.architecture.sources import of_functions

NAMES = sorted(path.name for path in FUNCTIONS.iterdir() if path.is_dir() and path.name != "__pycache__")
MANIFESTS = {manifest.name: manifest for manifest in catalogue.read_all()}


def test_every_folder_has_its_code_and_its_manifest() -> None:
    assert {name for name in NAMES if (FUNCTIONS / name / "main.py").exists()} == set(NAMES) == set(MANIFESTS)


@pytest.mark.parametrize("name", NAMES)
def test_the_entry_point_is_made_by_a_decorator_and_named_like_its_folder(name: str) -> None:
    entry = getattr(importlib.import_module(f"functions.{name}.main"), name)
    assert (entry.manifest, entry.use_case.__name__) == (catalogue.read(name), name)
    assert name in _function_registry.ASGI_FUNCTIONS


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_holds_one_entry_point(name: str) -> None:
    module = importlib.import_module(f"functions.{name}.main")
    assert [member for member in vars(module) if hasattr(getattr(module, member), "use_case")] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_a_use_case_says_what_its_signature_cannot(name: str) -> None:
    entry = getattr(importlib.import_module(f"functions.{name}.main"), name)
    assert (entry.use_case.__doc__ or "").strip()


def _shape(manifest: Manifest) -> str:
    assert manifest.trigger.http
    return re.sub(r"{\w+}", "{}", manifest.trigger.http.route)


def test_no_two_functions_answer_one_route() -> None:
    routes = Counter(_shape(manifest) for manifest in MANIFESTS.values() if manifest.trigger.http)
    assert [route for route, count in routes.items() if count > 1] == []


def test_no_two_functions_share_a_topic() -> None:
    topics = Counter(manifest.topic for manifest in MANIFESTS.values() if manifest.topic)
    assert [topic for topic, count in topics.items() if count > 1] == []


def test_a_created_thing_is_answered_by_a_post_alone() -> None:
    created = [
        manifest.trigger.http for manifest in MANIFESTS.values() if manifest.trigger.http and manifest.trigger.http.success == 201
    ]
    assert all(http.method == "POST" for http in created)


def test_no_function_knows_an_adapter_or_another_function() -> None:
    """import-linter does not see these folders, which are no packages, so this test holds the rule."""
    wrong = [
        (str(source.path), module)
        for name, source in of_functions()
        for module in source.imports
        if module.startswith("shared.adapters") or (module.startswith("functions.") and module.split(".")[1] != name)
    ]
    assert wrong == []
