"""What a row carries so that it can be found by its meaning as well as by its words."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value


class RealField(models.FloatField):  # type: ignore[type-arg]
    """Half the room of a double; a model's numbers hold no more."""

    def db_type(self, connection: Any) -> str:
        return "real"


class MD5Text(Func):
    function = "MD5"
    output_field = models.CharField()


class Joined(Func):
    """`a || b`: immutable, where CONCAT() is not, so that a generated column may hold it."""

    template = "(%(expressions)s)"
    arg_joiner = " || "
    output_field = models.TextField()


def text_key(*columns: str) -> MD5Text:
    parts: list[Any] = []
    for column in columns:
        parts += [F(column), Value("\n")]
    return MD5Text(Joined(*parts))


class Embedded(models.Model):
    """`embedding` is the meaning of the text named by `embedded_key`; it is due while that is not the text's own key.

    An array, not pgvector's own type: the extension may be missing, and the number of dimensions is the model's.
    """

    embedding = ArrayField(RealField(), null=True, blank=True, editable=False)
    embedded_key = models.CharField(max_length=32, blank=True, default="", editable=False)

    class Meta:
        abstract = True


NOT_EMBEDDED = ~Q(embedded_key=F("text_key"))

__all__ = ["NOT_EMBEDDED", "Embedded", "text_key"]
