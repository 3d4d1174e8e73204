"""The pipeline's rules: what is stored of a document decides what comes next and what must be published, in the normal way,
after a redelivery and for the sweep alike.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from shared.core.errors import Code
from shared.domain.blob import upload_name
from shared.domain.document import (
    Cost,
    Document,
    DocumentSource,
    DocumentStatus,
    Failure,
    FailureCode,
    Stage,
    StageProgress,
    Wait,
)
from shared.domain.step import StageMessage, Step, StepState

TOPICS = {
    Stage.FETCH: "fetch-url",
    Stage.EXTRACT: "extract-document",
    Stage.CHUNK: "chunk-document",
    Stage.EMBED: "embed-chunks",
    Stage.INDEX: "index-chunks",
}
PURGE_GENERATIONS = "purge-generations"
"""The topic that asks for what is kept of generations before the live one to be removed."""

NOTIFY_DEVICES = "notify-devices"
"""The topic that asks for the owner's devices to be told how a document ended."""

TELLING_LIFE = timedelta(days=1)
"""How long it is tried to tell devices of an end; later nobody waits for the word."""

STEP_TRIES = 12
"""Claims of one step before its document is given up; more than the ten deliveries after which a message is dead. Each revival
allows as many again.
"""

MOST_NOTES = 50
"""Sentences that a document keeps of what was left out."""

FIRST_RETRY = timedelta(seconds=5)
LONGEST_RETRY = timedelta(minutes=10)

UPLOAD_LIFE = timedelta(days=7)
"""How long a resumable session of Cloud Storage lives."""

TEXT_LIFE = timedelta(minutes=10)
"""How long a text may take from its document's creation to the bucket: longer than any call runs."""

LONGEST_WAIT = timedelta(minutes=15)
LONGEST_UPLOAD_WAIT = timedelta(hours=6)
SHORTEST_UPLOAD_WAIT = timedelta(minutes=2)

_STAGES_OF = {
    DocumentStatus.FETCHING: (Stage.FETCH,),
    DocumentStatus.RECEIVED: (Stage.EXTRACT,),
    DocumentStatus.EXTRACTING: (Stage.EXTRACT,),
    DocumentStatus.CHUNKING: (Stage.CHUNK,),
    DocumentStatus.EMBEDDING: (Stage.EMBED, Stage.INDEX),
    DocumentStatus.INDEXING: (Stage.INDEX,),
}
_NEXT = {Stage.FETCH: Stage.EXTRACT, Stage.EXTRACT: Stage.CHUNK, Stage.CHUNK: Stage.EMBED, Stage.EMBED: Stage.INDEX}

_PAYING = {DocumentStatus.EXTRACTING: Stage.EXTRACT, DocumentStatus.EMBEDDING: Stage.EMBED}
"""Where models are paid: the write that leaves the status counts what the stage's steps have spent."""

NO_COST = Cost()

AFRESH: Mapping[str, Any] = {"attempt": 1, "retry_at": None, "wait": None, "stands_still": False, "untold": False}
"""What a document that moves has left behind."""

Steps = Mapping[Stage, Sequence[Step]]


class Publication(NamedTuple):
    """A message and its topic."""

    topic: str
    message: StageMessage


class Moment(NamedTuple):
    """Now, and how long a document may stand still before the sweep looks at it."""

    now: datetime
    patience: timedelta


def stages_of(document: Document) -> tuple[Stage, ...]:
    """The stages whose steps may be open; none before the upload and after the end."""
    return _STAGES_OF.get(document.status, ())


def follows(document: Document, stage: Stage) -> bool:
    """Whether the document stands right behind the stage, so that who finished it may have died before publishing."""
    return stage not in stages_of(document) and _NEXT.get(stage) in stages_of(document)


def is_planned(document: Document, stage: Stage, shard: int) -> bool:
    """Whether the generation has such a step by now; its first extraction is what plans the others."""
    if stage is Stage.EXTRACT and document.status is DocumentStatus.RECEIVED:
        return shard == 0
    return shard < document.progress.get(stage, StageProgress()).of


def step_message(document: Document, shard: int = 0) -> StageMessage:
    """What names one shard of the generation that is being learned."""
    return StageMessage(document_id=document.id, generation=document.generation, shard=shard)


