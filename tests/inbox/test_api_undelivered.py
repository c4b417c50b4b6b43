"""The API's side of what did not arrive, and of senders that stand still."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging.models import Message, SenderChange
from messaging.models.deliveries import AttemptState
from project.kernel import clock
from project.kernel.scope import workspace_scope
from tests.inbox.api import Caller
from tests.inbox.screens import Screens, open_screens
from tests.inbox.seed import hold_floor
from tests.inbox.test_undelivered import failed

pytestmark = pytest.mark.django_db


@pytest.fixture
def screens() -> Screens:
    return open_screens()


@pytest.fixture
def bruno(screens: Screens) -> Caller:
    return Caller(screens.cast.bruno)


@pytest.fixture
def ana(screens: Screens) -> Caller:
    return Caller(screens.cast.ana)


@pytest.fixture
def lost(screens: Screens) -> Message:
    return failed(screens, "Elsa", "Good morning, Elsa.")


@pytest.fixture
def doubted(screens: Screens) -> Message:
    return failed(screens, "Felix", "Your order has left.", status="in_doubt", error_code="", ago=60)


def listed(caller: Caller, **query: Any) -> list[str]:
    return [row["id"] for row in caller.get("messages/undelivered/", **query)["results"]]


class TestUndelivered:
    def test_it_says_whose_it_was_why_it_ended_and_whether_it_may_have_arrived(
        self, bruno: Caller, lost: Message, doubted: Message
    ) -> None:
        first, second = bruno.get("messages/undelivered/")["results"]
        assert (first["lead"]["name"], first["body"]) == ("Elsa", "Good morning, Elsa.")
        assert first["reason"] == "The carrier filtered the message (error 30007)"
        assert (first["may_have_arrived"], second["may_have_arrived"]) == (False, True)
        assert (first["attempts_made"], first["error_code"], second["status"]) == (1, "30007", "in_doubt")

    def test_it_is_narrowed_by_channel_status_and_code(
        self, screens: Screens, bruno: Caller, lost: Message, doubted: Message
    ) -> None:
        assert listed(bruno, status="in_doubt") == [str(doubted.pk)]
        assert listed(bruno, code="30007") == [str(lost.pk)]
        assert len(listed(bruno, channel=screens.cast.channel.pk)) == 2
        assert list(bruno.get("messages/undelivered/", status="read", expect=400)["fields"]) == ["status"]

    def test_it_costs_the_same_for_one_and_for_many(self, screens: Screens, bruno: Caller, lost: Message) -> None:
        with CaptureQueriesContext(connection) as few:
            listed(bruno)
        for number in range(6):
            failed(screens, f"Lead {number}", "Hello")
        with CaptureQueriesContext(connection) as many:
            assert len(listed(bruno)) == 7
        assert len(many) == len(few) <= 6


class TestDeciding:
    def test_a_replay_queues_the_same_message_and_a_second_one_is_refused(self, bruno: Caller, lost: Message) -> None:
        answer = bruno.post(f"messages/{lost.pk}/replay/", {})
        assert (answer["id"], answer["status"]) == (str(lost.pk), "queued")
        assert bruno.post(f"messages/{lost.pk}/replay/", {}, expect=409)["code"] == "not_undelivered"
        assert listed(bruno) == []

    def test_what_is_in_doubt_needs_to_be_accepted(self, bruno: Caller, doubted: Message) -> None:
        assert bruno.post(f"messages/{doubted.pk}/replay/", {}, expect=409)["code"] == "in_doubt"
        assert bruno.post(f"messages/{doubted.pk}/replay/", {"despite_doubt": True})["status"] == "queued"

    def test_a_replay_into_somebody_s_conversation_is_refused(
        self, screens: Screens, bruno: Caller, lost: Message
    ) -> None:
        with workspace_scope(screens.cast.acme):
            hold_floor(lost.conversation, screens.cast.ana)
        assert bruno.post(f"messages/{lost.pk}/replay/", {}, expect=409)["code"] == "floor_taken"

    def test_a_dismissed_one_is_no_longer_listed(self, bruno: Caller, lost: Message) -> None:
        assert bruno.post(f"messages/{lost.pk}/dismiss/")["status"] == "failed"
        assert listed(bruno) == []
        assert bruno.post(f"messages/{lost.pk}/dismiss/", expect=409)["code"] == "not_undelivered"

    def test_a_doubt_is_overridden_once(self, screens: Screens, bruno: Caller) -> None:
        waiting = failed(screens, "Gil", "Hello", status="unknown", error_code="")
        with workspace_scope(screens.cast.acme):
            waiting.attempts.update(state=AttemptState.UNKNOWN, settle_at=clock.now() + timedelta(minutes=1))
        assert bruno.post(f"messages/{waiting.pk}/override-doubt/")["status"] == "in_doubt"
        assert bruno.post(f"messages/{waiting.pk}/override-doubt/", expect=409)["code"] == "not_waiting"

    def test_viewers_and_strangers_decide_nothing(self, screens: Screens, lost: Message) -> None:
        for what in ("replay", "dismiss", "override-doubt"):
            path = f"messages/{lost.pk}/{what}/"
            assert Caller(screens.cast.vera).post(path, {}, expect=403)["code"] == "not_allowed"
            Caller(screens.cast.clara).post(path, {}, expect=404)
        assert listed(Caller(screens.cast.clara)) == []

    @pytest.mark.parametrize("body", [{"despite_doubt": "perhaps"}, [], "x"])
    def test_a_body_that_says_nothing_clear_sends_nothing(self, bruno: Caller, lost: Message, body: Any) -> None:
        bruno.post(f"messages/{lost.pk}/replay/", body, expect=400)
        assert listed(bruno) == [str(lost.pk)]


class TestChannels:
    def test_each_says_whether_it_sends(self, bruno: Caller) -> None:
        [channel] = bruno.get("channels/")
        assert (channel["kind"], channel["name"], channel["paused_at"]) == ("whatsapp_twilio", "Sales", None)
        assert {"paused_reason", "resumes_at", "rests_until", "rest_reason", "swept_at"} <= set(channel)
        assert not {"secrets", "settings", "token"} & set(channel)

    def test_a_pause_and_its_end_are_kept_with_who_and_why(self, screens: Screens, ana: Caller) -> None:
        path = f"channels/{screens.cast.channel.pk}"
        paused = ana.post(f"{path}/pause/", {"reason": "The number moves to another account"})
        assert paused["paused_reason"] == "The number moves to another account"
        again = ana.post(f"{path}/pause/", {"reason": "Another reason"})
        assert (again["paused_reason"], again["paused_at"]) == (paused["paused_reason"], paused["paused_at"])
        assert ana.post(f"{path}/resume/")["paused_at"] is None
        ana.post(f"{path}/resume/")
        with workspace_scope(screens.cast.acme):
            changes = SenderChange.objects.order_by("id").values_list("sending", "actor", "user", "reason")
            assert list(changes) == [
                ("paused", "Ana", screens.cast.ana.pk, "The number moves to another account"),
                ("resumed", "Ana", screens.cast.ana.pk, ""),
            ]

    def test_only_who_may_change_settings_stops_a_sender(self, screens: Screens, bruno: Caller) -> None:
        path = f"channels/{screens.cast.channel.pk}"
        assert bruno.post(f"{path}/pause/", {"reason": "x"}, expect=403)["code"] == "not_allowed"
        bruno.post(f"{path}/resume/", expect=403)
        Caller(screens.cast.clara).post(f"{path}/resume/", expect=404)

    def test_a_pause_without_a_reason_is_refused(self, screens: Screens, ana: Caller) -> None:
        path = f"channels/{screens.cast.channel.pk}/pause/"
        assert list(ana.post(path, {}, expect=400)["fields"]) == ["reason"]
