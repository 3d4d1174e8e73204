"""Keeps a message that no delivery could finish, with why, and ends its document, so that nobody waits for it."""

from shared.core.clock import Clock
from shared.core.log import logger
from shared.domain.dead_letter import LETTER_LIFE, DeadLetter, asked_of, stage_of
from shared.domain.document import Stage
from shared.domain.pipeline import OF_ENDED
from shared.domain.step import StageMessage, Step, StepState
from shared.ports.store import DeadLetters
from shared.runtime.functions import Delivery, stage_function
from shared.services.pipeline import Pipeline

# https://cloud.google.com/pubsub/docs/handling-failures#track-delivery-attempts
SOURCE = "CloudPubSubDeadLetterSourceSubscription"
COUNT = "CloudPubSubDeadLetterSourceDeliveryCount"


@stage_function
async def record_dead_letter(delivery: Delivery, *, letters: DeadLetters, pipeline: Pipeline, clock: Clock) -> None:
    """A letter whose step was done in the end, or is none of its document's, is kept too, but the document is left to go on."""
    message, topic = asked_of(delivery.body), delivery.attributes.get(SOURCE, "")
    count, now = delivery.attributes.get(COUNT, ""), clock()
    stage = stage_of(topic)
    step = await _step(pipeline, stage, message) if stage and message else None
    letter = DeadLetter(
        id=delivery.message_id,
        topic=topic,
        body=delivery.body,
        attributes=dict(delivery.attributes),
        document_id=message.document_id if message else None,
        error=step.error if step else None,
        delivery_attempts=int(count) if count.isdecimal() else 0,
        recorded_at=now,
        expire_at=now + LETTER_LIFE,
    )
    if await letters.record(letter):
        logger.error("a message is dead", extra={"topic": letter.topic, "letter_id": letter.id})
    is_done = step is not None and step.state is StepState.DONE
    if message is not None and not is_done and topic not in OF_ENDED:
        await pipeline.give_up(message, stage)


async def _step(pipeline: Pipeline, stage: Stage, message: StageMessage) -> Step | None:
    """The step that the letter asked for, as it stands."""
    steps = await pipeline.ledger.steps(message.document_id, message.generation, stage)
    return next((step for step in steps if step.key.shard == message.shard), None)