def publication(document: Document, stage: Stage, shard: int = 0) -> Publication:
    """The message that asks for one step."""
    return Publication(TOPICS[stage], step_message(document, shard))


def announced(document_id: str, now: datetime, **told: Any) -> Document:
    """The document whose bytes are on their way to the bucket."""
    due_at = now + SHORTEST_UPLOAD_WAIT
    waiting = {"status": DocumentStatus.AWAITING_UPLOAD, "created_at": now, "updated_at": now, "due_at": due_at}
    return Document(id=document_id, blob=upload_name(document_id), **waiting, **told)


def received(document: Document, content_hash: str | None, moment: Moment) -> Document | None:
    """The document once its bytes are whole; None unless it waits for them."""
    if document.status is not DocumentStatus.AWAITING_UPLOAD:
        return None
    return _moved(document, DocumentStatus.RECEIVED, moment, content_hash=content_hash)


def planned(document: Document, pages: int | None, shards: int, moment: Moment) -> Document | None:
    """The document once it is known in how many shards it is read; None where that was known before."""
    if document.status is not DocumentStatus.RECEIVED:
        return None
    progress = {**document.progress, Stage.EXTRACT: StageProgress(of=shards)}
    return _moved(document, DocumentStatus.EXTRACTING, moment, pages=pages, progress=progress)


def paying_stage(status: DocumentStatus) -> Stage | None:
    """The stage of that status that asks models."""
    return _PAYING.get(status)


def spent(steps: Iterable[Step]) -> Cost:
    """What the done ones of these steps were charged for."""
    outputs = [step.output for step in steps if step.state is StepState.DONE]
    names = {"embedded_texts": "paid", "embedded_tokens": "tokens", "vision_tokens": "vision_tokens"}
    return Cost(**{field: sum(output.get(name, 0) for output in outputs) for field, name in names.items()})


def advanced(  # noqa: PLR0911 - A way out for each stage.
    document: Document, stage: Stage, done: int, output: Mapping[str, Any], moment: Moment, cost: Cost = NO_COST
) -> Document | None:
    """The document once `done` steps of the stage are done, `output` being the last one's; None while more are to come.

    `cost` is what its present status has spent; it is counted by whatever leaves that status, hence once.
    """
    if stage not in stages_of(document) or not 0 < document.progress.get(stage, StageProgress()).of <= done:
        return None
    if document.status in _PAYING:
        document = document.model_copy(update={"cost": _sum(document.cost, cost)})
    progress = {**document.progress, stage: StageProgress(done=done, of=done)}
    match stage:
        case Stage.FETCH if document.source is DocumentSource.SITE:
            # A site has no text of its own: its pages are documents under it, which are learned by themselves.
            walked = {"pages": output["pages"], "notes": tuple(output["notes"]), "live_generation": document.generation}
            return _ended(document, DocumentStatus.READY, moment.now, progress=progress, **walked)
        case Stage.FETCH:
            fetched = {"content_type": output["content_type"], "content_hash": output["content_hash"]}
            return _moved(document, DocumentStatus.RECEIVED, moment, progress=progress, **fetched)
        case Stage.EXTRACT:
            progress[Stage.CHUNK] = StageProgress(of=1)
            return _moved(document, DocumentStatus.CHUNKING, moment, progress=progress)
        case Stage.CHUNK:
            progress |= dict.fromkeys((Stage.EMBED, Stage.INDEX), StageProgress(of=output["batches"]))
            return _moved(document, DocumentStatus.EMBEDDING, moment, progress=progress, chunks=output["chunks"])
        case Stage.EMBED:
            return _moved(document, DocumentStatus.INDEXING, moment, progress=progress)
        case Stage.INDEX:
            live = {"live_generation": document.generation, "progress": _whole(progress)}
            return _ended(document, DocumentStatus.READY, moment.now, **live)


def noted(document: Document, notes: Sequence[str]) -> Document | None:
    """The document with what its reader left out, each sentence once; None where nothing is new."""
    known = tuple(dict.fromkeys((*document.notes, *notes)))[:MOST_NOTES]
    return document.model_copy(update={"notes": known}) if known != document.notes else None


