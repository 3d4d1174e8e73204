import json

import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.extract import extract, plan
from shared.ingest.kinds import Kind
from shared.ingest.limits import MAX_JSON_BYTES, MAX_JSON_DEPTH


def read(path, content, kind=Kind.JSON):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    planned = plan(path, kind.value)
    return [page for shard in range(planned.shards) for page in extract(path, planned.kind, shard).pages]


def refusal_of(path, content, kind=Kind.JSON):
    with pytest.raises(RejectedFileError) as refusal:
        read(path, content, kind)
    return refusal.value


def test_values_stand_behind_their_paths(tmp_path):
    (page,) = read(
        tmp_path / "a", '{"name": "Ada", "born": {"year": 1815, "in": "London"}, "tags": ["maths", true, null], "none": null}'
    )
    assert page.text == "name: Ada\nborn.year: 1815\nborn.in: London\ntags: maths, true, null"
    assert len(page.blocks) == 1


def test_records_of_a_list_are_blocks(tmp_path):
    (page,) = read(tmp_path / "a", '{"shop": "A", "items": [{"name": "x"}, {"name": "y", "sizes": [{"cm": 3}]}]}')
    assert [page.text[block.start : block.end] for block in page.blocks] == [
        "shop: A",
        "items[0].name: x",
        "items[1].name: y",
        "items[1].sizes[0].cm: 3",
    ]


def test_numbers_stay_as_they_are_written(tmp_path):
    (page,) = read(tmp_path / "a", '{"price": 1.10, "long": ' + "9" * 5_000 + ', "small": 1e-400}')
    assert page.text == "price: 1.10\nlong: " + "9" * 5_000 + "\nsmall: 1e-400"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_json_in_other_encodings_is_read(tmp_path, encoding):
    (page,) = read(tmp_path / "a", '{"name": "Zoë"}'.encode(encoding))
    assert page.text == "name: Zoë"


def test_lines_of_json_are_pages_of_a_thousand_records_and_none_is_lost(tmp_path):
    records = [json.dumps({"id": number, "text": "word " * 20}) for number in range(40_500)]
    pages = read(tmp_path / "a", "\n\n".join(records), Kind.JSONL)
    assert [page.number for page in pages] == list(range(1, 42))
    ids = [line for page in pages for line in page.text.split("\n") if line.startswith("id: ")]
    assert ids == [f"id: {number}" for number in range(40_500)]


def test_lines_under_the_name_of_json_are_read_as_lines(tmp_path):
    (page,) = read(tmp_path / "a", '{"a": 1}\n{"a": 2}\n')
    assert [page.text[block.start : block.end] for block in page.blocks] == ["a: 1", "a: 2"]


def test_json_that_is_not_valid_says_where(tmp_path):
    refusal = refusal_of(tmp_path / "a", '{"a": 1,\n "b": }')
    assert (refusal.failure, "line 2, column 7" in refusal.message) == (FailureCode.CORRUPT, True)


def test_a_line_that_is_not_valid_says_which(tmp_path):
    refusal = refusal_of(tmp_path / "a", '{"a": 1}\n{"a": 2}\n\n{"a":\n', Kind.JSONL)
    assert (refusal.failure, "line 4" in refusal.message) == (FailureCode.CORRUPT, True)


@pytest.mark.parametrize(
    "content", ["[" * (MAX_JSON_DEPTH + 2) + "1" + "]" * (MAX_JSON_DEPTH + 2), "[" * 200_000, '{"a":' * 150 + "1" + "}" * 150]
)
def test_what_is_nested_too_deep_is_refused(tmp_path, content):
    refusal = refusal_of(tmp_path / "a", content)
    assert (refusal.failure, "deep" in refusal.message) == (FailureCode.TOO_LARGE, True)


def test_json_that_is_too_long_is_refused(tmp_path):
    assert refusal_of(tmp_path / "a", '"' + "x" * MAX_JSON_BYTES + '"').failure is FailureCode.TOO_LARGE
