"""Moving every row that points to one object over to another, whatever table it stands in.

A table that a new app brings is moved with the rest. A row that the database allows only once (an open hold of a
kind, a state of an agent) stays where it is when the other already has one.
"""

from collections.abc import Iterator, Mapping
from functools import cache

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q

Rows = dict[str, list[str]]
"""By table and column (`crm.Activity.lead`), the keys of the rows."""


def move_rows(*, old: models.Model, new: models.Model, skip: frozenset[str] = frozenset()) -> Rows:
    """Point to `new` what points to `old`, except for the columns in `skip`; what moved."""
    moved: Rows = {}
    for column, model, name in references_to(type(old)):
        if column in skip:
            continue
        rows = _movable(model, name, new).filter(**{name: old.pk})
        keys = list(rows.values_list("pk", flat=True))
        if keys:
            model._base_manager.filter(pk__in=keys).update(**{name: new.pk})
            moved[column] = [str(key) for key in keys]
    return moved


def move_back(moved: Mapping[str, list[str]], *, current: models.Model, old: models.Model) -> int:
    """Point to `old` again what still points to `current`; the count of rows. What moved on since stays."""
    count = 0
    for column, model, name in references_to(type(old)):
        if keys := moved.get(column):
            rows = _movable(model, name, old).filter(pk__in=keys, **{name: current.pk})
            count += model._base_manager.filter(pk__in=list(rows.values_list("pk", flat=True))).update(**{name: old.pk})
    return count


@cache
def references_to(target: type[models.Model]) -> tuple[tuple[str, type[models.Model], str], ...]:
    """Every column that points to a row of `target`: its full name, its model, and its field's name."""
    found = [
        (f"{model._meta.label}.{field.name}", model, field.name)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and field.related_model is target
    ]
    return tuple(sorted(found, key=lambda reference: reference[0]))


def _movable(model: type[models.Model], name: str, new: models.Model) -> models.QuerySet[models.Model]:
    """All rows but those of which `new` has the only one that may be."""
    rows = model._base_manager.all()
    for fields, condition in _uniques(model, name):
        same = {field: OuterRef(field) for field in fields if field != name}
        twin = model._base_manager.filter(condition, **same, **{name: new.pk})
        rows = rows.exclude(condition & Q(Exists(twin)))
    return rows


def _uniques(model: type[models.Model], name: str) -> Iterator[tuple[tuple[str, ...], Q]]:
    if getattr(model._meta.get_field(name), "unique", False):
        yield (name,), Q()
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and name in constraint.fields:
            yield tuple(constraint.fields), constraint.condition or Q()
