"""Keeps a message that no delivery could finish, and ends its document, so that nobody waits for it."""

from pydantic import BaseModel, ValidationError

from shared.core.clock import Clock
from shared.core.ids import is_id
from shared.core.log import logger
from shared.domain.blob import document_of
from shared.domain.dead_letter import DeadLetter
from shared.domain.pipeline import TOPICS, broke
from shared.domain.step import StageMessage, StepState
from shared.ports.store import DeadLetters
from shared.runtime.functions import Delivery, stage_function
from shared.services.pipeline import Pipeline

# https://cloud.google.com/pubsub/docs/handling-failures#track-delivery-attempts
SOURCE = "CloudPubSubDeadLetterSourceSubscription"
COUNT = "CloudPubSubDeadLetterSourceDeliveryCount"

_STAGES = {topic: stage for stage, topic in TOPICS.items()}


class _Body(BaseModel):
    """What either kind of message may say: a stage's ids, or the name of an uploaded object."""

    document_id: str = ""
    generation: int = 1
    shard: int = 0
    name: str = ""


@stage_function
async def record_dead_letter(delivery: Delivery, *, letters: DeadLetters, pipeline: Pipeline, clock: Clock) -> None:
    """A letter whose step was done in the end is kept too, but its document is left to go on."""
    message = _message(delivery.body)
    count = delivery.attributes.get(COUNT, "")
    letter = DeadLetter(
        id=delivery.message_id,
        topic=delivery.attributes.get(SOURCE, ""),
        body=delivery.body,
        attributes=dict(delivery.attributes),
        document_id=message.document_id if message else None,
        delivery_attempts=int(count) if count.isdecimal() else 0,
        recorded_at=clock(),
    )
    if await letters.record(letter):
        logger.error("a message is dead", extra={"topic": letter.topic, "letter_id": letter.id})
    if message is not None and not await _is_done(pipeline, letter.topic, message):
        await pipeline.fail(message, broke())


def _message(body: str) -> StageMessage | None:
    """The step or upload that the letter was about; None where it names no document."""
    try:
        found = _Body.model_validate_json(body)
        if is_id(found.document_id):
            return StageMessage(document_id=found.document_id, generation=found.generation, shard=found.shard)
    except ValidationError:
        return None
    uploaded = document_of(found.name)  # The object's own generation is another number; an upload makes the document's first.
    return StageMessage(document_id=uploaded, generation=1) if uploaded else None


async def _is_done(pipeline: Pipeline, topic: str, message: StageMessage) -> bool:
    stage = _STAGES.get(topic)
    steps = await pipeline.ledger.steps(message.document_id, message.generation, stage) if stage else ()
    return any(step.key.shard == message.shard and step.state is StepState.DONE for step in steps)
