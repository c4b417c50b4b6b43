"""Sources of knowledge: given by a person, read by a due row, read again on schedule."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import IntegrityError, transaction

from agents.knowledge.chunking import Passage, cut
from agents.knowledge.extracting import (
    Unreadable,
    decoded,
    sections_of_html,
    sections_of_pdf,
    sections_of_prices,
    sections_of_text,
)
from agents.knowledge.fetching import Fetched, FetchRefused, fetch
from agents.models import KnowledgeChunk, KnowledgeSource
from agents.models.sources import SourceKind, SourceState
from agents.reasoning.language import detect_language
from crm.models import Workspace
from project.kernel.due import is_any_due, retry_delay
from project.kernel.errors import WrongValues
from project.kernel.events import kick
from project.kernel.scope import across_workspaces, workspace_scope

logger = logging.getLogger(__name__)

MOST_BYTES = 8 * 1024 * 1024
MOST_SOURCES = 500
MOST_ATTEMPTS = 3
"""A page that cannot be read three times in a row is shown as failed; its next scheduled visit tries again."""
READING_LEASE = timedelta(minutes=3)
_SUFFIXES = {".pdf": SourceKind.PDF, ".csv": SourceKind.PRICES, ".tsv": SourceKind.PRICES}


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of looking at a source."""

    passages: tuple[Passage, ...]
    key: str
    title: str = ""
    language: str = ""


def kind_of_file(name: str, body: bytes) -> SourceKind:
    """By what it is: a PDF says so itself, a table by its name; everything else is read as text."""
    if body[:1024].lstrip().startswith(b"%PDF-"):
        return SourceKind.PDF
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    return _SUFFIXES.get(suffix, SourceKind.TEXT)


@transaction.atomic
def add_source(
    *,
    workspace: Workspace,
    kind: str,
    title: str = "",
    url: str = "",
    original: bytes = b"",
    language: str = "",
    refetch_hours: int | None = None,
    now: datetime,
) -> KnowledgeSource:
    """Take a source in; it is read in a moment. Raises WrongValues."""
    _check(kind, title, url, original, refetch_hours)
    if KnowledgeSource.objects.filter(workspace=workspace).count() >= MOST_SOURCES:
        raise WrongValues({"title": f"a workspace has at most {MOST_SOURCES} sources; remove one first"})
    source = KnowledgeSource(
        workspace=workspace,
        kind=kind,
        title=(title.strip() or url)[:200],
        url=url,
        original=None if kind == SourceKind.PAGE else original,
        language=language,
        refetch_hours=refetch_hours if kind == SourceKind.PAGE else None,
        due_at=now,
        created_at=now,
    )
    try:
        with transaction.atomic():
            source.save(force_insert=True)
    except IntegrityError as error:
        raise WrongValues({"url": "this page is a source already"}) from error
    _kick_reading()
    return source


def _check(kind: str, title: str, url: str, original: bytes, refetch_hours: int | None) -> None:
    problems: dict[str, str] = {}
    if kind not in SourceKind.values:
        problems["kind"] = f"“{kind}” is none of {', '.join(SourceKind.values)}"
    elif kind == SourceKind.PAGE:
        problems |= _problem_of_url(url)
    elif not original.strip():
        problems["original"] = "there is nothing in it"
    elif not title.strip():
        problems["title"] = "give it a title, by which it is quoted in the trail"
    if len(original) > MOST_BYTES:
        problems["original"] = f"it is larger than {MOST_BYTES // 1024 // 1024} MB"
    if refetch_hours is not None and not 1 <= refetch_hours <= 24 * 90:
        problems["refetch_hours"] = "between one hour and 90 days (2160 hours)"
    if problems:
        raise WrongValues(problems)


def _problem_of_url(url: str) -> dict[str, str]:
    try:
        URLValidator(schemes=["http", "https"])(url)
    except ValidationError:
        return {"url": "it is not a web address that begins with http:// or https://"}
    return {} if len(url) <= 2000 else {"url": "it is longer than 2000 characters"}


@transaction.atomic
def read_again(*, source: KnowledgeSource, now: datetime) -> None:
    """Somebody wants it read now."""
    KnowledgeSource.objects.filter(pk=source.pk).update(
        due_at=now, attempts_made=0, state=SourceState.WAITING, error=""
    )
    _kick_reading()


@transaction.atomic
def switch_source(*, source: KnowledgeSource, is_active: bool) -> None:
    """Whether the agents may quote it."""
    KnowledgeSource.objects.filter(pk=source.pk).update(is_active=is_active)
    KnowledgeChunk.objects.filter(source=source).update(is_active=is_active)


def remove_source(*, source: KnowledgeSource) -> None:
    source.delete()


def has_due_sources(now: datetime) -> bool:
    with across_workspaces():
        return is_any_due(KnowledgeSource.objects.filter(due_at__lte=now))


def read_one_due_source(now: datetime) -> bool:
    """Fetch, read and cut one source; False when none is due. Nothing is locked while it is fetched."""
    with across_workspaces():
        source = _claim(now)
    if source is None:
        return False
    with workspace_scope(source.workspace_id):
        try:
            reading = _read(source)
        except (FetchRefused, Unreadable) as problem:
            _note_failure(source, _sentence(problem), now)
        except Exception as error:  # a file that breaks a library costs itself, never the sweep
            logger.exception("knowledge.unreadable", extra={"source": source.pk})
            _note_failure(source, f"It could not be read ({type(error).__name__}).", now)
        else:
            _keep(source, reading, now)
    return True


