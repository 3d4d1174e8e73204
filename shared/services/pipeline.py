"""What every stage does around its own work: claim, do once, record progress, move the document on, publish what follows."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, islice

from shared.core.clock import Clock
from shared.core.errors import ConflictError, ResourceExhaustedError, SynapseError, Verdict
from shared.core.log import logger
from shared.core.settings import Settings
from shared.domain import ending
from shared.domain import pipeline as rules
from shared.domain.document import Cost, Document, DocumentStatus, Failure, RejectedFileError, Stage
from shared.domain.pipeline import Moment, Publication, Steps
from shared.domain.revival import stopped_at
from shared.domain.step import StageMessage, StepKey, StepState
from shared.ports.ledger import Ledger
from shared.ports.queue import Queue
from shared.ports.store import Documents, Versioned
from shared.services.steps import StepOutput, Told, retry_at, run_step

Rule = Callable[[Document], Document | None]
StageWork = Callable[[Document], Awaitable[StepOutput]]

WRITE_TRIES = 8
"""Shards report their progress while the last one moves the document on, so that its write may lose a few times."""

LEASES_OF_PATIENCE = 1.5
"""A dead holder's lease has ended before the sweep first looks at its document."""

MOST_REPUBLISHED = 128
"""What one look of the sweep publishes of one document; the next look goes on."""


