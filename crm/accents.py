"""Text stripped of accents, the same for what is stored and for what is asked.

People type "preco" for "preço". The `unaccent` extension is not there on every PostgreSQL; `translate()` is, and it
is immutable, which a generated column demands. Both constants are frozen into migrations: change them by a new one.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Func, Value

_PAIRS = {
    "a": "áàâãäå",
    "e": "éèêë",
    "i": "íìîï",
    "o": "óòôõö",
    "u": "úùûü",
    "c": "ç",
    "n": "ñ",
    "y": "ýÿ",
}
_LOWER = {accented: plain for plain, many in _PAIRS.items() for accented in many}
_BOTH_CASES = {**_LOWER, **{accented.upper(): plain for accented, plain in _LOWER.items() if accented != "ÿ"}}

ACCENTED = "".join(_BOTH_CASES)
PLAIN = "".join(_BOTH_CASES.values())
_TABLE = str.maketrans(ACCENTED, PLAIN)


def strip_accents(text: str) -> str:
    return text.translate(_TABLE)


def without_accents(column: str) -> Func:
    """The same in PostgreSQL."""
    return Func(F(column), Value(ACCENTED), Value(PLAIN), function="translate", output_field=models.TextField())
