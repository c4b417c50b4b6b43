"""A provider as a book: it knows what it accepted, shows it late, and its answers may be lost on the way.

It stands at the transport protocol. A `Process` that calls it stops before the request arrives and again before the
answer comes back, so that it can be killed, or sleep, on either side of the acceptance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from messaging.channels.twilio.errors import reaction_for
from messaging.channels.whatsapp_twilio.checks import CAPABILITIES
from messaging.transports import ErrorKind, Outgoing, Receipt, Seen, TransportError

from .clock import VirtualClock
from .processes import Process, current

CALLING, ANSWERED = "calling", "answered"

LIST_LAG = timedelta(seconds=20)
"""How long after its acceptance a message may be missing from the provider's own list."""


class Outcome(Enum):
    """Of a request: whether the provider keeps the message, and what the caller hears."""

    ACCEPTED = "accepted"
    ANSWER_LOST = "accepted, and the answer is lost"
    REQUEST_LOST = "it never arrived, and nobody can tell"
    UNREACHABLE = "no connection"
    TOO_FAST = "20429"
    REFUSED = "63013"
    NO_SUCH_RECIPIENT = "63003"
    OPTED_OUT = "63014"
    SENDER_BLOCKED = "63007"


KEEPS = (Outcome.ACCEPTED, Outcome.ANSWER_LOST)
_LOST = (Outcome.ANSWER_LOST, Outcome.REQUEST_LOST)


@dataclass(slots=True)
class Entry:
    """One acceptance. `fate` is what becomes of it: delivered, or the error code it fails with."""

    provider_id: str
    message_id: str
    to: str
    body: str
    at: datetime
    fate: str = ""


@dataclass(slots=True)
class Call:
    """A request on its way."""

    outgoing: Outgoing
    begun_at: datetime
    process: Process | None


@dataclass
class Provider:
    clock: VirtualClock
    book: list[Entry] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    is_away: bool = False
    capabilities = CAPABILITIES

    def send(self, outgoing: Outgoing) -> Receipt:
        process = current()
        call = Call(outgoing, self.clock.now, process)
        self.calls.append(call)
        try:
            outcome = process.stop(CALLING) if process else Outcome.ACCEPTED
        finally:
            self.calls.remove(call)
        entry = self.accept(outgoing) if outcome in KEEPS else None
        if process:
            process.stop(ANSWERED)
        return self._answer(outcome, entry)

    def accept(self, outgoing: Outgoing) -> Entry:
        provider_id = f"SM{len(self.book) + 1:032x}"
        entry = Entry(provider_id, outgoing.message_id, outgoing.to, outgoing.body, self.clock.now)
        self.book.append(entry)
        return entry

    def _answer(self, outcome: Outcome, entry: Entry | None) -> Receipt:
        if outcome in _LOST:
            raise TransportError(ErrorKind.UNKNOWN, detail="the time is over")
        if outcome == Outcome.UNREACHABLE:
            raise TransportError(ErrorKind.UNREACHABLE, detail="no connection")
        if entry is None:
            reaction = reaction_for(outcome.value)
            raise TransportError(
                reaction.kind, code=outcome.value, detail=reaction.meaning, retry_after=reaction.retry_after
            )
        return Receipt(entry.provider_id, "queued")

    def list_recent(self, *, to: str | None = None, sender: str | None = None, since: datetime) -> list[Seen]:
        if self.is_away:
            raise TransportError(ErrorKind.UNREACHABLE, detail="no connection")
        until = self.clock.now - LIST_LAG
        return [_seen(entry) for entry in self.book if to in (None, entry.to) and since <= entry.at <= until]


def _seen(entry: Entry) -> Seen:
    return Seen(
        provider_id=entry.provider_id,
        to=entry.to,
        sender="",
        body=entry.body,
        status="sent",
        error_code="",
        direction="outbound",
        created_at=entry.at,
        sent_at=entry.at,
    )
