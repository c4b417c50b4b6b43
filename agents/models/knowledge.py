"""Questions and answers that a workspace enters, and the column by which they are found."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Case, When
from django.db.models.expressions import CombinedExpression
from django_scopes import ScopedManager

from agents.knowledge.languages import CONFIGURATIONS
from crm.accents import without_accents

from .embedding import NOT_EMBEDDED, Embedded, text_key


def _stemmed(configuration: str, title: str, text: str) -> CombinedExpression:
    first = SearchVector(without_accents(title), weight="A", config=configuration)
    second = SearchVector(without_accents(text), weight="B", config=configuration)
    return first + second


def search_vector(title: str, text: str) -> Case:
    """Each branch names its configuration as a constant: a computed one is not immutable, and PostgreSQL refuses it
    in a generated column."""
    branches = [
        When(language__startswith=code, then=_stemmed(name, title, text)) for code, name in CONFIGURATIONS.items()
    ]
    return Case(*branches, default=_stemmed("simple", title, text))


class KnowledgeEntry(Embedded):
    workspace = models.ForeignKey("crm.Workspace", on_delete=models.CASCADE, related_name="knowledge_entries")
    question = models.TextField(max_length=2000)
    answer = models.TextField(max_length=8000)
    language = models.CharField(
        max_length=8, blank=True, default="", help_text="A code such as en or pt-BR; empty: any language."
    )
    is_active = models.BooleanField(default=True)
    updated_at = models.DateTimeField(auto_now=True)
    search: Any = models.GeneratedField(
        expression=search_vector("question", "answer"),
        output_field=SearchVectorField(),
        db_persist=True,
        editable=False,
    )
    text_key: Any = models.GeneratedField(
        expression=text_key("question", "answer"),
        output_field=models.CharField(max_length=32),
        db_persist=True,
        editable=False,
    )

    objects = ScopedManager(workspace="workspace")

    class Meta:
        verbose_name_plural = "knowledge entries"
        ordering = ["workspace_id", "id"]
        indexes = [
            GinIndex(fields=["search"], name="knowledge_search", condition=models.Q(is_active=True)),
            models.Index(fields=["id"], condition=NOT_EMBEDDED, name="knowledge_not_embedded"),  # the embedding sweep
        ]

    def __str__(self) -> str:
        return self.question[:80]
