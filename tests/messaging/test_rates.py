"""Token buckets: how fast a sender, an account and a pair may be served, whoever asks and whenever it restarts."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from threading import Thread

import pytest
from django.db import connection, transaction

from crm.models import Workspace
from messaging.models import Bucket, Channel, Message
from messaging.services.rates import Rate, Shortage, rates_of, slow_down, take_tokens
from project.kernel.scope import across_workspaces, workspace_scope
from tests.cast import NOON, found
from tests.concurrency.threads import at_once
from tests.journeys.world import World

SENDER = Rate("sender:1", timedelta(seconds=0.1), 5)
PAIR = Rate("pair:1:davi", timedelta(seconds=6), 2)


@pytest.fixture
def acme(db: None) -> Iterator[Workspace]:
    acme = found("acme", "ana@acme.test")
    with workspace_scope(acme):
        yield acme


def take(acme: Workspace, now: datetime, *rates: Rate) -> Shortage | None:
    return take_tokens(workspace_id=acme.pk, rates=list(rates or [SENDER]), now=now)


def given(acme: Workspace, now: datetime, *rates: Rate) -> int:
    """How many are given at one moment."""
    count = 0
    while take(acme, now, *rates) is None:
        count += 1
    return count


def test_a_rested_bucket_gives_its_burst_and_then_one_each_interval(acme: Workspace) -> None:
    assert given(acme, NOON) == 5
    assert given(acme, NOON + timedelta(seconds=0.1)) == 1
    assert given(acme, NOON + timedelta(seconds=0.3)) == 2
    assert given(acme, NOON + timedelta(hours=1)) == 5


def test_a_shortage_names_the_bucket_and_the_exact_instant(acme: Workspace) -> None:
    given(acme, NOON)
    shortage = take(acme, NOON)
    assert shortage is not None
    assert (shortage.scope, shortage.until) == ("sender", NOON + timedelta(seconds=0.1))
    assert take(acme, shortage.until - timedelta(microseconds=1)) is not None
    assert take(acme, shortage.until) is None


def test_all_buckets_give_or_none_does(acme: Workspace) -> None:
    assert given(acme, NOON, SENDER, PAIR) == 2
    shortage = take(acme, NOON, SENDER, PAIR)
    assert shortage is not None
    assert (shortage.scope, shortage.until) == ("pair", NOON + timedelta(seconds=6))
    assert given(acme, NOON) == 3  # the refused one took none of the sender's


def test_a_pair_borrows_from_the_future(acme: Workspace) -> None:
    """45 at once are 45 times six seconds: after them the next waits until what was borrowed is paid back."""
    pair = Rate("pair:1:davi", timedelta(seconds=6), 45)
    assert given(acme, NOON, pair) == 45
    assert given(acme, NOON + timedelta(seconds=60), pair) == 10
    assert given(acme, NOON + timedelta(seconds=60 + 45 * 6), pair) == 45


def test_a_clock_that_is_behind_gives_nothing_extra(acme: Workspace) -> None:
    given(acme, NOON)
    assert given(acme, NOON - timedelta(minutes=1)) == 0


@pytest.mark.django_db(transaction=True)
def test_threads_together_never_get_more_than_rate_and_burst() -> None:
    acme = found("acme", "ana@acme.test")
    rates = [Rate("account:AC", timedelta(seconds=0.01), 7), Rate("sender:1", timedelta(seconds=0.01), 5)]
    taken: list[datetime] = []

    def take_often(offset: int) -> None:
        for step in range(60):
            now = NOON + timedelta(milliseconds=step * 5 + offset)
            with workspace_scope(acme), transaction.atomic():
                if take_tokens(workspace_id=acme.pk, rates=rates, now=now) is None:
                    taken.append(now)

    at_once(*[partial(take_often, offset) for offset in range(4)])
    for first in taken:
        for last in taken:
            if last >= first:
                allowed = 5 + (last - first) / timedelta(seconds=0.01)
                assert sum(first <= at <= last for at in taken) <= allowed + 1e-9
    assert len(taken) >= 30  # and it is not simply closed


@pytest.mark.django_db(transaction=True)
def test_the_first_messages_of_a_new_sender_are_counted_too() -> None:
    acme = found("acme", "ana@acme.test")
    rate = Rate("sender:1", timedelta(seconds=1), 1)
    answers: list[Shortage | None] = []

    def take_once() -> None:
        with workspace_scope(acme), transaction.atomic():
            answers.append(take_tokens(workspace_id=acme.pk, rates=[rate], now=NOON))

    at_once(*[take_once] * 8)
    assert answers.count(None) == 1


@pytest.mark.django_db(transaction=True)
def test_a_restart_forgets_nothing() -> None:
    acme = found("acme", "ana@acme.test")
    with workspace_scope(acme):
        given(acme, NOON)
    connection.close()
    counts: list[int] = []

    def look() -> None:
        with workspace_scope(acme):
            counts.append(given(acme, NOON))
        connection.close()

    thread = Thread(target=look)
    thread.start()
    thread.join()
    assert counts == [0]


# -- in the outbox -------------------------------------------------------------------------------------------------


def limit(world: World, **settings: str) -> None:
    with workspace_scope(world.acme):
        channel = Channel.objects.get()
        channel.settings |= settings
        channel.save()


def hello(world: World, count: int) -> None:
    for number in range(count):
        world.davi_writes("Hello", phone=f"+551190000000{number}")
    world.settle()


def test_a_channel_has_the_rates_of_its_kind_unless_its_settings_say_otherwise(world: World) -> None:
    rates = rates_of(world.channel, "whatsapp:+1")
    assert [(rate.key.partition(":")[0], rate.interval / timedelta(seconds=1), rate.burst) for rate in rates] == [
        ("account", 0.0005, 2000), ("sender", 0.0125, 80), ("pair", 6.0, 45),
    ]  # fmt: skip
    world.channel.settings |= {"rate_per_second": "10", "pair_seconds": "0"}
    assert [rate.interval.total_seconds() for rate in rates_of(world.channel, "x")] == [0.0005, 0.1]


@pytest.fixture
def slow_sender(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """One message a second, no burst."""
    from dataclasses import replace

    from messaging.channels.whatsapp_twilio import checks

    monkeypatch.setattr(checks, "CAPABILITIES", replace(checks.CAPABILITIES, bulk_burst=1))
    limit(world, rate_per_second="1")
    return world


def test_what_is_too_fast_waits_for_its_token_and_says_so(slow_sender: World) -> None:
    world = slow_sender
    hello(world, 3)
    assert len(world.heard()) == 1
    [waiting] = [message for message in world.messages(status="queued") if message.verdict["outcome"] == "defer"]
    assert (waiting.verdict["code"], waiting.due_at) == ("rate_limited", world.now + timedelta(seconds=1))
    assert "as fast as" in waiting.verdict["reason"]
    world.wait(seconds=1)
    assert len(world.heard()) == 2
    world.wait(seconds=1)
    assert len(world.heard()) == 3
    with workspace_scope(world.acme):
        assert set(Message.objects.filter(direction="out").values_list("attempts_made", flat=True)) == {1}


def test_only_one_message_is_looked_at_while_the_sender_rests(slow_sender: World) -> None:
    hello(slow_sender, 5)
    assert sum(message.verdict["outcome"] == "defer" for message in slow_sender.messages(status="queued")) == 1


def test_a_customer_who_has_had_enough_for_now_holds_up_nobody_else(world: World) -> None:
    from dataclasses import replace

    from messaging.channels.whatsapp_twilio import checks

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checks, "CAPABILITIES", replace(checks.CAPABILITIES, pair_burst=1))
        world.davi_says("Hello")
        with workspace_scope(world.acme):
            from agents.coordinator import send_as_person

            send_as_person(conversation=world.conversation, user=world.bruno, body="Bruno here", now=world.now)
        world.settle()
        [waiting] = world.messages(status="queued")
        assert (waiting.verdict["code"], waiting.due_at) == ("rate_limited", world.now + timedelta(seconds=6))
        world.davi_says("Hello", phone="+5511900000001")
        assert len(world.heard()) == 2
        world.wait(seconds=6)
        assert world.heard()[-1] == "Bruno here"


@pytest.mark.parametrize(("fault", "rest"), [({"code": 63018}, 60), ({"code": 20429, "status": 429}, 1)])
def test_when_the_provider_says_too_fast_the_other_leads_messages_back_off_as_well(
    world: World, fault: dict[str, int], rest: int
) -> None:
    world.davi_writes("Hello")
    world.twilio.fault("error", **fault)
    world.settle()
    hello(world, 3)
    assert world.heard() == []
    assert {message.attempts_made for message in world.messages(direction="out")} == {0, 1}
    world.wait(seconds=rest)
    assert len(world.heard()) >= 1


def test_messages_that_wait_for_the_provider_say_so(world: World) -> None:
    world.davi_writes("Hello")
    world.twilio.fault("error", code=63018)
    world.settle()
    hello(world, 2)
    waiting = world.messages(status="queued", attempts_made=0)
    assert {message.verdict["code"] for message in waiting} == {"rate_limited"}
    assert {message.due_at for message in waiting} == {world.now + timedelta(seconds=60)}


def test_after_the_rest_the_bucket_has_one_token_not_its_burst(acme: Workspace) -> None:
    from messaging.services.channels import create_channel
    from tests.cast import TWILIO

    channel = create_channel(workspace=acme, kind="whatsapp_twilio", name="Sales", values=TWILIO, now=NOON)
    slow_down(channel, seconds=60, reason="a test", now=NOON)
    rates = [rate for rate in rates_of(channel, "") if rate.key.startswith("sender")]
    assert given(acme, NOON + timedelta(seconds=59.9), *rates) == 0
    assert given(acme, NOON + timedelta(seconds=60), *rates) == 1


def test_a_bucket_belongs_to_its_workspace(acme: Workspace) -> None:
    given(acme, NOON)
    other = found("other", "clara@other.test")
    with workspace_scope(other):
        assert given(other, NOON) == 5
    with across_workspaces():
        assert Bucket.objects.count() == 2