def relearned(document: Document, moment: Moment, cost: Cost = NO_COST) -> Document | None:
    """The document whose stored bytes are learned anew, in the next generation; None unless it is ready or failed.

    `cost` is what the stage in which it failed has spent, as of `advanced`.
    """
    if document.status not in {DocumentStatus.READY, DocumentStatus.FAILED}:
        return None
    anew: dict[str, Any] = {"failure": None, "progress": {}, "revivals": 0, "notes": ()}
    anew |= {"generation": document.generation + 1, "cost": _sum(document.cost, cost)}
    return _moved(document, DocumentStatus.RECEIVED, moment, **anew)


def told(document: Document, now: datetime) -> Document | None:
    """The ended document whose owner's devices know of it; None where they knew, or it is on its way again."""
    if not document.untold or not document.status.is_final:
        return None
    # A late report of its progress may have come before; this write takes away the look that would clear it.
    return at_rest(document.model_copy(update={"untold": False}), now)


def without_old_generations(document: Document, live_generation: int) -> Document | None:
    """The document of which nothing before that live generation is kept; None where that was known before."""
    if document.purged_generation >= live_generation - 1:
        return None
    purged = document.model_copy(update={"purged_generation": live_generation - 1})
    is_at_rest = purged.status.is_final and not purged.has_old_generations and not purged.untold
    return purged.model_copy(update={"due_at": None}) if is_at_rest else purged


def opening(document: Document) -> list[Publication]:
    """What a document that has just entered its status must have published; its embedded batches ask for their own indexing."""
    match document.status:
        case DocumentStatus.FETCHING | DocumentStatus.RECEIVED | DocumentStatus.CHUNKING:
            return [publication(document, stages_of(document)[0])]
        case DocumentStatus.EXTRACTING:  # Shard 0 is the one that has planned.
            return [publication(document, Stage.EXTRACT, shard) for shard in range(1, document.progress[Stage.EXTRACT].of)]
        case DocumentStatus.EMBEDDING:
            return [publication(document, Stage.EMBED, shard) for shard in range(document.progress[Stage.EMBED].of)]
        case DocumentStatus.READY | DocumentStatus.FAILED:
            asked = ((PURGE_GENERATIONS, document.has_old_generations), (NOTIFY_DEVICES, document.untold))
            return [Publication(topic, step_message(document)) for topic, is_asked in asked if is_asked]
        case _:
            return []


def missing(document: Document, steps: Steps, now: datetime) -> Iterator[Publication]:
    """What must be published again: steps that nobody began, released, or holds by a lease that has ended."""
    embedded = {step.key.shard for step in steps.get(Stage.EMBED, ()) if step.state is StepState.DONE}
    for stage in stages_of(document):
        known = {step.key.shard: step for step in steps.get(stage, ())}
        for shard in range(max(1, document.progress.get(stage, StageProgress()).of)):
            has_input = stage is not Stage.INDEX or document.status is DocumentStatus.INDEXING or shard in embedded
            if has_input and (shard not in known or known[shard].is_due(now)):
                yield publication(document, stage, shard)


def is_worn_out(steps: Steps, now: datetime, revivals: int = 0) -> bool:
    """Whether a step that is due was tried too often; a provider's refusals for lack of quota are no fault of the step."""
    every = (step for group in steps.values() for step in group)
    most = STEP_TRIES * (1 + revivals)
    return any(step.is_due(now) and step.attempt >= most and step.error != Code.RESOURCE_EXHAUSTED for step in every)


def retry_wait(attempt: int) -> timedelta:
    """How long the sweep leaves a failed step to the queue's redelivery: it doubles, so that an outage uses up few tries."""
    return min(FIRST_RETRY * (1 << min(attempt - 1, 10)), LONGEST_RETRY)


def looked_at(document: Document, steps: Steps, moment: Moment) -> Document:
    """The document with the sweep's next look: later the longer nothing has moved, but no later than a step may be due."""
    now = moment.now
    wait = min(max(moment.patience, (now - document.updated_at) / 2), max(LONGEST_WAIT, moment.patience))
    every = (step for group in steps.values() for step in group)
    due = [step.busy_until for step in every if step.busy_until and step.busy_until > now]
    is_waiting = document.retry_at is not None and document.retry_at > now
    waiting = {} if is_waiting else {"retry_at": None, "wait": None}
    stands_still = not due and not is_waiting
    return document.model_copy(update={"due_at": min([now + wait, *due]), "stands_still": stands_still, **waiting})


