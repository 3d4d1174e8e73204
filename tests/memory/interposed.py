"""Stands between a use case and a port, and may raise before a call is made or after it took effect, as networks do."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any


class Interposed:
    """The port itself, but for a hook that sees `before <method>` and `after <method>` of each call, and may wait or raise."""

    def __init__(self, port: Any, hook: Callable[[str], Awaitable[None]]) -> None:
        self._port = port
        self._hook = hook

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._port, name)
        if not inspect.iscoroutinefunction(attribute):
            return attribute

        async def call(*args: Any, **kwargs: Any) -> Any:
            await self._hook(f"before {name}")
            answer = await attribute(*args, **kwargs)
            await self._hook(f"after {name}")
            return answer

        return call


@dataclass
class Raises:
    """A hook that raises each moment's errors, one a visit, first ones first; `seen` keeps every moment."""

    errors: dict[str, list[BaseException]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    async def __call__(self, moment: str) -> None:
        self.seen.append(moment)
        if waiting := self.errors.get(moment):
            raise waiting.pop(0)
