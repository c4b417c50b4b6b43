"""Finding passages by meaning: vectors from the configured model, compared by pgvector where PostgreSQL has it.

The vectors are plain arrays and cast for the comparison, so that no migration needs the extension. Among the few
thousand passages of one workspace an exact comparison takes milliseconds; see docs/decisions/0023.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, QuerySet

from agents.knowledge.embeddings import (
    MOST_AT_ONCE,
    EmbeddingSettings,
    EmbeddingsUnavailable,
    endpoint_for,
)
from agents.models import KnowledgeChunk, KnowledgeEntry
from agents.models.embedding import NOT_EMBEDDED
from project.kernel.scope import across_workspaces

logger = logging.getLogger(__name__)

QUERY_SECONDS = 1.5
"""A customer waits for it: without an answer by then the words alone decide."""
BATCH_SECONDS = 20.0
CLOSE_ENOUGH = 0.35
"""Cosine similarity below which a passage is about something else."""

_NEAREST = """
SELECT kind, id, title, text, 1 - distance FROM (
    SELECT 'entry' AS kind, id, question AS title, answer AS text,
           embedding::vector <=> %(vector)s::vector AS distance
      FROM agents_knowledgeentry
     WHERE workspace_id = %(workspace_id)s AND is_active AND cardinality(embedding) = %(dimensions)s
    UNION ALL
    SELECT 'chunk', id, title, text, embedding::vector <=> %(vector)s::vector
      FROM agents_knowledgechunk
     WHERE workspace_id = %(workspace_id)s AND is_active AND cardinality(embedding) = %(dimensions)s
) AS near WHERE distance <= %(farthest)s ORDER BY distance, kind DESC, id LIMIT %(limit)s
"""


def embedding_settings() -> EmbeddingSettings | None:
    """None when the installation names no model of embeddings."""
    if not settings.EMBEDDINGS_MODEL_NAME:
        return None
    return EmbeddingSettings(
        api_key=settings.OPENAI_API_KEY or "none",
        model=settings.EMBEDDINGS_MODEL_NAME,
        base_url=settings.EMBEDDINGS_BASE_URL or settings.OPENAI_BASE_URL or "",
    )


def meaning_of(text: str) -> list[float] | None:
    """The vector of a question; None when there is no model, no pgvector, or no answer in time."""
    wanted = embedding_settings()
    if wanted is None or not text.strip() or not has_pgvector():
        return None
    try:
        return endpoint_for(wanted).embed([text], seconds=QUERY_SECONDS)[0]
    except EmbeddingsUnavailable as unavailable:
        logger.warning("embeddings.unavailable", extra={"reason": str(unavailable)})
        return None


def nearest(*, workspace_id: int, vector: Sequence[float], limit: int) -> list[tuple[str, int, str, str, float]]:
    if not has_pgvector():
        return []
    parameters: dict[str, Any] = {
        "vector": str(list(vector)),
        "dimensions": len(vector),
        "workspace_id": workspace_id,
        "farthest": 1 - CLOSE_ENOUGH,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_NEAREST, parameters)
        return [(kind, id, title, text, float(rank)) for kind, id, title, text, rank in cursor.fetchall()]


def has_pgvector() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'vector')")
        return bool(cursor.fetchone()[0])


def has_unembedded(now: datetime) -> bool:
    if embedding_settings() is None:
        return False
    with across_workspaces():
        return any(rows.exists() for rows in _due())


def embed_one_due_batch(now: datetime) -> bool:
    """Fetch the vectors of up to a batch of texts; False when there is none, or the server is away until later."""
    wanted = embedding_settings()
    if wanted is None:
        return False
    with across_workspaces():
        for due in _due():
            if batch := list(due.only("id", "text_key", *_COLUMNS[due.model]).order_by("id")[:MOST_AT_ONCE]):
                return _embed(batch, wanted)
    return False


_COLUMNS: dict[Any, tuple[str, str]] = {
    KnowledgeEntry: ("question", "answer"),
    KnowledgeChunk: ("title", "text"),
}


def _due() -> tuple[QuerySet[Any], ...]:
    return tuple(model.objects.filter(NOT_EMBEDDED, workspace__is_internal=False) for model in _COLUMNS)


def _embed(batch: list[Any], wanted: EmbeddingSettings) -> bool:
    try:
        vectors: list[list[float] | None] = list(
            endpoint_for(wanted).embed([_text(row) for row in batch], seconds=BATCH_SECONDS)
        )
    except EmbeddingsUnavailable as unavailable:
        logger.warning("embeddings.unavailable", extra={"reason": str(unavailable)})
        if not unavailable.is_about_the_text:
            return False
        if len(batch) > 1:  # one of them is the culprit: each alone
            return all(_embed([row], wanted) for row in batch)
        vectors = [None]  # found by its words only, until it is edited
    _keep(batch, vectors)
    return True


def _text(row: Any) -> str:
    title, text = _COLUMNS[type(row)]
    return f"{getattr(row, title)}\n{getattr(row, text)}"


@transaction.atomic
def _keep(batch: list[Any], vectors: Sequence[list[float] | None]) -> None:
    """A text that was edited meanwhile keeps its due: the key is the one that was read."""
    for row, vector in zip(batch, vectors, strict=True):
        type(row).objects.filter(pk=row.pk, text_key=row.text_key).exclude(embedded_key=F("text_key")).update(
            embedding=vector, embedded_key=row.text_key
        )
