"""The rules of taking a failed document up again where it stopped, so that no finished step is done twice."""

from collections.abc import Callable

from shared.domain.blob import chunks_name, pages_name, vectors_name
from shared.domain.document import Document, DocumentSource, DocumentStatus, FailureCode, Stage
from shared.domain.ending import AFRESH
from shared.domain.pipeline import Moment

MOST_REVIVALS = 3
"""How often a generation is taken up where it failed; what fails once more is learned from its beginning."""


def stopped_at(document: Document) -> DocumentStatus:
    """The status in which a failed document stopped, by what its progress says is done."""
    progress = document.progress
    if Stage.EMBED in progress:
        return DocumentStatus.INDEXING if _is_done(document, Stage.EMBED) else DocumentStatus.EMBEDDING
    if Stage.CHUNK in progress:
        return DocumentStatus.CHUNKING
    if Stage.EXTRACT in progress:
        return DocumentStatus.EXTRACTING
    if Stage.FETCH in progress and not _is_done(document, Stage.FETCH):
        return DocumentStatus.FETCHING
    came = document.content_hash is not None or document.source not in {DocumentSource.FILE, DocumentSource.TEXT}
    return DocumentStatus.RECEIVED if came else DocumentStatus.AWAITING_UPLOAD


def revived(document: Document, moment: Moment) -> Document | None:
    """The failed document on its way again in the same generation, at the stage where it stopped.

    None where the same steps would fail again: the file is the reason, its bytes never came, or it was taken up too often.
    """
    failure = document.failure
    if document.status is not DocumentStatus.FAILED or failure is None or document.is_given_up:
        return None
    if not (failure.can_retry or failure.code is FailureCode.INTERNAL) or document.revivals >= MOST_REVIVALS:
        return None
    status = stopped_at(document)
    # The sweep looks at once for the object of an upload whose notice died.
    due_at = moment.now if status is DocumentStatus.AWAITING_UPLOAD else moment.now + moment.patience
    again = {"status": status, "failure": None, "revivals": document.revivals + 1}
    return document.model_copy(update={**AFRESH, **again, "updated_at": moment.now, "due_at": due_at})


def inputs(document: Document) -> set[str]:
    """The objects without which its present stage cannot go on: its bytes, or what the stages before have made of them."""
    match document.status:
        case DocumentStatus.RECEIVED | DocumentStatus.EXTRACTING:
            return {document.blob}
        case DocumentStatus.CHUNKING:
            return _made(document, pages_name, Stage.EXTRACT)
        case DocumentStatus.EMBEDDING:
            return _made(document, chunks_name, Stage.EMBED)
        case DocumentStatus.INDEXING:
            return _made(document, chunks_name, Stage.EMBED) | _made(document, vectors_name, Stage.EMBED)
        case _:
            return set()


def _is_done(document: Document, stage: Stage) -> bool:
    part = document.progress[stage]
    return 0 < part.of <= part.done


def _made(document: Document, name: Callable[[str, int, int], str], stage: Stage) -> set[str]:
    return {name(document.id, document.generation, shard) for shard in range(document.progress[stage].of)}
