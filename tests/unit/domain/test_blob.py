"""Object names are derived, and only uploads name a document."""

import pytest

from shared.domain import blob


def test_names_sort_by_number() -> None:
    names = [blob.pages_name("d1", 2, shard) for shard in (2, 10, 100)]
    assert names == sorted(names)
    assert names[0] == "derived/d1/2/pages-00002.json"
    assert blob.chunks_name("d1", 2, 3) == "derived/d1/2/chunks-00003.json"
    assert blob.vectors_name("d1", 2, 3) == "derived/d1/2/vectors-00003.json"


def test_an_upload_names_its_document() -> None:
    assert blob.document_of(blob.upload_name("d1")) == "d1"


@pytest.mark.parametrize("name", ["derived/d1/1/pages-00000.json", "uploads/", "uploads/a/b", "uploads/..", "d1", ""])
def test_another_object_names_none(name: str) -> None:
    assert blob.document_of(name) is None
