"""What a model read in short first words, kept for a while: "Hi", "How much is it?" come again and again.

Only a reading is kept, never a strategy or a reply; only of text without a conversation before it; each workspace has
its own; bounded in number and age.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from agents.reasoning.ports import Question, Reading, Voice
from agents.reasoning.text import fold

LONGEST_TEXT = 80
MOST_READINGS = 1000
KEPT_SECONDS = 3600.0
SURE = 0.7
Key = tuple[int, str, str, str | None, bool, str]


class ReadingCache:
    """Safe to share between threads."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, tuple[float, Reading]] = OrderedDict()

    def find(self, question: Question) -> Reading | None:
        if not _is_alone(question):
            return None
        with self._lock:
            until, reading = self._kept.get(_key(question), (0.0, None))
        return reading if until > self._clock() else None

    def keep(self, question: Question, reading: Reading) -> None:
        if reading.confidence < SURE or not _is_alone(question):
            return
        with self._lock:
            self._kept[_key(question)] = (self._clock() + KEPT_SECONDS, reading)
            self._kept.move_to_end(_key(question))
            while len(self._kept) > MOST_READINGS:
                self._kept.popitem(last=False)


def _is_alone(question: Question) -> bool:
    """Nothing but these words themselves was said, so nothing else can colour them."""
    said = "\n".join(line.body for line in question.history if line.voice == Voice.CUSTOMER)
    no_answer = all(line.voice == Voice.CUSTOMER for line in question.history)
    return bool(
        question.workspace_id and len(question.text) <= LONGEST_TEXT and no_answer and said in ("", question.text)
    )


def _key(question: Question) -> Key:
    words = " ".join(fold(question.text).split())
    about = f"{question.workspace_name}\n{question.business}"
    return (question.workspace_id, words, question.channel, question.language, question.is_vip, about)
