"""Documents, pages and price lists that a workspace gives its agents to read, and the passages they are cut into."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from crm.models import Workspace

from .embedding import NOT_EMBEDDED, Embedded, text_key
from .knowledge import search_vector


class SourceKind(models.TextChoices):
    TEXT = "text", "Text"
    PAGE = "page", "Web page"
    PDF = "pdf", "PDF"
    PRICES = "prices", "Price list (CSV)"


class SourceState(models.TextChoices):
    """waiting -> ready -> waiting (when it is read again); failed after its last attempt."""

    WAITING = "waiting", "Waiting to be read"
    READY = "ready", "Ready"
    FAILED = "failed", "Could not be read"


class KnowledgeSource(models.Model):
    """`original` is what was given (bytes of a file, or pasted text); a web page is fetched each time it is read.

    `due_at` is set while it is to be read: now, or at the time of the next visit. `error` is why the last attempt
    failed; the passages of the last one that succeeded stay.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="knowledge_sources")
    kind = models.CharField(max_length=16, choices=SourceKind.choices)
    title = models.CharField(max_length=200)
    url = models.URLField(blank=True, max_length=2000)
    original = models.BinaryField(null=True, blank=True, editable=False)
    language = models.CharField(max_length=8, blank=True, default="")
    state = models.CharField(max_length=16, choices=SourceState.choices, default=SourceState.WAITING)
    is_active = models.BooleanField(default=True)
    refetch_hours = models.PositiveIntegerField(
        null=True, blank=True, help_text="How often a web page is read again; empty: never by itself."
    )
    due_at = models.DateTimeField(null=True, blank=True)
    attempts_made = models.PositiveSmallIntegerField(default=0)
    content_key = models.CharField(max_length=64, blank=True, default="", editable=False)
    chunk_count = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace")

    class Meta:
        ordering = ["workspace_id", "title", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "url"], condition=~Q(url=""), name="knowledge_source_url_once"
            ),
            models.CheckConstraint(
                condition=(Q(kind="page") & ~Q(url="")) | (~Q(kind="page") & Q(original__isnull=False)),
                name="knowledge_source_has_origin",
            ),
            models.CheckConstraint(
                condition=~Q(state="waiting") | Q(due_at__isnull=False), name="knowledge_source_waiting_is_due"
            ),
        ]
        indexes = [
            # read by: the sweep that reads sources
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="knowledge_source_due")
        ]

    def __str__(self) -> str:
        return self.title


class KnowledgeChunk(Embedded):
    """A passage of a source, in order. `title` is the source's with the heading the passage stands under."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    source = models.ForeignKey(KnowledgeSource, on_delete=models.CASCADE, related_name="chunks")
    position = models.PositiveIntegerField()
    title = models.CharField(max_length=300)
    text = models.TextField()
    language = models.CharField(max_length=8, blank=True, default="")
    is_active = models.BooleanField(default=True)
    search: Any = models.GeneratedField(
        expression=search_vector("title", "text"), output_field=SearchVectorField(), db_persist=True, editable=False
    )
    text_key: Any = models.GeneratedField(
        expression=text_key("title", "text"),
        output_field=models.CharField(max_length=32),
        db_persist=True,
        editable=False,
    )

    objects = ScopedManager(workspace="workspace")

    class Meta:
        ordering = ["source_id", "position"]
        constraints = [models.UniqueConstraint(fields=["source", "position"], name="knowledge_chunk_once")]
        indexes = [
            GinIndex(fields=["search"], name="knowledge_chunk_search", condition=Q(is_active=True)),
            models.Index(fields=["id"], condition=NOT_EMBEDDED, name="chunk_not_embedded"),  # the embedding sweep
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.position + 1})"
