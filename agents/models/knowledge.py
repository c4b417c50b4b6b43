"""Questions and answers that a workspace enters, and the column by which they are found."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Case, F, Func, Value, When
from django.db.models.expressions import CombinedExpression
from django_scopes import ScopedManager

from agents.knowledge.languages import ACCENTED, CONFIGURATIONS, PLAIN


def _without_accents(column: str) -> Func:
    return Func(F(column), Value(ACCENTED), Value(PLAIN), function="translate", output_field=models.TextField())


def _stemmed(configuration: str) -> CombinedExpression:
    question = SearchVector(_without_accents("question"), weight="A", config=configuration)
    answer = SearchVector(_without_accents("answer"), weight="B", config=configuration)
    return question + answer


def _search_vector() -> Case:
    """Each branch names its configuration as a constant: a computed one is not immutable, and PostgreSQL refuses it
    in a generated column."""
    branches = [When(language__startswith=code, then=_stemmed(name)) for code, name in CONFIGURATIONS.items()]
    return Case(*branches, default=_stemmed("simple"))


class KnowledgeEntry(models.Model):
    workspace = models.ForeignKey("crm.Workspace", on_delete=models.CASCADE, related_name="knowledge_entries")
    question = models.TextField(max_length=2000)
    answer = models.TextField(max_length=8000)
    language = models.CharField(
        max_length=8, blank=True, default="", help_text="A code such as en or pt-BR; empty: any language."
    )
    is_active = models.BooleanField(default=True)
    updated_at = models.DateTimeField(auto_now=True)
    search: Any = models.GeneratedField(
        expression=_search_vector(), output_field=SearchVectorField(), db_persist=True, editable=False
    )

    objects = ScopedManager(workspace="workspace")

    class Meta:
        verbose_name_plural = "knowledge entries"
        ordering = ["workspace_id", "id"]
        indexes = [GinIndex(fields=["search"], name="knowledge_search", condition=models.Q(is_active=True))]

    def __str__(self) -> str:
        return self.question[:80]
