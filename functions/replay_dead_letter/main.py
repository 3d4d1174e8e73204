"""Has a dead message tried again, after its document was taken up where it failed."""

from shared.core.errors import FailedPreconditionError, NotFoundError
from shared.domain.base import Id, Model
from shared.domain.dead_letter import DeadLetterView, asked_of, stage_of
from shared.domain.document import Document, DocumentStatus
from shared.domain.pipeline import OF_ENDED
from shared.domain.step import StageMessage
from shared.ports.blobs import Blobs
from shared.ports.contents import Contents
from shared.ports.store import DeadLetters, Versioned
from shared.runtime.functions import Call, callable_function
from shared.services.originals import require_original
from shared.services.pipeline import Pipeline
from shared.services.revivals import revive

_UPLOADS = "on-upload"


class ReplayDeadLetter(Model):
    """Which letter."""

    letter_id: Id


@callable_function
async def replay_dead_letter(
    request: ReplayDeadLetter, _: Call, *, letters: DeadLetters, pipeline: Pipeline, contents: Contents, blobs: Blobs
) -> DeadLetterView:
    """The letter, published again; one that was replayed before is answered as it is.

    Raises FailedPreconditionError where nothing would come of it: it names no document, or one that is gone, learns another
    generation, is ready, failed for a reason that stays, or has its bytes as another document of the bot by now.
    """
    letter = await letters.get(request.letter_id)
    if letter is None:
        raise NotFoundError("There is no such dead letter.", field="letter_id")
    message = asked_of(letter.body)
    read = await pipeline.documents.load(message.document_id) if message else None
    document = read.value if read else None
    if letter.replayed_at is not None:
        return DeadLetterView.of(letter, document)
    if message is None or read is None:
        raise _pointless("it names no document that is still there")
    document = await _taken_up(pipeline, contents, blobs, read, message, letter.topic)
    # The sweep looks for an upload's object by itself, and the bucket's notice could not be sent by us.
    if letter.topic != _UPLOADS:
        await pipeline.queue.publish(letter.topic, [message.model_dump()])
    now = pipeline.clock()
    await letters.mark_replayed(letter.id, now)
    return DeadLetterView.of(letter.model_copy(update={"replayed_at": now}), document)


async def _taken_up(
    pipeline: Pipeline, contents: Contents, blobs: Blobs, read: Versioned[Document], message: StageMessage, topic: str
) -> Document:
    """The document in the state in which the message means something."""
    document = read.value
    if document.status is DocumentStatus.DELETING or document.generation != message.generation:
        raise _pointless("its document is being deleted, or learns another generation by now")
    if topic in OF_ENDED:
        return document
    if stage_of(topic) is None and topic != _UPLOADS:
        raise _pointless("it is of no topic that can be replayed")
    if document.status is DocumentStatus.FAILED:
        await require_original(pipeline, contents, document)
        revived = await revive(pipeline, blobs, read)
        if revived is None:
            raise _pointless("its document failed for a reason that stays; reprocess it, or upload another file")
        return revived
    if document.status.is_final:
        raise _pointless("its document has been learned since")
    return document


def _pointless(reason: str) -> FailedPreconditionError:
    return FailedPreconditionError(f"Nothing would come of replaying the letter: {reason}.", field="letter_id")
