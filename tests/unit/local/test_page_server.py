"""Pages are served while the block lasts, and not a word longer."""

import httpx
import pytest

from local.page_server import served


def test_a_folder_is_served_until_the_block_ends(tmp_path, capfd):
    (tmp_path / "seals.html").write_text("<p>Seals")
    with served(tmp_path) as site:
        page, missing = httpx.get(f"{site}/seals.html"), httpx.get(f"{site}/robots.txt")
    assert (page.text, page.headers["content-type"], missing.status_code) == ("<p>Seals", "text/html", 404)
    assert capfd.readouterr().err == ""
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{site}/seals.html")
