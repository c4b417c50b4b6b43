"""How text is stemmed, the same for what is stored and for what is asked.

The names are frozen into migrations: change them by a new one.
"""

from __future__ import annotations

from crm.accents import ACCENTED, PLAIN, strip_accents

__all__ = ["ACCENTED", "CONFIGURATIONS", "PLAIN", "strip_accents"]

CONFIGURATIONS = {
    "en": "english",
    "es": "spanish",
    "pt": "portuguese",
    "fr": "french",
    "de": "german",
    "it": "italian",
    "hi": "hindi",
    "id": "indonesian",
    "ar": "arabic",
}
