"""A bot's versions and its link, as rules without a store."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.bot import Bot, BotDraft, BotVersion, Visibility, read_link

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
BOT = Bot(id="b1", owner_id="alice", configuration=BotDraft(name="Guide"), created_at=NOW, updated_at=NOW)


def test_another_configuration_is_the_next_version():
    changed = BOT.configured(BotDraft(name="Pilot"), LATER)
    assert (changed.version, changed.configuration.name, changed.updated_at, changed.created_at) == (2, "Pilot", LATER, NOW)


def test_the_same_configuration_changes_nothing():
    assert BOT.configured(BotDraft(name=" Guide "), LATER) == BOT


def test_sharing_changes_no_version_and_private_bots_show_no_link():
    shared = BOT.shared_as(Visibility.LINK, "secret", LATER)
    assert (shared.version, shared.shown_link, shared.updated_at) == (1, "b1.secret", LATER)
    closed = shared.shared_as(Visibility.PRIVATE, "secret", LATER)
    assert (closed.shown_link, closed.link) == (None, "secret")


def test_what_is_shared_so_already_is_not_changed():
    shared = BOT.shared_as(Visibility.LINK, "secret", NOW)
    assert shared.shared_as(Visibility.LINK, "secret", LATER) == shared


def test_only_its_own_link_opens_a_bot_that_is_shared_and_stands():
    shared = BOT.shared_as(Visibility.LINK, "secret", NOW)
    assert shared.opened_by("secret")
    assert not any(shared.opened_by(link) for link in (None, "", "secre", "secrets"))
    assert not shared.shared_as(Visibility.PRIVATE, "secret", NOW).opened_by("secret")
    assert not shared.model_copy(update={"deleted_at": NOW}).opened_by("secret")
    assert not BOT.model_copy(update={"visibility": Visibility.LINK}).opened_by(None)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("b1.secret", ("b1", "secret")),
        ("b1", None),
        ("b1.", None),
        (".secret", None),
        ("b1.se.cret", None),
        ("b/1.secret", None),
        ("b1.se cret", None),
        ("b1.\ud800", None),
    ],
)
def test_a_link_names_its_bot_and_its_secret_half(text: str, read: tuple[str, str] | None):
    assert read_link(text) == read


def test_a_bot_as_of_a_version_keeps_what_belongs_to_none():
    version = BotVersion.of(BOT)
    newest = BOT.configured(BotDraft(name="Pilot"), LATER).shared_as(Visibility.LINK, "secret", LATER)
    shown = version.applied_to(newest)
    assert (shown.version, shown.configuration.name, shown.shown_link) == (1, "Guide", "b1.secret")
