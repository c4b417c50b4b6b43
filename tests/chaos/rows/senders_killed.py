"""Row 2: kill -9 of a sender around its call, while the provider refuses some calls and answers others badly."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from random import Random

from tests.chaos.arena import Arena
from tests.chaos.matrix import Outcome, Reach, Row, audited
from tests.chaos.traffic import Traffic
from tests.doubles.twilio import Call, CallbackPlan

REJECTED = 0.03
AMBIGUOUS = 0.09
ANSWERS = ("hang_after_accept", "reset_after_accept", "503_after_accept", "broken_201")
NO_SUCH_RECIPIENT = 21612
KILLS = 0.1  # of the faults, the rest are the provider's
SECONDS_A_FAULT = 6.0


@dataclass(slots=True)
class WorstMoment:
    """Decides over each call as it arrives at the double, before anything has come of it."""

    arena: Arena
    rng: Random
    kills_wanted: int = 0
    killed: int = 0
    spoilt: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def faults(self) -> int:
        return self.killed + self.spoilt

    def hear(self, call: Call) -> None:
        with self._lock:
            is_killing = self.killed < self.kills_wanted
            draw, moment = self.rng.random(), self.rng.choice(("before", "during", "after"))
            # Half of what the provider accepts is told by callbacks, the rest only by its list.
            self.arena.twilio.plan = CallbackPlan(silent=self.rng.random() < 0.5)
            self.killed += is_killing
        if is_killing:
            self._kill(call, moment)
        elif draw < REJECTED + AMBIGUOUS:
            self._spoil(call, draw)

    def _kill(self, call: Call, moment: str) -> None:
        """Before the provider has it, after it has it but before its answer, or just as the answer comes."""
        sender = self.arena.caller(call.client_port)
        if sender is None:  # it has gone by itself, and that is no fault
            with self._lock:
                self.killed -= 1
            return
        if moment == "after":
            threading.Timer(0.005, self.arena.kill, [sender]).start()
            return
        if moment == "before":
            self.arena.twilio.fault("reset", to=call.to)
        self.arena.kill(sender)

    def _spoil(self, call: Call, draw: float) -> None:
        with self._lock:
            self.spoilt += 1
            answer = self.rng.choice(ANSWERS)
        if draw < REJECTED:
            self.arena.twilio.fault("error", code=NO_SUCH_RECIPIENT, to=call.to)
        else:
            self.arena.twilio.fault(answer, to=call.to)


def run(arena: Arena, faults: int, rng: Random) -> Outcome:
    traffic = Traffic(arena, rng, row=2)
    moment = WorstMoment(arena, rng)
    arena.twilio.calls.on_call = moment.hear
    deadline = time.monotonic() + faults * SECONDS_A_FAULT
    with traffic.flowing(a_second=12, asking=0.1):
        while moment.faults < faults and time.monotonic() < deadline:
            moment.kills_wanted = int((moment.faults + 5) * KILLS) + 1
            time.sleep(0.1)
    sends = len(arena.twilio.calls.all())
    return audited(traffic, faults=moment.faults, trials=sends, kills=moment.killed, sends=sends)


ROW = Row(
    number=2,
    name="sender killed around its call, 12 % bad answers",
    promises=("P2",),
    reach=Reach(at_most={"unsettled": 0}),
    bug="unknown_is_refused",
    symptom="outbound_repeated",
    run=run,
    least=8,
    share=4,
    proven_with="kills",
)
