"""The registry's chat models, each opened when it is first asked for, with the fallback that its entry names."""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from typing import cast

from shared.core.errors import InvalidArgumentError, NotFoundError, ResourceExhaustedError, SynapseError, UnavailableError
from shared.core.log import logger
from shared.domain.bot import GenerationSettings
from shared.domain.prompt import Completion, ModelEvent, ModelSpec, Prompt
from shared.ports.models import ChatModel

OpenChatModel = Callable[[ModelSpec], ChatModel]


class RegistryChatModels:
    """Models by name; `openers` are by the adapter that an entry names, and may raise FailedPreconditionError."""

    def __init__(self, specs: Iterable[ModelSpec], openers: Mapping[str, OpenChatModel]) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._openers = openers
        self._opened: dict[str, ChatModel] = {}

    def get(self, name: str) -> ChatModel:
        """Raises FailedPreconditionError where the environment does not configure the model."""
        if name not in self._specs:
            known = ", ".join(sorted(self._specs))
            raise InvalidArgumentError(f"There is no model {name[:100]!r}; known are {known}.", field="model")
        if name not in self._opened:
            self._opened[name] = self._open(self._specs[name])
        return self._opened[name]

    def _open(self, spec: ModelSpec) -> ChatModel:
        model = self._openers[spec.adapter](spec)
        fallback = spec.fallback
        return FallbackChatModel(model, lambda: self.get(fallback)) if fallback else model


class FallbackChatModel:
    """Asks another model where the first cannot serve and has not said a word; the reader never sees two beginnings."""

    def __init__(self, model: ChatModel, fallback: Callable[[], ChatModel]) -> None:
        self.spec = model.spec
        self._model = model
        self._fallback = fallback

    async def stream(self, prompt: Prompt, settings: GenerationSettings) -> AsyncGenerator[ModelEvent, None]:
        """The completion names the model that stood in. Raises what the last model asked raises."""
        said = False
        try:
            async with aclosing(_stream(self._model, prompt, settings)) as events:
                async for event in events:
                    said = True
                    yield event
        # Not a missed deadline: who has waited a minute for one model should not wait another for the next. Not a refused request
        # either, which the other model would refuse too.
        except (UnavailableError, ResourceExhaustedError, NotFoundError) as error:
            if said:
                raise
            _report(self.spec, error)
        else:
            return
        async with aclosing(_stream(self._fallback(), prompt, settings)) as events:
            async for event in events:
                yield self._named(event)

    def _named(self, event: ModelEvent) -> ModelEvent:
        if isinstance(event, Completion) and event.model is None:
            return event.model_copy(update={"model": self._fallback().spec.name})
        return event


def _stream(model: ChatModel, prompt: Prompt, settings: GenerationSettings) -> AsyncGenerator[ModelEvent, None]:
    # The port promises an iterator that may be closed early; the adapters keep that promise by being generators.
    return cast("AsyncGenerator[ModelEvent, None]", model.stream(prompt, settings))


def _report(spec: ModelSpec, error: SynapseError) -> None:
    extra = {"model": spec.name, "fallback": spec.fallback, "code": error.code.value}
    logger.warning("A chat model could not serve, its fallback is asked", extra=extra)
