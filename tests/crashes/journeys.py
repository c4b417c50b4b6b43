"""The journeys that are walked. Together they cross every commit and call of the inbound, turn, floor, outbox and
ladder paths; each is short, because it is played again for every point on it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.crashes.outer_world import OuterWorld

ASKS_FOR_PERSON = "I want to talk to a human about my contract"
PRICE = "What does it cost?"
DELIVERY = "How long is delivery to Niterói?"
COLOURS = "Which colours do you have?"
WEIGHT = "How heavy is the parcel?"


def question(world: OuterWorld) -> None:
    """An answer and its statuses; then words whose webhook was lost."""
    world.davi_writes(PRICE)
    world.everybody_works()
    world.twilio_reports("sent", "delivered", "read")
    world.everybody_works()
    world.davi_writes(DELIVERY, is_lost=True)
    world.passes(seconds=90)


def ladder(world: OuterWorld) -> None:
    """Nobody comes: all four rungs, and the AI again."""
    world.davi_writes(ASKS_FOR_PERSON)
    world.everybody_works()
    world.twilio_reports()
    for _ in range(4):
        world.passes(minutes=15)
    world.davi_writes(PRICE)
    world.everybody_works()


def person(world: OuterWorld) -> None:
    """Bruno claims, answers, resolves; Davi comes back, Bruno takes over and returns him to the AI."""
    world.davi_writes(ASKS_FOR_PERSON)
    world.everybody_works()
    world.bruno_claims()
    world.passes(minutes=16)
    world.bruno_answers("Bruno here, what is it about?")
    world.everybody_works()
    world.davi_writes("About its end")
    world.everybody_works()
    world.bruno_resolves_it()
    world.everybody_works()
    world.passes(minutes=1)
    world.davi_writes(PRICE)
    world.everybody_works()
    world.bruno_takes_over()
    world.davi_writes(DELIVERY)
    world.everybody_works()
    world.bruno_returns_it()
    world.everybody_works()
    world.davi_writes(COLOURS)
    world.everybody_works()


def interrupted(world: OuterWorld) -> None:
    """Bruno takes over while words of the AI wait to leave. He says nothing, and the conversation goes back; the same
    in a handover, whose ladder goes on without him."""
    world.database.execute("UPDATE crm_workspace SET auto_return_minutes = 20")
    world.stage.twilio.fault("429")
    world.davi_writes(PRICE)
    world.everybody_works()
    world.bruno_takes_over()
    world.everybody_works()
    world.bruno_goes_home()
    world.passes(minutes=21)
    world.davi_writes(ASKS_FOR_PERSON)
    world.everybody_works()
    world.database.execute("UPDATE crm_workspace SET auto_return_minutes = 40")  # whoever dies may be away for 17
    world.bruno_takes_over()
    world.passes(minutes=16)
    world.bruno_goes_home()
    world.passes(minutes=5)
    for _ in range(3):
        world.passes(minutes=14)


def booking(world: OuterWorld) -> None:
    """The bridge's link is used; then Davi opts out, and in again."""
    world.davi_writes(ASKS_FOR_PERSON)
    world.everybody_works()
    world.passes(minutes=45)
    world.twilio_reports()
    world.davi_books()
    world.everybody_works()
    world.davi_writes("STOP")
    world.everybody_works()
    world.passes(minutes=1)
    world.davi_writes("START")
    world.everybody_works()


def doubt(world: OuterWorld) -> None:
    """Answers that were lost on their way: what Twilio took is found, what it did not take goes again."""
    world.stage.twilio.fault("503_after_accept")
    world.davi_writes(PRICE)
    world.everybody_works()
    world.passes(seconds=15)
    world.stage.twilio.fault("reset_after_accept")
    world.davi_writes(DELIVERY)
    world.everybody_works()
    world.twilio_reports()
    world.everybody_works()
    world.stage.twilio.fault("503_html")
    world.davi_writes(COLOURS)
    world.everybody_works()
    world.passes(seconds=30)
    world.passes(seconds=45)