def postponed(document: Document, retry_at: datetime) -> Document | None:
    """The document that waits for a provider; None where it waits as long already."""
    if document.wait is Wait.CAPACITY and document.retry_at and document.retry_at >= retry_at:
        return None
    waiting = {"retry_at": retry_at, "wait": Wait.CAPACITY, "stands_still": False}
    return document.model_copy(update={"due_at": retry_at, **waiting})


def failed(document: Document, failure: Failure, now: datetime) -> Document | None:
    """The document that ends here; None for one that has ended."""
    if document.status.is_final:
        return None
    return _ended(document, DocumentStatus.FAILED, now, failure=failure)


def upload_expires_at(document: Document) -> datetime:
    """When an upload that was not finished is given up."""
    return document.created_at + (TEXT_LIFE if document.source is DocumentSource.TEXT else UPLOAD_LIFE)


def upload_expired(document: Document) -> Failure:
    """The failure of a document whose bytes did not come in time."""
    if document.source is DocumentSource.TEXT:
        return Failure(code=FailureCode.UPLOAD_EXPIRED, message="The text was not kept. Send it again.")
    message = "The upload was not finished within seven days. Upload the file again."
    return Failure(code=FailureCode.UPLOAD_EXPIRED, message=message)


def next_upload_look(document: Document, now: datetime) -> datetime:
    """When the sweep looks for an object whose notification may be lost: seldom for an old one, and once it has expired."""
    wait = min(max(SHORTEST_UPLOAD_WAIT, (now - document.created_at) / 2), LONGEST_UPLOAD_WAIT)
    return max(min(now + wait, upload_expires_at(document)), now + SHORTEST_UPLOAD_WAIT)


def broke(
    message: str = "Something broke on our side while the file was learned. Try it again; if it fails again, tell us.",
) -> Failure:
    """The failure that is our fault."""
    return Failure(code=FailureCode.INTERNAL, message=message, can_retry=True)


def worn_out(document: Document) -> Failure:
    """The failure of what was tried too often: the page's server's, where it is the page that did not come."""
    if document.status is not DocumentStatus.FETCHING:
        return broke()
    message = f"The page's server did not answer properly, asked {STEP_TRIES} times. Submit the address again later."
    return Failure(code=FailureCode.FETCH_FAILED, message=message, can_retry=True)


def at_rest(document: Document, now: datetime) -> Document:
    """The ended document without what a late report of its progress may have left on it."""
    progress = _whole(document.progress) if document.status is DocumentStatus.READY else document.progress
    untold = document.untold and now < document.updated_at + TELLING_LIFE
    rested = document.model_copy(update={**AFRESH, "untold": untold, "progress": progress})
    return rested.model_copy(update={"due_at": _next_look(rested, now)})


def _next_look(ended: Document, now: datetime) -> datetime | None:
    """None, unless the message that asks for the purge of old generations, or for its devices to be told, may be lost."""
    return now + LONGEST_WAIT if ended.has_old_generations or ended.untold else None


def _is_to_be_told(ended: Document) -> bool:
    """Nobody waits for what was found in another document, nor for the next walk through a site."""
    if ended.parent_id is not None or ended.status not in {DocumentStatus.READY, DocumentStatus.FAILED}:
        return False
    return ended.source is not DocumentSource.SITE or ended.generation == 1


def _sum(cost: Cost, more: Cost) -> Cost:
    return Cost(**{name: getattr(cost, name) + getattr(more, name) for name in Cost.model_fields})


def _whole(progress: Mapping[Stage, StageProgress]) -> dict[Stage, StageProgress]:
    return {stage: StageProgress(done=part.of, of=part.of) for stage, part in progress.items()}


def _ended(document: Document, status: DocumentStatus, now: datetime, **changes: Any) -> Document:
    ended = document.model_copy(update={**AFRESH, "status": status, "updated_at": now, **changes})
    ended = ended.model_copy(update={"untold": _is_to_be_told(ended)})
    return ended.model_copy(update={"due_at": _next_look(ended, now)})


def _moved(document: Document, status: DocumentStatus, moment: Moment, **changes: Any) -> Document:
    due_at = moment.now + moment.patience
    return document.model_copy(update={**AFRESH, "status": status, "updated_at": moment.now, "due_at": due_at, **changes})
