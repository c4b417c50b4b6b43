"""The inbox: every event applied once, in order for each sender, never lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from crm.models import Workspace
from messaging.models import EventKey, WebhookEvent
from messaging.services import inbox
from messaging.services.inbox import (
    apply_one_due_event,
    claim_next_in_order,
    has_due_events,
    lock_sender,
    replay_event,
    store_event,
    stuck_events,
)
from tests.messaging import recorder as recording
from tests.messaging.recorder import Recorder

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WORKERS = 6

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def recorder(settings: pytest.FixtureRequest) -> Iterator[Recorder]:
    settings.WEBHOOK_SOURCES = recording.SOURCES  # type: ignore[attr-defined]
    recording.recorder = Recorder()
    yield recording.recorder
    recording.recorder.gate.set()


def store(key: str, body: bytes = b"", *, sender: str = "davi", at: datetime = NOW) -> bool:
    workspace, _ = Workspace.objects.get_or_create(slug="acme", defaults={"name": "Acme"})
    return store_event(
        workspace_id=workspace.pk,
        source="recorder",
        source_id=1,
        kind="inbound",
        key=key,
        order_key=sender,
        body=body,
        now=at,
    )


def effects() -> set[str]:
    return set(EventKey.objects.filter(source="effect").values_list("key", flat=True))


def test_an_event_is_applied_once_and_marked_in_the_same_transaction() -> None:
    assert store("1")
    assert [apply_one_due_event(NOW), apply_one_due_event(NOW)] == [True, False]
    event = WebhookEvent.objects.get()
    assert (event.state, event.applied_at, effects()) == ("applied", NOW, {"1"})


def test_a_repeated_key_is_not_stored_again_even_after_it_was_applied() -> None:
    assert store("1")
    apply_one_due_event(NOW)
    assert not store("1")
    assert WebhookEvent.objects.count() == 1


def test_texts_that_postgresql_cannot_hold_are_stored_all_the_same() -> None:
    workspace = Workspace.objects.create(slug="acme", name="Acme")
    assert store_event(
        workspace_id=workspace.pk,
        source="recorder",
        source_id=1,
        kind="k" * 100,
        key="a\x00b" + "x" * 999,
        order_key="\ud800" * 999,
        body=b"\x00\xff",
        query="\x00",
        headers={"user-agent": "\x00\udc80"},
        now=NOW,
    )
    event = WebhookEvent.objects.get()
    assert (bytes(event.body), event.key[:3], event.headers) == (b"\x00\xff", "a\ufffdb", {"user-agent": "\ufffd?"})


def test_an_event_that_concerns_nobody_is_marked_ignored() -> None:
    store("1", b"ignore")
    apply_one_due_event(NOW)
    assert WebhookEvent.objects.get().state == "ignored"


def test_what_cannot_be_read_is_parked_at_once_with_its_reason_and_undone() -> None:
    store("1", b"unreadable")
    assert apply_one_due_event(NOW)
    event = WebhookEvent.objects.get()
    assert (event.state, event.error) == ("parked", "UnreadablePayload: no \ufffd MessageSid")
    assert effects() == set()


@pytest.mark.parametrize("body", [b"broken", b"broken query"])
def test_what_breaks_is_undone_tried_again_later_and_parked_after_five_attempts(body: bytes) -> None:
    store("1", body)
    now, waits = NOW, []
    while apply_one_due_event(now):
        event = WebhookEvent.objects.get()
        waits.append((event.due_at - now).total_seconds())
        assert not apply_one_due_event(now)
        now = event.due_at
        if event.state == "parked":
            break
    assert (event.state, event.attempts_made, waits[:4]) == ("parked", 5, [2, 8, 32, 128])
    assert effects() == set()
    assert not apply_one_due_event(now + timedelta(days=1))


def test_an_event_that_ends_its_process_rests_after_each_death_and_is_parked_after_five() -> None:
    store("1", b"deadly")
    now, waits = NOW, []
    for _ in range(5):
        with pytest.raises(recording.ProcessEnded):
            apply_one_due_event(now)
        event = WebhookEvent.objects.get()
        waits.append((event.due_at - now).total_seconds())
        assert not apply_one_due_event(now)
        now = event.due_at
    assert apply_one_due_event(now)
    event.refresh_from_db()
    assert (event.state, waits[:4]) == ("parked", [2, 8, 32, 128])
    assert event.error == "WorkerDied: its worker died each time it was taken"


def test_a_worker_that_was_paused_before_its_work_leaves_it_to_who_took_it_since(recorder: Recorder) -> None:
    store("1")

    def claim_and_pause(now: datetime) -> WebhookEvent | None:
        transaction.on_commit(lambda: apply_one_due_event(NOW + timedelta(seconds=2)))
        return claim_next_in_order(now)

    assert apply_one_due_event(NOW, claim=claim_and_pause)
    assert recorder.keys("davi") == ["1"]
    assert WebhookEvent.objects.get().attempts_made == 2


def test_an_event_of_an_unknown_source_is_kept_and_parked_in_the_end(settings: pytest.FixtureRequest) -> None:
    store("1")
    settings.WEBHOOK_SOURCES = {}  # type: ignore[attr-defined]
    assert apply_one_due_event(NOW)
    event = WebhookEvent.objects.get()
    assert event.error == "UnknownSource: no source “recorder” in WEBHOOK_SOURCES"
    assert (event.state, event.attempts_made) == ("received", 1)


def test_later_events_wait_for_one_that_rests_and_other_senders_do_not(recorder: Recorder) -> None:
    store("1", b"broken")
    store("2")
    store("3", sender="clara")
    while apply_one_due_event(NOW):
        pass
    assert (recorder.keys("davi"), recorder.keys("clara")) == (["1"], ["3"])
    WebhookEvent.objects.filter(key="1").update(body=b"")
    while apply_one_due_event(NOW + timedelta(seconds=2)):
        pass
    assert recorder.keys("davi") == ["1", "1", "2"]


def test_later_events_go_on_when_one_is_parked_and_it_can_be_replayed(recorder: Recorder) -> None:
    store("1", b"unreadable")
    store("2")
    while apply_one_due_event(NOW):
        pass
    assert recorder.keys("davi") == ["1", "2"]
    parked = WebhookEvent.objects.get(key="1")
    WebhookEvent.objects.filter(key="1").update(body=b"")
    assert replay_event(parked, now=NOW)
    assert not replay_event(parked, now=NOW)
    assert apply_one_due_event(NOW)
    parked.refresh_from_db()
    assert (parked.state, parked.error) == ("applied", "")


def test_the_alarm_counts_what_waits_too_long() -> None:
    store("1")
    store("2", at=NOW + timedelta(seconds=50))
    later = NOW + timedelta(seconds=60)
    assert (has_due_events(later), has_due_events(NOW - timedelta(1))) == (True, False)
    assert [stuck_events(later, 30), stuck_events(later, 5), stuck_events(later, 90)] == [1, 2, 0]


# -- several workers at once -------------------------------------------------------------------------------------


def claim_without_order(now: datetime) -> WebhookEvent | None:
    """The guard off: any due event that nobody holds."""
    due = WebhookEvent.objects.filter(state="received", due_at__lte=now).order_by("due_at", "id")
    return due.select_for_update(skip_locked=True).first()


def no_lock(event: WebhookEvent) -> None:
    """Half of the guard off: order by what is committed, but nothing for what commits late."""


def drain_in_threads(claim: inbox.Claim, lock: inbox.Lock) -> None:
    def work() -> None:
        try:
            while WebhookEvent.objects.filter(state="received").exists():
                apply_one_due_event(NOW, claim=claim, lock=lock)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)


def store_for_several_senders() -> None:
    for number in range(20):
        for sender in ("davi", "clara", "bruno"):
            store(f"{sender}-{number:02}", b"slow", sender=sender)


def test_without_the_guard_workers_apply_one_sender_s_events_at_once(recorder: Recorder) -> None:
    store_for_several_senders()
    drain_in_threads(claim_without_order, no_lock)
    assert recorder.overlaps() > 0


def test_workers_apply_each_sender_s_events_one_at_a_time_in_order(recorder: Recorder) -> None:
    store_for_several_senders()
    drain_in_threads(claim_next_in_order, lock_sender)
    assert recorder.overlaps() == 0
    for sender in ("davi", "clara", "bruno"):
        assert recorder.keys(sender) == [f"{sender}-{number:02}" for number in range(20)]
    assert WebhookEvent.objects.filter(state="applied").count() == 60


def apply_while_a_later_one_is_under_way(lock: inbox.Lock, recorder: Recorder) -> None:
    """The earlier event appears (committed late, or replayed) while the later one is being applied."""
    store("1", b"unreadable")
    apply_one_due_event(NOW)
    store("2", b"wait")

    def work() -> None:
        try:
            apply_one_due_event(NOW, lock=lock)
        finally:
            connection.close()

    later = threading.Thread(target=work)
    later.start()
    assert recorder.entered.wait(10)
    WebhookEvent.objects.filter(key="1").update(body=b"")
    replay_event(WebhookEvent.objects.get(key="1"), now=NOW)
    earlier = threading.Thread(target=work)
    earlier.start()
    time.sleep(0.3)
    recorder.gate.set()
    later.join(10)
    earlier.join(10)
    assert not WebhookEvent.objects.exclude(state="applied").exists()


def test_without_the_lock_an_event_that_commits_late_overlaps(recorder: Recorder) -> None:
    apply_while_a_later_one_is_under_way(no_lock, recorder)
    assert recorder.overlaps() == 1


def test_an_event_that_commits_late_waits_for_the_one_under_way(recorder: Recorder) -> None:
    apply_while_a_later_one_is_under_way(lock_sender, recorder)
    assert recorder.overlaps() == 0
