import pytest

from shared.adapters.chat_models import RegistryChatModels
from shared.core.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
    SynapseError,
    UnavailableError,
)
from shared.domain.bot import GenerationSettings
from shared.domain.conversation import TokenUsage
from shared.domain.prompt import Completion, ModelEvent, ModelSpec, Prompt, TextDelta
from tests.memory.chat_models import ScriptedChatModel

PROMPT = Prompt(system="", user="Hi", question="Hi", search_query="Hi")
USAGE = TokenUsage(prompt_tokens=3, completion_tokens=1)
FIRST = ModelSpec(name="first", adapter="memory", context_tokens=1, fallback="second")
SECOND = ModelSpec(name="second", adapter="memory", context_tokens=1)


def models(first: ScriptedChatModel, second: ScriptedChatModel) -> RegistryChatModels:
    first.spec, second.spec = FIRST, SECOND
    return RegistryChatModels([FIRST, SECOND], {"memory": lambda spec: first if spec is FIRST else second})


async def events(registry: RegistryChatModels) -> list[ModelEvent]:
    return [event async for event in registry.get("first").stream(PROMPT, GenerationSettings())]


def test_an_unknown_name_is_an_argument_error_that_names_the_known():
    with pytest.raises(InvalidArgumentError, match="known are first, second") as raised:
        models(ScriptedChatModel(), ScriptedChatModel()).get("third")

    assert raised.value.field == "model"


def test_a_model_is_opened_when_first_asked_for_and_once():
    opened = []

    def opener(spec: ModelSpec) -> ScriptedChatModel:
        opened.append(spec.name)
        return ScriptedChatModel(name=spec.name)

    registry = RegistryChatModels([FIRST, SECOND], {"memory": opener})
    assert opened == []
    assert registry.get("second") is registry.get("second")
    assert opened == ["second"]


def test_a_model_with_a_fallback_keeps_its_own_name():
    assert models(ScriptedChatModel(), ScriptedChatModel()).get("first").spec == FIRST


def test_a_model_that_is_not_configured_says_so_each_time():
    def refuse(_: ModelSpec) -> ScriptedChatModel:
        raise FailedPreconditionError("Not here.")

    registry = RegistryChatModels([SECOND], {"memory": refuse})
    for _ in range(2):
        with pytest.raises(FailedPreconditionError):
            registry.get("second")


async def test_a_model_that_serves_is_not_replaced():
    second = ScriptedChatModel(("two",))

    assert await events(models(ScriptedChatModel(("one",), usage=USAGE), second)) == [
        TextDelta(text="one"),
        Completion(usage=USAGE),
    ]
    assert second.prompts == []


@pytest.mark.parametrize("error", [UnavailableError("x"), ResourceExhaustedError("x"), NotFoundError("x")])
async def test_a_model_that_cannot_serve_is_replaced_and_the_completion_names_the_other(error):
    first, second = ScriptedChatModel((), error=error), ScriptedChatModel(("two",), usage=USAGE)

    assert await events(models(first, second)) == [TextDelta(text="two"), Completion(usage=USAGE, model="second")]


async def test_a_model_that_has_spoken_is_never_replaced():
    second = ScriptedChatModel(("two",))

    with pytest.raises(UnavailableError):
        await events(models(ScriptedChatModel(("one",), error=UnavailableError("x")), second))

    assert second.prompts == []


@pytest.mark.parametrize("error", [InvalidArgumentError("x"), FailedPreconditionError("x")])
async def test_a_refused_request_is_not_sent_to_another_model(error):
    with pytest.raises(type(error)):
        await events(models(ScriptedChatModel((), error=error), ScriptedChatModel(("two",))))


async def test_a_fallback_that_fails_too_tells_its_own_error():
    first: SynapseError = UnavailableError("first")
    registry = models(ScriptedChatModel((), error=first), ScriptedChatModel((), error=ResourceExhaustedError("second")))

    with pytest.raises(ResourceExhaustedError, match="second"):
        await events(registry)


async def test_closing_early_closes_the_model_that_speaks():
    second = ScriptedChatModel(("two", "three"))
    stream = models(ScriptedChatModel((), error=UnavailableError("x")), second).get("first").stream(PROMPT, GenerationSettings())

    await anext(stream)
    await stream.aclose()

    assert second.closed == 1
