"""The rules of what comes from the web: submitted, fetched anew, refreshed."""

from datetime import datetime, timedelta
from typing import Any

from shared.core.ids import derived_id
from shared.domain.blob import upload_name
from shared.domain.document import Cost, Document, DocumentSource, DocumentStatus, Stage, StageProgress
from shared.domain.ending import AFRESH
from shared.domain.pipeline import Moment
from shared.domain.web import Scope, WebSource

REFRESH_RETRY = timedelta(hours=1)
"""How long a page whose server did not answer waits for the next look; what it taught goes on answering."""

SERVER_TRIES = 6
"""Tries of a fetch whose server does not answer before the document fails: some minutes, after which nobody waits for it."""

_ONE_STEP = {Stage.FETCH: StageProgress(of=1)}


def web_id(bot_id: str, url: str, scope: Scope) -> str:
    """The document's id: the same address twice in one bot is one document; a site is another than the page at its address."""
    return derived_id("page" if scope is Scope.PAGE else "site", bot_id, url)


def submitted(document_id: str, moment: Moment, **told: Any) -> Document:
    """The document whose page or site is to be fetched; its size is known only then."""
    fresh = {"status": DocumentStatus.FETCHING, "progress": _ONE_STEP, "size_bytes": 0, "blob": upload_name(document_id)}
    times = {"created_at": moment.now, "updated_at": moment.now, "due_at": moment.now + moment.patience}
    return Document(id=document_id, **fresh, **times, **told)


def fetched_anew(document: Document, moment: Moment, **changes: Any) -> Document | None:
    """The document at the beginning of its next generation; None while it is being learned, once it is being deleted, and where
    its stock went back.
    """
    if not document.status.is_final or document.status is DocumentStatus.DELETING or document.is_given_up:
        return None
    anew = {"generation": document.generation + 1, "progress": _ONE_STEP, "failure": None, "duplicate_of": None, "notes": ()}
    return document.model_copy(update=_moved(DocumentStatus.FETCHING, moment) | anew | changes)


def resubmitted(document: Document, *, web: WebSource, title: str, **told: Any) -> Document:
    """The document on its way as what was said of it since; where nobody named it, the page's title stays."""
    known = document.web or WebSource()
    said = {name: getattr(web, name) for name in ("scope", "max_pages", "max_depth", "refresh", "is_titled")}
    own = {"title": title} if web.is_titled else {}
    return document.model_copy(update={**told, **own, "web": known.model_copy(update=said)})


def renewed(document: Document, content_type: str, content_hash: str, moment: Moment, spent: Cost) -> Document:
    """The document whose changed bytes are in the bucket and are learned as its next generation."""
    anew = {"generation": document.generation + 1, "progress": {}, "failure": None, "duplicate_of": None, "notes": ()}
    bytes_of = {"content_type": content_type, "content_hash": content_hash, "cost": document.cost + spent}
    return document.model_copy(update=_moved(DocumentStatus.RECEIVED, moment) | anew | bytes_of)


def is_at_rest(document: Document) -> bool:
    """Whether it may be learned anew by itself: it has ended, and is not being deleted."""
    return document.status in {DocumentStatus.READY, DocumentStatus.FAILED, DocumentStatus.DUPLICATE}


def is_refresh_due(document: Document, now: datetime) -> bool:
    """Whether a page that was learned, or failed, is to be looked at again; a site is walked as a whole."""
    return is_at_rest(document) and document.refresh_at is not None and document.refresh_at <= now


def is_page(document: Document) -> bool:
    """Whether its bytes are those at its address."""
    return document.source is DocumentSource.URL


def _moved(status: DocumentStatus, moment: Moment) -> dict[str, Any]:
    times = {"updated_at": moment.now, "due_at": moment.now + moment.patience}
    return {**AFRESH, "status": status, "revivals": 0, **times}
