import struct
from pathlib import Path
from zipfile import ZIP_BZIP2, ZipFile

import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest import limits
from shared.ingest.archive import opened_archive
from tests.unit.ingest.samples import write_zip

MIB = 1024 * 1024


def refusal_of(path: Path, name: str = "a", most_bytes: int = limits.MAX_ENTRY_BYTES) -> FailureCode:
    with pytest.raises(RejectedFileError) as refusal, opened_archive(path) as archive:
        archive.read(name, most_bytes)
    return refusal.value.failure


def test_entries_are_read_by_name(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"a": "one", "b/c": b"two"})
    with opened_archive(path) as archive:
        assert (archive.names, "a" in archive, "b" in archive) == (("a", "b/c"), True, False)
        assert (archive.read("a"), archive.read("b/c")) == (b"one", b"two")


def test_a_missing_entry_is_a_damaged_file(tmp_path):
    assert refusal_of(write_zip(tmp_path / "a.zip", {"b": ""})) is FailureCode.CORRUPT


def test_an_entry_is_refused_while_it_is_inflated_once_it_is_over_its_own_bound(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"a": bytes(3000)})
    assert refusal_of(path, most_bytes=2999) is FailureCode.TOO_LARGE
    with opened_archive(path) as archive:
        assert len(archive.read("a", 3000)) == 3000


def test_a_stream_gives_pieces_and_is_refused_in_the_middle(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"a": bytes(300_000)})
    with opened_archive(path) as archive, archive.opened("a", 100_000) as stream:
        assert len(stream.read(70_000)) <= 70_000
        with pytest.raises(RejectedFileError):
            stream.read()


def test_a_bomb_is_refused_by_its_ratio(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"a": bytes(limits.UNCOUNTED_EXPANSION_BYTES + 1)})
    assert path.stat().st_size * 900 < limits.UNCOUNTED_EXPANSION_BYTES
    assert refusal_of(path) is FailureCode.TOO_LARGE


def test_many_small_bombs_count_as_one(tmp_path):
    path = write_zip(tmp_path / "a.zip", {str(number): bytes(MIB) for number in range(17)})
    with pytest.raises(RejectedFileError) as refusal, opened_archive(path) as archive:
        sum(len(archive.read(name)) for name in archive.names)
    assert refusal.value.failure is FailureCode.TOO_LARGE


def test_an_archive_in_an_archive_stays_bytes(tmp_path):
    inner = write_zip(tmp_path / "inner.zip", {"a": "text"}).read_bytes()
    with opened_archive(write_zip(tmp_path / "a.zip", {"a": inner})) as archive:
        assert archive.read("a") == inner


@pytest.mark.parametrize("name", ["../../escaped", "/tmp/escaped", "C:\\escaped"])
def test_a_name_is_a_key_and_never_a_path(tmp_path, name):
    path = write_zip(tmp_path / "folder.zip", {name: "text"})
    with opened_archive(path) as archive:
        assert [archive.read(each) for each in archive.names] == [b"text"]
    assert [each.name for each in tmp_path.iterdir()] == ["folder.zip"]


def test_an_encrypted_entry_is_told_from_a_damaged_one(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"a": "text"})
    content = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + offset] |= 1
    path.write_bytes(content)
    assert refusal_of(path) is FailureCode.ENCRYPTED


def test_a_method_that_cannot_be_bounded_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    with ZipFile(path, "w", ZIP_BZIP2) as written:
        written.writestr("a", "text")
    assert refusal_of(path) is FailureCode.CORRUPT


@pytest.mark.parametrize("keep", [10, 60, -30])
def test_a_cut_off_archive_is_corrupt(tmp_path, keep):
    path = write_zip(tmp_path / "a.zip", {"a": "text" * 100})
    path.write_bytes(path.read_bytes()[:keep])
    assert refusal_of(path) is FailureCode.CORRUPT


def test_content_that_does_not_match_its_checksum_is_corrupt(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"mimetype": "plain text", "b": ""})
    path.write_bytes(path.read_bytes().replace(b"plain text", b"other text"))
    assert refusal_of(path, "mimetype") is FailureCode.CORRUPT


def test_too_many_entries_are_refused(tmp_path):
    path = write_zip(tmp_path / "a.zip", dict.fromkeys(map(str, range(limits.MAX_ARCHIVE_ENTRIES + 1)), ""))
    assert refusal_of(path) is FailureCode.TOO_LARGE


def test_a_directory_that_claims_to_be_huge_is_refused_before_it_is_read(tmp_path):
    size = limits.MAX_ARCHIVE_DIRECTORY_BYTES + 1
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, size, 0, 0)
    (tmp_path / "a.zip").write_bytes(bytes(size) + end)
    assert refusal_of(tmp_path / "a.zip") is FailureCode.TOO_LARGE
