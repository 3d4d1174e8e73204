"""Ports are built once per event loop, and bound ones stand in for them."""

import asyncio
import threading
from dataclasses import dataclass

import pytest

from shared.core.clock import Clock, system_clock
from shared.core.errors import InternalError
from shared.core.settings import Settings, settings
from shared.ports.queue import Queue
from shared.ports.store import Bots
from shared.runtime import wiring


class Fake:
    """Stands for any port."""


@dataclass
class Service:
    queue: Queue
    bots: Bots


@dataclass
class Unwired:
    fake: Fake


def test_a_bound_port_stands_in_within_its_block_alone() -> None:
    outer, inner = Fake(), Fake()
    with wiring.bound({Queue: outer, Bots: outer}):
        with wiring.bound({Queue: inner}):
            within = (wiring.provide(Queue), wiring.provide(Bots))
        after = wiring.provide(Queue)
    assert (within, after) == ((inner, outer), outer)


def test_a_block_that_fails_gives_the_ports_back() -> None:
    with pytest.raises(KeyError), wiring.bound({Queue: Fake()}):
        raise KeyError
    assert wiring._bound == {}


def test_the_clock_is_bound_by_its_type_although_it_is_no_class() -> None:
    with wiring.bound({Clock: system_clock}):
        assert wiring.provide(Clock) is system_clock


async def test_settings_and_clock_are_the_processs_own() -> None:
    assert (wiring.provide(Settings), wiring.provide(Clock)) == (settings(), system_clock)


async def test_a_type_that_nobody_wired_is_refused_by_name() -> None:
    with pytest.raises(InternalError, match="Fake"):
        wiring.provide(Fake)


def test_a_service_is_made_of_the_ports_that_its_fields_name() -> None:
    with wiring.bound({Queue: "queue", Bots: "bots"}):
        assert (wiring.is_known(Service), wiring.provide(Service)) == (True, Service(queue="queue", bots="bots"))


def test_a_service_of_something_that_nobody_wired_is_unknown() -> None:
    assert not wiring.is_known(Unwired)


async def test_a_port_is_built_once() -> None:
    assert wiring._once("fake", Fake) is wiring._once("fake", Fake)


def test_each_event_loop_has_its_own() -> None:
    async def build() -> object:
        return wiring._once("fake", Fake)

    assert asyncio.run(build()) is not asyncio.run(build())


async def test_many_blocking_clients_may_wait_at_once() -> None:
    waiting = threading.Barrier(32)
    wiring._once("fake", Fake)
    await asyncio.gather(*(asyncio.to_thread(waiting.wait, 30) for _ in range(32)))
    assert not waiting.broken


@pytest.mark.parametrize("name", sorted(wiring._factories))
def test_every_factory_is_named_after_what_it_returns(name: str) -> None:
    assert wiring._factories[name].__annotations__["return"] == name