def silence(world: OuterWorld) -> None:
    """Twilio has the message and cannot be asked: a person is to decide, until a callback does."""
    world.stage.twilio.fault("503_after_accept")
    world.davi_writes(PRICE)
    world.everybody_works()
    world.twilio_is_cut_off()
    world.passes(minutes=5)
    world.passes(minutes=6)
    world.twilio_is_back()
    world.twilio_reports()
    world.everybody_works()


def refusals(world: OuterWorld) -> None:
    """Turned away for the moment, while Davi goes on writing; refused for good; a delivery that failed."""
    world.stage.twilio.fault("error", code=63012)
    world.davi_writes(PRICE)
    world.everybody_works()
    world.davi_writes(DELIVERY)
    world.everybody_works()
    world.passes(seconds=65)
    world.stage.twilio.fault("error", code=63016)
    world.davi_writes(COLOURS)
    world.everybody_works()
    world.davi_writes(WEIGHT)  # asked twice, a question would rightly be answered twice
    world.everybody_works()
    world.twilio_reports("sent", "undelivered")
    world.everybody_works()


def trouble(world: OuterWorld) -> None:
    """The sender has to rest, and is stopped until its provider takes it again; operators are told of both.

    The day of rest begins in the minutes after the second question, wherever something dies: a lease that has to run
    out first, or a doubt, must not carry the refusal to the next day, and the words that wait for it beyond the end.
    """
    world.stage.twilio.fault("error", code=63018)
    world.davi_writes(PRICE)
    world.everybody_works()
    world.passes(seconds=65)
    world.stage.twilio.fault("error", code=63038)
    world.davi_writes(DELIVERY)
    world.everybody_works()
    for _ in range(4):
        world.passes(minutes=1)
    world.passes(hours=23)
    world.davi_writes(COLOURS)
    world.everybody_works()
    world.passes(hours=1, minutes=1)


def orphaned_turn(world: OuterWorld) -> None:
    """A worker died while it thought: its turn is taken again when the lease is over."""
    world.davi_writes(PRICE)
    world.everybody_works()
    world.passes(seconds=50)
    world.twilio_reports()
    world.everybody_works()


def orphaned_call(world: OuterWorld) -> None:
    """A sender died when Twilio had its message: the call is put in doubt, and found in Twilio's list."""
    world.davi_writes(PRICE)
    world.everybody_works()
    world.davi_writes(COLOURS)
    world.everybody_works()
    world.passes(seconds=35)
    world.passes(seconds=15)


def orphaned_step(world: OuterWorld) -> None:
    """A worker died when Calendly had made a link: the rung is climbed by another, with a link of its own."""
    world.davi_writes(ASKS_FOR_PERSON)
    world.everybody_works()
    world.passes(minutes=46)
    world.passes(seconds=20)
    world.davi_books()
    world.everybody_works()


@dataclass(frozen=True, slots=True)
class Journey:
    """`first_dies_at` ends the first life of the system at its point; what is walked is then the second."""

    play: Callable[[OuterWorld], None]
    first_dies_at: str = ""


JOURNEYS: dict[str, Journey] = {
    "question": Journey(question),
    "ladder": Journey(ladder),
    "person": Journey(person),
    "interrupted": Journey(interrupted),
    "booking": Journey(booking),
    "doubt": Journey(doubt),
    "silence": Journey(silence),
    "refusals": Journey(refusals),
    "trouble": Journey(trouble),
    "orphaned_turn": Journey(orphaned_turn, "agents.coordinator.grant_floor/after commit#1"),
    "orphaned_call": Journey(
        orphaned_call, "messaging.channels.twilio.transport._HttpClient.request/after call POST#1"
    ),
    "orphaned_step": Journey(orphaned_step, "handover.calendly.client.CalendlyClient._answer/after call POST#1"),
}
