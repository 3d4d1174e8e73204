"""The tables of docs/api.md are the code's."""

import re

from local.contract.document import ROOT
from shared.domain.base import PageRequest
from shared.runtime import replies
from shared.runtime.catalogue import read_all
from shared.runtime.idempotency import MAX_KEY_CHARACTERS

GUIDE = (ROOT / "docs" / "api.md").read_text("utf-8")


def test_the_guide_lists_every_function_without_app_check() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", GUIDE.split("**App Check.**")[1].split("## Errors")[0], re.MULTILINE)
    assert listed == [one.name for one in read_all() if one.trigger.http and not one.trigger.http.app_check]


def test_the_guide_lists_every_code_with_its_status() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `([A-Z_]+)` \|", GUIDE, re.MULTILINE)
    mapped = {(str(status), code.value) for code, status in replies.STATUS.items()}
    assert set(rows) - mapped == {("412", "ABORTED")}
    assert mapped <= set(rows)


def test_the_guides_figures_are_the_codes() -> None:
    window = PageRequest.model_json_schema()["properties"]["page_size"]
    assert f"`page_size` ({window['minimum']} to {window['maximum']}, else {window['default']})" in GUIDE
    assert f"1 to {MAX_KEY_CHARACTERS} printable" in " ".join(GUIDE.split())
