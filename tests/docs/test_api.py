"""The tables of docs/api.md are the code's."""

import re
from datetime import timedelta

from local.contract.document import ROOT
from local.contract.functions import read_functions
from shared.core.settings import Settings
from shared.domain.base import PageRequest
from shared.domain.conversation import TurnStatus
from shared.domain.deletion import RECEIPT_LIFE
from shared.runtime import replies
from shared.runtime.catalogue import read_all
from shared.runtime.idempotency import MAX_KEY_CHARACTERS
from shared.services.sessions import RECENT

GUIDE = (ROOT / "docs" / "api.md").read_text("utf-8")


def test_the_guide_lists_every_function_without_app_check() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", GUIDE.split("**App Check.**")[1].split("## Errors")[0], re.MULTILINE)
    assert listed == [one.name for one in read_all() if one.trigger.http and not one.trigger.http.app_check]


def test_the_guide_lists_every_code_with_its_status() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `([A-Z_]+)` \|", GUIDE, re.MULTILINE)
    mapped = {(str(status), code.value) for code, status in replies.STATUS.items()}
    assert set(rows) - mapped == {("412", "ABORTED")}
    assert mapped <= set(rows)


def test_the_guide_lists_every_function_with_its_conditional_headers() -> None:
    rows = re.findall(r"^\| `([A-Z][A-Za-z-]+)`.* \| ((?:`\w+` ?)+) \|$", GUIDE, re.MULTILINE)
    listed = {header: re.findall(r"\w+", functions) for header, functions in rows}
    entries = read_functions()
    assert listed == {
        "Idempotency-Key": [one.name for one in entries if one.manifest.idempotent],
        "If-Match": [one.name for one in entries if one.manifest.guards_a_version],
        "ETag": [one.name for one in entries if one.manifest.conditional],
    }


def test_the_guide_lists_every_event_of_a_turn_and_every_status() -> None:
    chat = next(one for one in read_functions() if one.name == "chat")
    streamed = {event.model_fields["type"].default for event in chat.events}
    events = re.findall(r"^\| `(\w+)`", GUIDE.split("| event |")[1].split("\n\n")[0], re.MULTILINE)
    assert set(events) == streamed | {"result"}
    statuses = re.findall(r"^\| `(\w+)`", GUIDE.split("| status | how")[1].split("\n\n")[0], re.MULTILINE)
    assert set(statuses) == set(TurnStatus)


def test_the_guides_figures_are_the_codes() -> None:
    window = PageRequest.model_json_schema()["properties"]["page_size"]
    assert f"`page_size` ({window['minimum']} to {window['maximum']}, else {window['default']})" in GUIDE
    assert f"1 to {MAX_KEY_CHARACTERS} printable" in " ".join(GUIDE.split())
    defaults = Settings.model_fields
    assert defaults["session_hours"].default == 5 * 24
    assert f"`STREAM_CHECKPOINT_SECONDS` ({defaults['stream_checkpoint_seconds'].default:g};" in GUIDE
    assert timedelta(days=90) == RECEIPT_LIFE
    assert timedelta(minutes=5) == RECENT
