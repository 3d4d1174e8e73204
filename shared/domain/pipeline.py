"""The pipeline's rules: what is stored of a document decides what comes next and what must be published, in the normal way,
after a redelivery and for the sweep alike.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from shared.domain.blob import upload_name
from shared.domain.document import Cost, Document, DocumentSource, DocumentStatus, Stage, StageProgress, Wait
from shared.domain.ending import AFRESH, LONGEST_WAIT, live
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

OF_ENDED = {PURGE_GENERATIONS, NOTIFY_DEVICES}
"""Topics that ask something of a document that has ended: it is none the worse for it where that cannot be done."""

STEP_TRIES = 12
"""Claims of one step before its document is given up; more than the ten deliveries after which a message is dead. Each revival
allows as many again.
"""

PAGE_TRIES = 60
"""Claims of a fetch whose server asks to come later, or of a walk that goes on in parts: an hour and more, but not for ever."""

MOST_NOTES = 50
"""Sentences that a document keeps of what was left out."""

FIRST_RETRY = timedelta(seconds=5)
LONGEST_RETRY = timedelta(minutes=10)

UPLOAD_LIFE = timedelta(days=7)
"""How long a resumable session of Cloud Storage lives."""

TEXT_LIFE = timedelta(minutes=10)
"""How long a text may take from its document's creation to the bucket: longer than any call runs."""

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

_AFTER = {
    Stage.FETCH: DocumentStatus.RECEIVED,
    Stage.EXTRACT: DocumentStatus.CHUNKING,
    Stage.CHUNK: DocumentStatus.EMBEDDING,
    Stage.EMBED: DocumentStatus.INDEXING,
}

_PAYING = {DocumentStatus.EXTRACTING: Stage.EXTRACT, DocumentStatus.EMBEDDING: Stage.EMBED}
"""Where models are paid: the write that leaves the status counts what the stage's steps have spent."""

NO_COST = Cost()

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


def advanced(
    document: Document, stage: Stage, done: int, output: Mapping[str, Any], moment: Moment, cost: Cost = NO_COST
) -> Document | None:
    """The document once `done` steps of the stage are done, `output` being the last one's; None while more are to come.

    `cost` is what its present status has spent; it is counted by whatever leaves that status, hence once.
    """
    if stage not in stages_of(document) or not 0 < document.progress.get(stage, StageProgress()).of <= done:
        return None
    known: dict[str, Any] = {"progress": {**document.progress, stage: StageProgress(done=done, of=done)}}
    if document.status in _PAYING:
        known["cost"] = document.cost + cost
    known |= _learned(document, stage, output, known["progress"])
    through = document.model_copy(update=known)
    is_whole = stage is Stage.INDEX or document.source is DocumentSource.SITE
    return live(through, moment.now) if is_whole else _moved(through, _AFTER[stage], moment)


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
    anew |= {"generation": document.generation + 1, "cost": document.cost + cost}
    return _moved(document, DocumentStatus.RECEIVED, moment, **anew)


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


def is_worn_out(document: Document, steps: Steps, now: datetime) -> bool:
    """Whether a step that is due was tried too often."""
    due = (step for group in steps.values() for step in group if step.is_due(now))
    return any(_is_worn_out(step, 1 + document.revivals) for step in due)


def _is_worn_out(step: Step, lives: int) -> bool:
    """A provider's quota comes back, so that its refusals do not count; a stranger's server may refuse for ever."""
    is_refused_for_ever = step.key.stage is Stage.FETCH and step.attempt >= PAGE_TRIES * lives
    return step.faults >= STEP_TRIES * lives or is_refused_for_ever


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


def reported(document: Document, stage: Stage, done: int, moment: Moment) -> Document:
    """The document of which so many shards of the stage are done, and which moves."""
    known = document.progress[stage]
    progress = {**document.progress, stage: known.model_copy(update={"done": max(known.done, done)})}
    moving = {"due_at": moment.now + moment.patience, "stands_still": False}
    return document.model_copy(update={"progress": progress, **moving})


def postponed(document: Document, retry_at: datetime) -> Document | None:
    """The document that waits for a provider; None where it waits as long already."""
    if document.wait is Wait.CAPACITY and document.retry_at and document.retry_at >= retry_at:
        return None
    waiting = {"retry_at": retry_at, "wait": Wait.CAPACITY, "stands_still": False}
    return document.model_copy(update={"due_at": retry_at, **waiting})


def upload_expires_at(document: Document) -> datetime:
    """When an upload that was not finished is given up."""
    return document.created_at + (TEXT_LIFE if document.source is DocumentSource.TEXT else UPLOAD_LIFE)


def next_upload_look(document: Document, now: datetime) -> datetime:
    """When the sweep looks for an object whose notification may be lost: seldom for an old one, and once it has expired."""
    wait = min(max(SHORTEST_UPLOAD_WAIT, (now - document.created_at) / 2), LONGEST_UPLOAD_WAIT)
    return max(min(now + wait, upload_expires_at(document)), now + SHORTEST_UPLOAD_WAIT)


def _learned(
    document: Document, stage: Stage, output: Mapping[str, Any], progress: Mapping[Stage, StageProgress]
) -> dict[str, Any]:
    """What the end of the stage tells of the document, and how many steps the next stages have."""
    match stage:
        case Stage.FETCH if document.source is DocumentSource.SITE:
            # A site has no text of its own: its pages are documents under it, which are learned by themselves.
            return {"pages": output["pages"], "notes": tuple(output["notes"])}
        case Stage.FETCH:
            return {"content_type": output["content_type"], "content_hash": output["content_hash"]}
        case Stage.EXTRACT:
            return {"progress": {**progress, Stage.CHUNK: StageProgress(of=1)}}
        case Stage.CHUNK:
            batches = dict.fromkeys((Stage.EMBED, Stage.INDEX), StageProgress(of=output["batches"]))
            return {"progress": {**progress, **batches}, "chunks": output["chunks"]}
        case _:
            return {}


def _moved(document: Document, status: DocumentStatus, moment: Moment, **changes: Any) -> Document:
    due_at = moment.now + moment.patience
    return document.model_copy(update={**AFRESH, "status": status, "updated_at": moment.now, "due_at": due_at, **changes})