@transaction.atomic
def _claim(now: datetime) -> KnowledgeSource | None:
    """The attempt is counted first, and the row rests: should the process die in the work, it falls due again."""
    source = (
        KnowledgeSource.objects.filter(due_at__lte=now)
        .select_for_update(skip_locked=True, no_key=True)
        .order_by("due_at", "id")
        .first()
    )
    if source is None:
        return None
    source.attempts_made += 1
    if source.attempts_made > MOST_ATTEMPTS:  # its workers died
        source.state, source.due_at = SourceState.FAILED, _next_visit(source, now)
        source.error = source.error or "Its worker died each time it was read."
        source.attempts_made = 0
        source.save(update_fields=["state", "due_at", "error", "attempts_made"])
        return None
    source.due_at = now + READING_LEASE
    source.save(update_fields=["attempts_made", "due_at"])
    return source


def _read(source: KnowledgeSource) -> Reading:
    title = source.title
    body = bytes(source.original or b"")
    if source.kind == SourceKind.PAGE:
        page = fetch(source.url)
        body, (found_title, sections) = page.body, _sections_of_page(page)
        title = found_title if source.title == source.url[:200] and found_title else source.title
    elif source.kind == SourceKind.PDF:
        sections = sections_of_pdf(body)
    elif source.kind == SourceKind.PRICES:
        sections = sections_of_prices(body)
    else:
        sections = sections_of_text(decoded(body))
    passages = tuple(cut(sections, title=title))
    language = source.language or detect_language(" ".join(passage.text for passage in passages[:5])[:4000]) or ""
    return Reading(passages, _key_of(body, title), title, language)


def _sections_of_page(page: Fetched) -> tuple[str, Any]:
    if page.content_type == "application/pdf" or page.body[:5] == b"%PDF-":
        return "", sections_of_pdf(page.body)
    if page.content_type in ("text/csv", "text/tab-separated-values"):
        return "", sections_of_prices(page.body)
    if page.content_type.startswith("text/") and "html" not in page.content_type:
        return "", sections_of_text(decoded(page.body))
    if page.content_type and "html" not in page.content_type and "xml" not in page.content_type:
        raise Unreadable(f"it is {page.content_type}, not a page, a text, a PDF or a CSV file")
    return sections_of_html(page.body, page.encoding)


def _key_of(body: bytes, title: str) -> str:
    return hashlib.sha256(title.encode() + b"\0" + body).hexdigest()


@transaction.atomic
def _keep(source: KnowledgeSource, reading: Reading, now: datetime) -> None:
    """The new passages in one commit with the news: an answer never sees half of a document."""
    current = KnowledgeSource.objects.select_for_update(no_key=True).filter(pk=source.pk).first()
    if current is None or current.attempts_made != source.attempts_made:  # removed, or another read it meanwhile
        return
    if current.content_key != reading.key:
        KnowledgeChunk.objects.filter(source=current).delete()
        KnowledgeChunk.objects.bulk_create(_chunks(current, reading), batch_size=500)
    current.title = reading.title or current.title
    current.language = reading.language[:8]
    current.content_key, current.chunk_count = reading.key, len(reading.passages)
    current.state, current.error, current.attempts_made = SourceState.READY, "", 0
    current.fetched_at, current.due_at = now, _next_visit(current, now)
    current.save(
        update_fields=[
            "title",
            "language",
            "content_key",
            "chunk_count",
            "state",
            "error",
            "attempts_made",
            "fetched_at",
            "due_at",
        ]
    )


def _chunks(source: KnowledgeSource, reading: Reading) -> list[KnowledgeChunk]:
    return [
        KnowledgeChunk(
            workspace_id=source.workspace_id,
            source=source,
            position=position,
            title=passage.title.replace("\x00", ""),
            text=passage.text.replace("\x00", ""),
            language=reading.language[:8],
            is_active=source.is_active,
        )
        for position, passage in enumerate(reading.passages)
    ]


@transaction.atomic
def _note_failure(source: KnowledgeSource, error: str, now: datetime) -> None:
    """What was read before stays and is quoted on; a page is tried again soon, a file will not change by itself."""
    is_last = source.attempts_made >= MOST_ATTEMPTS or source.kind != SourceKind.PAGE
    mine = KnowledgeSource.objects.filter(pk=source.pk, attempts_made=source.attempts_made)
    if is_last:
        mine.update(state=SourceState.FAILED, error=error, attempts_made=0, due_at=_next_visit(source, now))
    else:
        mine.update(error=error, due_at=now + 15 * retry_delay(source.attempts_made))


def _next_visit(source: KnowledgeSource, now: datetime) -> datetime | None:
    return now + timedelta(hours=source.refetch_hours) if source.refetch_hours else None


def _sentence(problem: Exception) -> str:
    said = str(problem)
    return f"{said[:1].upper()}{said[1:]}."


def _kick_reading() -> None:
    from agents.tasks import read_sources

    kick(read_sources)
