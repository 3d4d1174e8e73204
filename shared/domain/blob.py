"""Names of objects in the bucket: derived from the step that writes them, so that doing it twice writes the same object."""

from shared.core.ids import is_id

UPLOADS = "uploads/"


def upload_name(document_id: str) -> str:
    """Where a person's file is uploaded to."""
    return f"{UPLOADS}{document_id}"


def document_of(name: str) -> str | None:
    """The document whose upload the object is; None for an object that is none."""
    document_id = name.removeprefix(UPLOADS)
    return document_id if name.startswith(UPLOADS) and is_id(document_id) else None


def pages_name(document_id: str, generation: int, shard: int) -> str:
    """The text of one range of pages."""
    return _derived(document_id, generation, "pages", shard)


def chunks_name(document_id: str, generation: int, batch: int) -> str:
    """The chunks of one batch."""
    return _derived(document_id, generation, "chunks", batch)


def vectors_name(document_id: str, generation: int, batch: int) -> str:
    """The vectors of one batch, in the order of its chunks."""
    return _derived(document_id, generation, "vectors", batch)


def reading_name(document_id: str, key: str) -> str:
    """What a model read in a picture; of no generation, so that learning a document anew need not pay for it again."""
    return f"{derived_prefix(document_id)}readings/{key}.json"


def frontier_name(document_id: str, generation: int) -> str:
    """Where the walk of a site stands."""
    return _derived(document_id, generation, "frontier", 0)


def derived_prefix(document_id: str, generation: int | None = None) -> str:
    """How the names of everything begin that was made of the document, or of one generation of it."""
    return f"derived/{document_id}/" + (f"{generation}/" if generation else "")


def holds_vectors(name: str) -> bool:
    """Whether the object is one of `vectors_name`."""
    return name.rpartition("/")[2].startswith("vectors-")


def _derived(document_id: str, generation: int, what: str, number: int) -> str:
    return f"{derived_prefix(document_id, generation)}{what}-{number:05d}.json"
