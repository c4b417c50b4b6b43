"""The outbox's promise, written a second time: what may go, what the provider has, how a status may change."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

HUMAN = "human"
MARKETING = "marketing"

FORWARD = {
    "queued": {"sending", "suppressed", "failed", "delivered", "read"},
    "sending": {"accepted", "unknown", "queued", "failed", "sent", "delivered", "read"},
    "unknown": {"accepted", "queued", "failed", "in_doubt", "sent", "delivered", "read"},
    "in_doubt": {"accepted", "queued", "failed", "sent", "delivered", "read"},
    "accepted": {"sent", "delivered", "read", "failed", "queued"},
    "sent": {"delivered", "read", "failed", "queued"},
    "failed": {"delivered", "read"},
    "suppressed": {"delivered", "read"},
    "delivered": {"read"},
    "read": set(),
}
"""What may follow a status. Back to `queued` only what the provider does not have, or says it could not deliver."""

HAS_LEFT = ("accepted", "sent", "delivered", "read")
ENDS = (*HAS_LEFT, "suppressed", "failed", "in_doubt")
ON_ITS_WAY = ("queued", "sending", "unknown")


@dataclass(frozen=True, slots=True)
class Word:
    """An intent as it was queued. `answers_at` is when the customer wrote what it answers."""

    id: str
    lead_id: int
    voice: str
    epoch: int
    place: int
    answers_at: datetime | None


@dataclass(slots=True)
class Ear:
    """A lead as the model sees them: whose words they may hear now."""

    address: str
    epoch: int = 0
    person: int | None = None
    wrote_at: datetime | None = None
    opted_out_at: datetime | None = None
    window_closes_at: datetime | None = None

    def hears(self, epoch: int, person: int | None = None) -> None:
        assert epoch >= self.epoch, "an epoch fell"
        self.epoch, self.person = epoch, person

    def writes(self, at: datetime) -> None:
        self.wrote_at = at
        self.window_closes_at = at + timedelta(hours=24)


@dataclass
class Expected:
    ears: dict[int, Ear] = field(default_factory=dict)
    words: dict[str, Word] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    failed_at_provider: Counter[str] = field(default_factory=Counter)
    is_paused: bool = False

    def objection(self, word: Word, now: datetime) -> str:
        """Why an attempt at `word` must not begin, as of a process whose clock shows `now`."""
        ear = self.ears[word.lead_id]
        if word.epoch != ear.epoch and (word.voice != HUMAN or ear.person is not None):
            return "another voice has the floor"
        if ear.opted_out_at and not (word.answers_at and word.answers_at > ear.opted_out_at):
            return "they opted out"
        if word.voice != HUMAN and word.answers_at and ear.wrote_at and ear.wrote_at > word.answers_at:
            return "they wrote again"
        if ear.window_closes_at is not None and now >= ear.window_closes_at:
            return "the window is closed"
        if word.voice == MARKETING and ear.wrote_at and now < ear.wrote_at + timedelta(hours=24):
            return "a conversation is going on"
        if self.is_paused:
            return "the sender is paused"
        return self._waits_for_others(word)

    def _waits_for_others(self, word: Word) -> str:
        for other in self.words.values():
            if other is word or other.lead_id != word.lead_id:
                continue
            status = self.statuses[other.id]
            if status in ("sending", "unknown"):
                return "another call is in flight or in doubt"
            if status == "queued" and other.epoch == word.epoch and other.place < word.place:
                return "an earlier word of the same voice waits"
        return ""

    def may_be_accepted_again(self, message_id: str, times: int) -> bool:
        """Once, and once more for each time the provider said that it could not deliver it."""
        return times <= 1 + self.failed_at_provider[message_id]

    def moves(self, message_id: str, status: str) -> str:
        """Follow a message to `status`; what it was. Backwards is an error."""
        before = self.statuses[message_id]
        assert status == before or status in FORWARD[before], f"from {before} to {status}"
        self.statuses[message_id] = status
        return before
