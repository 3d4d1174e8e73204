"""Devices that asked for it are told once that a document is ready or has failed."""

from datetime import timedelta

import pytest

from shared.core.errors import UnavailableError
from shared.domain.device import Device, DeviceEvent, Platform
from shared.domain.document import DocumentStatus
from tests.functional.knowledge.world import DELIVERED, START, TEXT, World, published

NOTIFY = DELIVERED["notify-devices"]


def own(world: World, name: str, *events: DeviceEvent, owner_id: str = "alice") -> None:
    """A device with its name for a token."""
    device = Device(id=name, owner_id=owner_id, token=name, platform=Platform.WEB, events=events, updated_at=START)
    world.store.devices[name] = device


@pytest.fixture(autouse=True)
def devices(world: World) -> None:
    own(world, "phone", DeviceEvent.DOCUMENT_READY, DeviceEvent.DOCUMENT_FAILED)
    own(world, "tablet", DeviceEvent.DOCUMENT_FAILED)
    own(world, "bobs", DeviceEvent.DOCUMENT_READY, owner_id="bob")


async def test_the_owners_devices_that_asked_are_told_of_a_ready_document(world: World) -> None:
    document = await world.learn("a.txt", TEXT)
    [(token, notice)] = world.notifier.told
    assert (token, notice.event, notice.document_id, notice.body) == ("phone", "document_ready", document.id, "a.txt")
    assert notice.tag == f"{document.id}-1-document_ready"
    assert (document.untold, document.due_at) == (False, None)


async def test_a_failed_document_is_told_with_its_sentence(world: World) -> None:
    document = await world.learn("a.txt", b" ")
    assert document.failure is not None
    assert {token for token, _ in world.notifier.told} == {"phone", "tablet"}
    assert {notice.body for _, notice in world.notifier.told} == {f"a.txt: {document.failure.message}"}


async def test_a_redelivery_tells_nothing_more_and_a_repeated_notice_shows_once(world: World) -> None:
    document_id = await world.upload("a.txt", TEXT)
    while topic := next((topic for topic in DELIVERED if topic != "notify-devices" and world.queue.topics.get(topic)), None):
        for body in published(world, topic):
            await DELIVERED[topic].push(body)
    [message] = published(world, "notify-devices")
    world.hook.errors["before replace"] = [UnavailableError("The store is away.")]
    assert [(await NOTIFY.push(message)).status for _ in range(3)] == [503, 204, 204]
    assert (len(world.notifier.told), world.notifier.shown("phone")) == (2, [f"{document_id}-1-document_ready"])


async def test_the_document_is_read_once_for_telling(world: World) -> None:
    await world.upload("a.txt", b" ")
    while not world.queue.topics.get("notify-devices"):
        topic = next(topic for topic in DELIVERED if world.queue.topics.get(topic))
        for body in published(world, topic):
            await DELIVERED[topic].push(body)
    [message] = published(world, "notify-devices")
    world.hook.seen.clear()
    await NOTIFY.push(message)
    assert [moment for moment in world.hook.seen if "before" in moment] == ["before load", "before replace"]


async def test_a_token_of_no_device_is_forgotten_and_no_other(world: World) -> None:
    world.notifier.unregistered, world.notifier.refused = {"phone"}, {"tablet"}
    await world.learn("a.txt", b" ")
    assert set(world.store.devices) == {"tablet", "bobs"}


async def test_a_lost_word_is_asked_for_by_the_sweep_and_given_up_after_a_day(world: World) -> None:
    document_id = await world.upload("a.txt", b" ")
    world.notifier.errors = [UnavailableError("The service is away.")] * 2
    assert 503 in await world.deliver()
    world.notifier.errors = []
    await world.sweep(timedelta(minutes=16))
    await world.deliver()
    assert {token for token, _ in world.notifier.told} == {"phone", "tablet"}
    read = world.store.documents[document_id]
    world.store.documents[document_id] = world.store.stamp(read.value.model_copy(update={"untold": True, "due_at": world.now}))
    await world.sweep(timedelta(days=2))
    assert (world.document(document_id).due_at, world.document(document_id).untold) == (None, False)


async def test_what_was_found_in_another_document_is_not_told(world: World) -> None:
    document_id = await world.upload("a.txt", b" ")
    read = world.store.documents[document_id]
    world.store.documents[document_id] = world.store.stamp(read.value.model_copy(update={"parent_id": "mail"}))
    await world.deliver()
    assert (world.document(document_id).status, world.notifier.told) == (DocumentStatus.FAILED, [])