@dataclass(frozen=True)
class Pipeline:
    """The ports that the stages share; wiring fills the fields as it fills a use case's parameters."""

    documents: Documents
    ledger: Ledger
    queue: Queue
    clock: Clock
    settings: Settings

    async def run(self, stage: Stage, message: StageMessage, holder: str, work: StageWork) -> None:
        """Do the step that the message asks for, and what follows from it; returning acknowledges the message.

        A refused file or an error that cannot pass fails the document, a provider's quota postpones it, and what may pass by
        itself is raised. A message for a document that is gone, has ended or learns a newer generation does nothing, nor does one
        for a step that the document's plan does not hold.
        """
        read = await self._current(message)
        if read is None or not rules.is_planned(read.value, stage, message.shard):
            return
        key = StepKey(document_id=message.document_id, generation=message.generation, stage=stage, shard=message.shard)
        lease_seconds = self.settings.step_lease_seconds
        try:
            output = await run_step(
                self.ledger, key, lambda: work(read.value), self.clock, lease_seconds, holder, self._tell(message)
            )
        except RejectedFileError as refusal:
            await self.fail(message, Failure(code=refusal.failure, message=refusal.message, can_retry=refusal.can_retry))
        except ResourceExhaustedError as refusal:
            await self._postpone(message, refusal)
        except SynapseError as error:
            if error.verdict is Verdict.RETRY:
                raise
            logger.exception("a step cannot be done", extra={"step": key.id, "document_id": key.document_id})
            await self.fail(message, ending.broke())
        else:
            if output is not None:
                await self._follow(stage, message, output)

    async def plan(self, document: Document, content_type: str, pages: int | None, shards: int) -> None:
        """Record as what and in how many shards the document is read, and ask for all but the first, which has planned."""

        def rule(stored: Document) -> Document | None:
            known = stored.model_copy(update={"content_type": content_type})
            return rules.planned(known, pages, shards, self.moment())

        planned = await self.change(rules.step_message(document), rule)
        if planned is not None:
            await self.publish(rules.opening(planned))

    async def resume(self, document: Document) -> None:
        """Ask again for every step that nobody works on."""
        await self._ask(document, self.clock())

    async def retry(self, document: Document) -> None:
        """As `resume`, and for the steps whose next try was to come later."""
        await self._ask(document, self.clock() + rules.LONGEST_RETRY)

    async def cost(self, document: Document, status: DocumentStatus) -> Cost:
        """What the document's generation has spent in a status and nobody has counted yet."""
        stage = rules.paying_stage(status)
        return rules.spent(await self.ledger.steps(document.id, document.generation, stage)) if stage else Cost()

    async def cost_of_failure(self, document: Document) -> Cost:
        """What a failed document has spent since it was last counted; whoever begins its next generation adds it."""
        return await self.cost(document, stopped_at(document)) if document.status is DocumentStatus.FAILED else Cost()

    async def drive(self, read: Versioned[Document]) -> None:
        """Move on a document that stands still, or ask for what is missing and set the next look.

        Raises ConflictError where it moves by itself.
        """
        document, now = read.value, self.clock()
        steps = await self._steps(document)
        if rules.is_worn_out(document, steps, now) and (ended := ending.failed(document, ending.worn_out(document), now)):
            await self.documents.replace(read, ended)
            await self.publish(rules.opening(ended))
        elif moved := self._moved_by(document, steps):
            await self.documents.replace(read, moved)
            await self.publish(rules.opening(moved))
        else:
            await self.publish(islice(rules.missing(document, steps, now), MOST_REPUBLISHED))
            await self.documents.replace(read, rules.looked_at(document, steps, self.moment()))

    async def fail(self, message: StageMessage, failure: Failure) -> None:
        """End the message's generation, unless it has ended."""
        await self._end(message, lambda stored: ending.failed(stored, failure, self.clock()))

    async def give_up(self, message: StageMessage, stage: Stage | None) -> None:
        """As `fail`, where no delivery could finish the step, if the document's plan holds such a step.

        Null is the notice of its upload: the sweep may have found that object meanwhile.
        """

        def rule(stored: Document) -> Document | None:
            is_asked = (
                rules.is_planned(stored, stage, message.shard) if stage else stored.status is DocumentStatus.AWAITING_UPLOAD
            )
            return ending.failed(stored, ending.worn_out(stored), self.clock()) if is_asked else None

        await self._end(message, rule)

    async def note(self, document: Document, notes: Sequence[str]) -> None:
        """Put on the document what a step of it left out, before that step is done; again it changes nothing."""
        if notes:
            await self.change(rules.step_message(document), lambda stored: rules.noted(stored, notes))

    async def change(self, message: StageMessage, rule: Rule) -> Document | None:
        """Write what the rule makes of the message's document, reading again where another was quicker; answer what was written.

        None where the rule answers None, and where the document is gone, has ended or learns a newer generation. Raises
        ConflictError when others are always quicker.
        """
        for _ in range(WRITE_TRIES):
            read = await self._current(message)
            changed = rule(read.value) if read else None
            if read is None or changed is None:
                return None
            try:
                await self.documents.replace(read, changed)
            except ConflictError:
                continue
            return changed
        raise ConflictError("The document is being written by many at once.")

    async def publish(self, publications: Iterable[Publication]) -> None:
        """Send the messages, those of a topic at once."""
        for topic, group in groupby(publications, lambda publication: publication.topic):
            await self.queue.publish(topic, [message.model_dump() for _, message in group])

    def moment(self) -> Moment:
        """Now, with the patience that follows from the lease."""
        return Moment(self.clock(), timedelta(seconds=self.settings.step_lease_seconds * LEASES_OF_PATIENCE))

    async def _end(self, message: StageMessage, rule: Rule) -> None:
        failed = await self.change(message, rule)
        if failed is not None:
            told = failed.failure.code.value if failed.failure else ""
            logger.info("a document failed", extra={"document_id": failed.id, "failure": told})
            await self.publish(rules.opening(failed))

    async def _current(self, message: StageMessage) -> Versioned[Document] | None:
        read = await self.documents.load(message.document_id)
        if read is None or read.value.status.is_final or read.value.generation != message.generation:
            return None
        return read

    async def _ask(self, document: Document, until: datetime) -> None:
        steps = await self._steps(document)
        await self.publish(rules.missing(document, steps, until))

    def _tell(self, message: StageMessage) -> Told:
        """Shows on the document that a step failed for a reason that may pass, and when it is tried again."""

        async def told(error: BaseException, attempt: int, until: datetime) -> None:
            ends = isinstance(error, SynapseError) and error.verdict is not Verdict.RETRY
            # A provider's quota is told with the wait for it.
            if not ends and not isinstance(error, ResourceExhaustedError):
                moment = self.moment()
                due_at = max(until, moment.now + moment.patience)
                await self.documents.report_retry(message.document_id, attempt, until, due_at)

        return told

    async def _steps(self, document: Document) -> Steps:
        stages = rules.stages_of(document)
        return {stage: await self.ledger.steps(document.id, document.generation, stage) for stage in stages}

    def _moved_by(self, document: Document, steps: Steps) -> Document | None:
        """What the done steps make of the document; the later stage first, since it says more."""
        paying = rules.paying_stage(document.status)
        cost = rules.spent(steps[paying]) if paying else Cost()
        for stage in reversed(rules.stages_of(document)):
            done = [step for step in steps[stage] if step.state is StepState.DONE]
            output = done[-1].output if done else {}
            if moved := rules.advanced(document, stage, len(done), output, self.moment(), cost):
                return moved
        return None

    async def _postpone(self, message: StageMessage, refusal: ResourceExhaustedError) -> None:
        """Leave it to the sweep: a push subscription cannot delay, and refused deliveries would count towards the dead letter."""
        until = retry_at(refusal, 1, self.clock())
        await self.change(message, lambda stored: rules.postponed(stored, until))

    async def _follow(self, stage: Stage, message: StageMessage, output: StepOutput) -> None:
        """What a done step asks for; the same after a redelivery, since whoever did it may have died before this."""
        read = await self._current(message)
        if read is None:
            return
        document = read.value
        if stage not in rules.stages_of(document):
            if rules.follows(document, stage):
                await self.resume(document)
            return
        if stage is Stage.EMBED:
            await self.publish([rules.publication(document, Stage.INDEX, message.shard)])
        done = await self.ledger.count_done(document.id, document.generation, stage)
        if done < document.progress[stage].of:
            # Where another was quicker, its word is as good, and this one may be of a status that is past.
            with suppress(ConflictError):
                await self.documents.replace(read, rules.reported(document, stage, done, self.moment()))
            return
        cost = await self.cost(document, document.status)
        moved = await self.change(message, lambda stored: rules.advanced(stored, stage, done, output, self.moment(), cost))
        if moved is not None:
            await self.publish(rules.opening(moved))
