"""The line learns a file through the real functions, and goes on in another process."""

import pickle

import pytest

from benchmarks.assembly_line import AssemblyLine, FolderBlobs
from benchmarks.stub_model import FixedEmbedder
from shared.core.errors import NotFoundError
from shared.domain.document import DocumentStatus
from tests.memory.chat_models import FakeTokenCounter


async def test_a_file_is_learned_whole_by_a_line_that_was_put_away_between_two_deliveries(tmp_path):
    (tmp_path / "blobs").mkdir()
    path = tmp_path / "whales.txt"
    path.write_text("Blue whales eat krill, up to four tonnes a day.")
    line = AssemblyLine(tmp_path / "blobs")
    with line.running(FixedEmbedder(), FakeTokenCounter()):
        document_id = await line.upload(path)
    while waiting := line.next_messages():
        topic, messages = waiting
        line = pickle.loads(pickle.dumps(line))
        with line.running(FixedEmbedder(), FakeTokenCounter()):
            for message in messages:
                await line.deliver(topic, message.body)
    assert line.document(document_id).status is DocumentStatus.READY
    assert [entry.chunk.text for entry in line.store.chunks.values()] == [path.read_text()]


async def test_blobs_lie_in_the_folder_under_names_with_slashes(tmp_path):
    blobs = FolderBlobs(tmp_path)
    await blobs.write("a/b", b"bytes", "text/plain")
    assert (await blobs.read("a/b"), await blobs.list("a/"), len(blobs.files)) == (b"bytes", ["a/b"], 1)
    assert await blobs.delete("a/b")
    with pytest.raises(NotFoundError):
        await blobs.read("a/b")
