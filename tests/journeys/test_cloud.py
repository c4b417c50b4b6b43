"""Davi writes to a number on Meta's Cloud API: the answer, its statuses, what it costs, and his opt-out.

Meta keeps no list of messages: what became of a lost answer is known from a status, or by a person.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from crm.models import Consent
from messaging.channels.whatsapp_cloud import transport as cloud_transport
from messaging.models import Attempt, Channel, Message, ServiceWindow
from project.kernel.scope import across_workspaces
from tests.cast import NOON
from tests.doubles.cloud import CloudDouble
from tests.doubles.cloud_updates import DAVI, batch, preference, text
from tests.journeys.world import World
from tests.messaging.channels.cloud import connect, deliver


class CloudWorld(World):
    """Acme on Meta's Cloud API: the same people, another provider."""

    twilio: Any

    def _connect(self) -> Channel:
        return connect(self.acme, now=self.now, api_base=self.twilio.url)

    def davi_says(self, text_: str, **changes: Any) -> None:  # type: ignore[override]
        self.meta_delivers(batch(messages=[text(text_, at=self.now, **changes)]))

    def meta_delivers(self, content: dict[str, Any]) -> None:
        deliver(self.channel, content, now=self.now)
        self.settle()

    def meta_reports(self, *words: str, **options: Any) -> None:
        """One batch with these statuses of all that Meta has."""
        self.meta_delivers(batch(statuses=self.meta.statuses(*words, at=self.now, **options)))

    @property
    def meta(self) -> CloudDouble:
        return self.twilio


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudWorld]:
    monkeypatch.setattr(cloud_transport, "READ_SECONDS", 0.5)
    with CloudDouble() as meta:
        yield CloudWorld(meta, NOON)  # type: ignore[arg-type]


def answers(world: CloudWorld) -> list[Message]:
    return world.messages(direction="out")


def test_an_answer_goes_out_and_its_statuses_come_in_whatever_their_order(world: CloudWorld) -> None:
    world.davi_says("Oi, quanto custa o plano básico?")
    [answer] = answers(world)
    [heard] = world.meta.messages()
    assert (answer.status, answer.provider_id, heard.to, heard.our_id) == (
        "accepted", heard.id, f"+{DAVI}", str(answer.pk)
    )  # fmt: skip

    for words, status in ((("read",), "read"), (("sent", "delivered", "read"), "read")):
        world.meta_reports(*words)
        assert [message.status for message in answers(world)] == [status]
    assert len(world.heard()) == 1


def test_what_a_message_costs_and_the_free_days_after_an_advertisement_are_kept(world: CloudWorld) -> None:
    referral = {"source_id": "120", "source_type": "ad", "headline": "Chat with us", "ctwa_clid": "ARA"}
    world.davi_says("Oi", referral=referral)
    until = NOON + timedelta(hours=72)
    [told] = world.meta.statuses("sent", at=world.now)
    conversation = {"id": "c", "origin": {"type": "referral_conversion"}, "expiration_timestamp": until.timestamp()}
    conversation["expiration_timestamp"] = str(int(until.timestamp()))
    pricing = {"billable": False, "pricing_model": "PMP", "type": "free_entry_point", "category": "referral_conversion"}
    world.meta_delivers(batch(statuses=[{**told, "conversation": conversation, "pricing": pricing}]))

    [answer] = answers(world)
    assert answer.payload["pricing"] == pricing
    with across_workspaces():
        window = ServiceWindow.objects.get()
    assert (window.free_until, window.closes_at) == (until, NOON + timedelta(hours=24))


def test_a_lost_answer_is_settled_by_the_status_that_bears_our_id(world: CloudWorld) -> None:
    world.meta.fault("hang_after_accept")
    world.davi_says("Oi, quanto custa?")
    assert [message.status for message in answers(world)] == ["unknown"]
    world.wait(minutes=5)
    assert [message.status for message in answers(world)] == ["unknown"]

    world.meta_reports("delivered")
    [answer] = answers(world)
    assert (answer.status, answer.provider_id) == ("delivered", world.meta.messages()[0].id)
    assert len(world.heard()) == 1


@pytest.mark.parametrize("fault", ["hang_after_accept", "hang_before_accept"])
def test_without_a_status_a_person_decides_and_nothing_is_said_twice(world: CloudWorld, fault: str) -> None:
    world.meta.fault(fault)
    world.davi_says("Oi, quanto custa?")
    world.wait(minutes=9)
    assert [message.status for message in answers(world)] == ["unknown"]
    world.wait(minutes=2)

    assert [message.status for message in answers(world)] == ["in_doubt"]
    assert len(world.heard()) == (1 if fault == "hang_after_accept" else 0)
    with across_workspaces():
        assert [attempt.state for attempt in Attempt.objects.all()] == ["abandoned"]


def test_a_closed_window_says_that_a_template_may_reach_them(world: CloudWorld) -> None:
    world.davi_says("Oi, quanto custa?")
    world.meta_reports("failed", code=131047)

    [answer] = answers(world)
    assert (answer.status, answer.error_code) == ("failed", "131047")
    [entry] = world.trail("message.failed")
    assert "An approved template may reach them." in entry.reason


def test_a_pair_that_is_too_fast_goes_again_and_arrives_once(world: CloudWorld) -> None:
    world.meta.fault("error", code=131056)
    world.davi_says("Oi, quanto custa?")
    assert [message.status for message in answers(world)] == ["queued"]
    world.wait(seconds=5)

    assert [message.status for message in answers(world)] == ["accepted"]
    assert len(world.heard()) == 1


def test_a_spam_limit_pauses_the_sender(world: CloudWorld) -> None:
    world.meta.fault("error", code=131048)
    world.davi_says("Oi, quanto custa?")

    world.channel.refresh_from_db()
    assert "look at its quality" in world.channel.paused_reason


def consents() -> set[tuple[str, str]]:
    with across_workspaces():
        return set(Consent.objects.values_list("purpose", "state"))


def test_who_stops_marketing_still_gets_answers(world: CloudWorld) -> None:
    world.davi_says("Oi, quanto custa?")
    world.meta_reports("failed", code=131050)
    assert consents() == {("marketing", "withdrawn")}

    world.meta_delivers(preference("stop", at=world.now))
    world.wait(minutes=1)
    world.davi_says("E o plano anual?")
    assert len(world.heard()) == 2


def test_stop_is_confirmed_once_and_ends_what_is_said(world: CloudWorld) -> None:
    world.davi_says("Oi")
    world.wait(minutes=1)
    world.davi_says("STOP")
    assert ("service", "withdrawn") in consents()
    heard = len(world.heard())
    world.davi_says("STOP")
    assert len(world.heard()) == heard
