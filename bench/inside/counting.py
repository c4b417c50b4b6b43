"""Counting statements as Django sends them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection


@dataclass(slots=True)
class Statements:
    count: int = 0

    def __call__(self, execute: Callable[..., Any], *words: Any) -> Any:
        self.count += 1
        return execute(*words)


@contextmanager
def counted_statements() -> Iterator[Statements]:
    """Of this thread's connection; BEGIN, COMMIT and savepoints are not among them."""
    counter = Statements()
    with connection.execute_wrapper(counter):
        yield counter
