"""The floor under fire: of many who ask at once one speaks, and after a person took over nobody else does."""

import random
import threading
import time
from functools import partial

from django.db import connection, transaction

from messaging import floor
from messaging.floor import Busy, Grant
from messaging.models import Attempt, Conversation, Floor, Message
from messaging.services import dispatch
from project.kernel.scope import across_workspaces, workspace_scope
from tests.concurrency.overtaking import without_clause
from tests.concurrency.threads import at_once
from tests.journeys.world import World
from tests.properties.stage import Stage

ASKERS = 8
ROUNDS = 15


def ask(world: World, lead_id: int, holder: str = "primary") -> Grant | Busy:
    with workspace_scope(world.acme):
        return floor.acquire(workspace_id=world.acme.pk, lead_id=lead_id, holder=holder)


def ask_naively(world: World, lead_id: int) -> bool:
    """The guard off: look whether the floor is free, then write that it is ours."""
    with workspace_scope(world.acme), transaction.atomic():
        current = Floor.objects.get(lead_id=lead_id)
        if current.holder:
            return False
        time.sleep(0.002)
        Floor.objects.filter(pk=current.pk).update(holder="primary", priority=2, epoch=current.epoch + 1)
        return True


def known_lead(world: World) -> int:
    world.davi_says("Hello")
    with workspace_scope(world.acme):
        lead_id: int = world.conversation.lead_id
        floor.clear(lead_id=lead_id)
    return lead_id


def test_without_the_guard_several_get_the_floor(world: World) -> None:
    lead = known_lead(world)
    assert at_once(*[partial(ask_naively, world, lead)] * ASKERS).count(True) > 1


def test_of_many_who_ask_at_once_exactly_one_is_granted(world: World) -> None:
    lead = known_lead(world)
    for _ in range(ROUNDS):
        answers = at_once(*[partial(ask, world, lead)] * ASKERS)
        [grant] = [answer for answer in answers if isinstance(answer, Grant)]
        assert all(answer.holder == "primary" for answer in answers)
        with workspace_scope(world.acme):
            assert floor.current_floor(lead).epoch == grant.epoch
            assert floor.release(grant)


def test_of_many_priorities_at_once_the_highest_has_the_floor_in_the_end(world: World) -> None:
    lead = known_lead(world)
    for _ in range(ROUNDS):
        holders = ["marketing", "system", "bridge", "primary"] * 2
        answers = at_once(*(partial(ask, world, lead, holder) for holder in holders))
        grants = [answer for answer in answers if isinstance(answer, Grant)]
        assert len({grant.epoch for grant in grants}) == len(grants)
        newest = max(grants, key=lambda grant: grant.epoch)
        with workspace_scope(world.acme):
            assert (newest.holder, floor.current_floor(lead).epoch) == ("primary", newest.epoch)
            assert [floor.release(grant) for grant in grants if grant != newest] == [False] * (len(grants) - 1)
            assert floor.release(newest)


def test_a_first_word_of_an_unknown_lead_is_granted_once(world: World) -> None:
    lead = known_lead(world)
    with workspace_scope(world.acme):
        Floor.objects.all().delete()
    answers = at_once(*[partial(ask, world, lead)] * ASKERS)
    assert sum(isinstance(answer, Grant) for answer in answers) == 1


# -- a lease that has just run out -------------------------------------------------------------------------------


def wake_just_after_the_lease(stage: Stage, davi: Conversation) -> tuple[bool, bool]:
    """The holder was paused a moment too long. Whether another got the floor, and whether the holder still has it."""
    values = {"workspace_id": stage.workspace.pk, "lead_id": davi.lead_id, "holder": "primary"}
    holder = floor.acquire(**values)
    assert isinstance(holder, Grant)
    stage.clock.advance(floor.LEASE_SECONDS + 1)
    other = floor.acquire(**values)
    return isinstance(other, Grant), floor.renew(holder)


def test_without_the_delay_another_speaks_into_the_turn_of_one_who_wakes_up(stage: Stage, davi: Conversation) -> None:
    with without_clause(floor, "_ACQUIRE", "interval '2 seconds'", "interval '0'"):
        assert wake_just_after_the_lease(stage, davi) == (True, False)


def test_one_who_wakes_up_just_after_its_lease_still_has_the_floor(stage: Stage, davi: Conversation) -> None:
    assert wake_just_after_the_lease(stage, davi) == (False, True)
    stage.clock.advance(floor.LEASE_SECONDS + 2)
    assert isinstance(floor.acquire(workspace_id=stage.workspace.pk, lead_id=davi.lead_id, holder="primary"), Grant), (
        "and who never wakes up loses it"
    )


# -- a person takes over while the AI is about to speak ----------------------------------------------------------


class Dispatchers:
    """Workers that send whatever is due, until they are told to stop."""

    def __init__(self, world: World, count: int) -> None:
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._work, args=(world,)) for _ in range(count)]

    def _work(self, world: World) -> None:
        try:
            while not self.stopping.is_set():
                if not dispatch.send_one_due_message(world.now):
                    time.sleep(random.uniform(0, 0.05))
        finally:
            connection.close()

    def __enter__(self) -> None:
        for thread in self.threads:
            thread.start()

    def __exit__(self, *exc: object) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)


def test_after_the_commit_of_a_take_over_no_word_of_the_ai_begins_to_leave(world: World) -> None:
    """Each round queues a reply and lets a person take over a moment later, sooner or later by chance of threads."""
    from agents.coordinator import grant_floor, return_to_ai, take_over
    from agents.models.framework import Agent
    from messaging.models.messages import Voice
    from messaging.services.outbound import queue_message

    known_lead(world)
    outcomes: list[str] = []
    with Dispatchers(world, 2):
        for number in range(30):
            with workspace_scope(world.acme):
                conversation = world.conversation
                grant = grant_floor(conversation=conversation, agent=Agent.PRIMARY, reason="a test", now=world.now)
                assert isinstance(grant, Grant)
                reply = queue_message(
                    conversation=conversation, voice=Voice.AI, body=f"Reply {number}", intent_key=f"round:{number}",
                    grant=grant, now=world.now,
                )  # fmt: skip
                time.sleep(number % 8 * 0.002)
                take_over(conversation=conversation, user=world.bruno, now=world.now)
                begun = Attempt.objects.filter(message=reply).exists()
                outcomes.append(settled(reply))
                assert begun == (outcomes[-1] == "accepted"), "an attempt began after the take-over's commit"
                return_to_ai(conversation=conversation, user=world.bruno, reason="next round", now=world.now)
    heard = world.heard()
    assert len(set(heard)) == len(heard)
    assert {"accepted", "suppressed"} == set(outcomes), outcomes


def settled(message: Message) -> str:
    deadline = time.monotonic() + 20
    while True:
        with across_workspaces():
            message.refresh_from_db()
        if message.status in ("accepted", "suppressed"):
            return str(message.status)
        assert time.monotonic() < deadline, message.status
        time.sleep(0.002)
