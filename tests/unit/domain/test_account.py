"""Usernames that nobody can mistake for another's, and who may act."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.core.errors import PermissionDeniedError, UnauthenticatedError
from shared.domain.account import Account, EmailAddress, Username, admit, folded

USERNAME, EMAIL = TypeAdapter(Username), TypeAdapter(EmailAddress)
OUT = datetime(2026, 11, 22, 10, 0, 30, 900_000, tzinfo=UTC)


@pytest.mark.parametrize("name", ["abc", "Ada.Lovelace", "a-b", "a_b", "0x0", "a" * 30, "a..b"])
def test_a_username_is_ascii_letters_digits_and_three_marks(name: str) -> None:
    assert USERNAME.validate_python(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "a" * 31,
        ".ab",
        "ab-",
        "_ab",
        "a b",
        "a/b",
        "\u0430da",
        "ada\u200b",
        "\uff41\uff44\uff41",
        "\u017fam",
        "K\u0301im",
        "ada\n",
        "__a__",
    ],
)
def test_what_could_be_mistaken_or_misread_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        USERNAME.validate_python(name)


def test_usernames_are_one_in_any_case() -> None:
    assert [folded("Ada.L"), folded("ada.l"), folded(None)] == ["ada.l", "ada.l", None]


@pytest.mark.parametrize("address", ["a", "a@", "@b", "a@b@c", "a b@c.de", "a@b\n", f"{'a' * 250}@b.de"])
def test_what_is_no_e_mail_address_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        EMAIL.validate_python(address)


def test_a_sign_in_of_the_sign_outs_second_counts_as_older() -> None:
    account = Account(id="ada", signed_out_at=OUT)
    admit(account, OUT.replace(microsecond=0) + timedelta(seconds=1))
    with pytest.raises(UnauthenticatedError):
        admit(account, OUT.replace(microsecond=0))


def test_a_suspended_account_may_nothing_however_fresh_its_sign_in() -> None:
    with pytest.raises(PermissionDeniedError):
        admit(Account(id="ada", suspended=True), OUT)
