"""Not delivered: what ended without arriving, why, and what a person decides about it, there and in the thread."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from messaging.models import Attempt, Message
from messaging.models.deliveries import AttemptState
from messaging.models.messages import MessageStatus
from project.kernel import clock
from project.kernel.scope import workspace_scope
from tests.inbox.screens import HTMX, Screens, browser_of, open_screens, text_of
from tests.inbox.seed import hold_floor, say, talk

pytestmark = pytest.mark.django_db

WARNING = "The customer may already have it and would get it twice."


@pytest.fixture
def screens() -> Screens:
    return open_screens()


@pytest.fixture
def lost(screens: Screens) -> Message:
    """The AI's answer to Davi, which the carrier filtered."""
    return failed(screens, "Davi Two", "Good morning, Davi.")


@pytest.fixture
def doubted(screens: Screens) -> Message:
    """An answer that nobody could say arrived."""
    return failed(screens, "Elsa", "Your order has left.", status=MessageStatus.IN_DOUBT, error_code="")


def failed(screens: Screens, who: str, body: str, *, ago: float = 5, **fields: Any) -> Message:
    now = clock.now()
    with workspace_scope(screens.cast.acme):
        conversation = talk(screens.cast.acme, screens.cast.channel, who, now, ago=ago)
        conversation.windows.update(address="whatsapp:+5511900000001")
        ended = {"status": MessageStatus.FAILED, "error_code": "30007", "attempts_made": 1, **fields}
        ended.setdefault("priority", 2)
        message = say(conversation, "ai", body, now - timedelta(minutes=ago), **ended)
        attempt_of(message, now)
    return message


def attempt_of(message: Message, now: datetime) -> None:
    in_doubt = message.status in (MessageStatus.IN_DOUBT, MessageStatus.UNKNOWN)
    Attempt.objects.create(
        workspace_id=message.workspace_id,
        lead_id=message.lead_id,
        message=message,
        number=1,
        epoch=1,
        state=AttemptState.ABANDONED if in_doubt else AttemptState.ACCEPTED,
        started_at=now,
        deadline_at=now,
    )


def status_of(screens: Screens, message: Message) -> str:
    with workspace_scope(screens.cast.acme):
        return str(Message.objects.get(pk=message.pk).status)


def page(screens: Screens, query: str = "") -> str:
    return text_of(screens.bruno.get(screens.url(f"undelivered/{query}")))


def decide(screens: Screens, message: Message, what: str, sent: Any = None, **options: Any) -> HttpResponse:
    return screens.bruno.post(screens.url(f"undelivered/{message.pk}/{what}/"), sent, **options)


class TestTheList:
    def test_a_message_says_whose_it_was_what_it_said_and_why_it_ended(self, screens: Screens, lost: Message) -> None:
        shown = page(screens)
        assert "Davi Two" in shown
        assert "Good morning, Davi." in shown
        assert "The carrier filtered the message (error 30007) · AI · Sales, WhatsApp · 1 try" in shown

    def test_the_newest_stands_first(self, screens: Screens) -> None:
        for who, ago in (("Older", 60), ("Newer", 5), ("Oldest", 600)):
            failed(screens, who, "Hello", ago=ago)
        shown = page(screens)
        places = [shown.index(f"{who} ") for who in ("Newer", "Older", "Oldest")]
        assert places == sorted(places)

    def test_reasons_and_channels_narrow_it_and_count_what_is_left(self, screens: Screens, lost: Message) -> None:
        failed(screens, "Felix", "Hello", error_code="63016")
        found = screens.bruno.get(screens.url("undelivered/?reason=63016")).context["found"]
        assert [letter.who for letter in found.letters] == ["Felix"]
        assert {(choice.value, choice.count) for choice in found.reasons} == {("30007", 1), ("63016", 1)}
        assert [(choice.label, choice.count) for choice in found.channels] == [("Sales", 1)]
        channel = screens.cast.channel.pk
        assert len(screens.bruno.get(screens.url(f"undelivered/?channel={channel}")).context["found"].letters) == 2
        assert "Nothing ended this way" in page(screens, f"?channel={channel + 1}")

    @pytest.mark.parametrize("query", ["?reason=%00", "?channel=x", "?channel=" + "9" * 30, "?reason=" + "a" * 500])
    def test_a_filter_that_nobody_offered_finds_nothing_or_everything(self, screens: Screens, query: str) -> None:
        assert screens.bruno.get(screens.url(f"undelivered/{query}")).status_code == 200

    def test_pages_follow_one_another_without_a_gap(self, screens: Screens) -> None:
        with workspace_scope(screens.cast.acme):
            at = clock.now()
            for number in range(60):
                say(screens.cast.conversation, "ai", f"Number {number}", at, status="failed", error_code="30007")
        first = screens.bruno.get(screens.url("undelivered/")).context["found"]
        rest = screens.bruno.get(screens.url(f"undelivered/?before={first.older}"), headers=HTMX).context["found"]
        assert len({letter.id for letter in (*first.letters, *rest.letters)}) == 60
        assert rest.older == ""
        assert screens.bruno.get(screens.url("undelivered/?before=x")).status_code == 404

    def test_an_empty_one_explains_itself(self, screens: Screens) -> None:
        assert "Everything arrived, or is on its way" in page(screens)

    def test_it_costs_the_same_however_long_it_is(self, screens: Screens, lost: Message) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as captured:
                screens.bruno.get(screens.url("undelivered/"))
            return len(captured)

        few = queries()
        for number in range(8):
            failed(screens, f"Lead {number}", "Hello")
        assert queries() == few <= 9

    def test_strangers_find_nothing_and_viewers_decide_nothing(self, screens: Screens, lost: Message) -> None:
        assert screens.clara.get(screens.url("undelivered/")).status_code == 404
        assert "Send again" not in text_of(screens.vera.get(screens.url("undelivered/")))
        for what in ("replay", "dismiss"):
            url = screens.url(f"undelivered/{lost.pk}/{what}/")
            assert screens.vera.post(url).status_code == 403
            assert screens.clara.post(url).status_code == 404
            assert screens.clara.post(url.replace("/acme/", "/other/")).status_code == 404
        assert screens.vera.post(screens.url("undelivered/replay/?reason=30007")).status_code == 403
        assert status_of(screens, lost) == "failed"


class TestTheRail:
    def test_it_counts_what_waits_for_a_decision_and_nothing_else(self, screens: Screens) -> None:
        assert 'id="undelivered-count" hidden' in screens.bruno.get(screens.url("handovers/")).content.decode()
        failed(screens, "Felix", "Hello")
        assert "Not delivered 1 not delivered" in text_of(screens.bruno.get(screens.url("handovers/")))
        assert "Not delivered" not in text_of(screens.vera.get(screens.url("handovers/")))

    def test_it_counts_no_further_than_it_can_say(self, screens: Screens) -> None:
        with workspace_scope(screens.cast.acme):
            for _ in range(101):
                say(screens.cast.conversation, "ai", "Hello", clock.now(), status="failed")
        assert "Not delivered 99+" in text_of(screens.bruno.get(screens.url("handovers/")))


class TestDeciding:
    def test_it_is_sent_again_and_leaves_the_list(self, screens: Screens, lost: Message) -> None:
        answer = decide(screens, lost, "replay", headers=HTMX)
        assert status_of(screens, lost) == "queued"
        assert "Everything arrived" in text_of(answer)
        assert 'id="undelivered-count" hidden' in answer.content.decode()

    def test_it_is_let_be_and_leaves_the_list(self, screens: Screens, lost: Message) -> None:
        decide(screens, lost, "dismiss", headers=HTMX)
        assert status_of(screens, lost) == "failed"
        assert "Everything arrived" in page(screens)

    def test_everything_works_without_javascript(self, screens: Screens, lost: Message) -> None:
        other = failed(screens, "Felix", "Hello")
        for message, what in ((lost, "dismiss"), (other, "replay")):
            answer = screens.bruno.post(screens.url(f"undelivered/{message.pk}/{what}/?reason=30007"))
            assert (answer.status_code, answer["Location"]) == (302, screens.url("undelivered/?reason=30007"))

    def test_what_is_in_doubt_is_sent_again_only_after_a_warning(self, screens: Screens, doubted: Message) -> None:
        shown = page(screens)
        assert "Nobody could say whether it arrived" in shown
        assert WARNING in shown
        refused = decide(screens, doubted, "replay", headers=HTMX)
        assert "twice" in refused["HX-Trigger"]
        assert status_of(screens, doubted) == "in_doubt"
        decide(screens, doubted, "replay", {"despite_doubt": "on"}, headers=HTMX)
        assert status_of(screens, doubted) == "queued"

    def test_a_decision_that_came_too_late_is_told(self, screens: Screens, lost: Message) -> None:
        decide(screens, lost, "dismiss")
        late = decide(screens, lost, "replay", headers=HTMX)
        assert "no longer" in late["HX-Trigger"]
        assert "no longer" in text_of(decide(screens, lost, "replay", follow=True))

    def test_words_that_no_longer_fit_are_withheld_and_say_why(self, screens: Screens, lost: Message) -> None:
        with workspace_scope(screens.cast.acme):
            lost.conversation.windows.update(closes_at=clock.now() - timedelta(minutes=1))
        answer = decide(screens, lost, "replay", headers=HTMX)
        assert "Not sent: The service window is closed" in answer["HX-Trigger"]
        assert status_of(screens, lost) == "suppressed"

    def test_somebody_else_s_conversation_is_not_spoken_into(self, screens: Screens, lost: Message) -> None:
        with workspace_scope(screens.cast.acme):
            hold_floor(lost.conversation, screens.cast.ana)
        assert "Ana holds the floor" in decide(screens, lost, "replay", headers=HTMX)["HX-Trigger"]
        assert status_of(screens, lost) == "failed"

    def test_after_an_outage_all_of_one_reason_go_again_but_not_what_is_in_doubt(
        self, screens: Screens, lost: Message, doubted: Message
    ) -> None:
        second = failed(screens, "Felix", "Hello")
        other = failed(screens, "Gil", "Hello", error_code="63016")
        assert "Send all 2 again" in page(screens, "?reason=30007")
        assert "Send all" not in page(screens, "?reason=in-doubt")
        answer = screens.bruno.post(screens.url("undelivered/replay/?reason=30007"), headers=HTMX)
        assert "2 on their way again." in answer["HX-Trigger"]
        fates = [status_of(screens, message) for message in (lost, second, other, doubted)]
        assert fates == ["queued", "queued", "failed", "in_doubt"]
        assert screens.bruno.post(screens.url("undelivered/replay/")).status_code == 404


class TestInTheThread:
    def test_a_failed_message_is_sent_again_or_let_be_where_it_stands(self, screens: Screens, lost: Message) -> None:
        thread = screens.url(f"conversations/{lost.conversation_id}/")
        assert "Let it be Send again" in text_of(screens.bruno.get(thread))
        assert "Let it be" not in text_of(screens.vera.get(thread))
        answer = screens.bruno.post(f"{thread}messages/{lost.pk}/dismiss/", {"seq": 0}, headers=HTMX)
        assert "It was left as it is." in text_of(answer)
        assert "Let it be" not in text_of(answer)

    def test_one_in_doubt_warns_first(self, screens: Screens, doubted: Message) -> None:
        thread = screens.url(f"conversations/{doubted.conversation_id}/")
        assert WARNING in text_of(screens.bruno.get(thread))
        url = f"{thread}messages/{doubted.pk}/replay/"
        assert "twice" in screens.bruno.post(url, {"seq": 0}, headers=HTMX)["HX-Trigger"]
        assert screens.bruno.post(url, {"despite_doubt": "on"}).status_code == 302
        assert status_of(screens, doubted) == "queued"

    def test_a_person_need_not_wait_for_the_provider_s_answer(self, screens: Screens) -> None:
        waiting = failed(screens, "Hugo", "Hello", status=MessageStatus.UNKNOWN, error_code="")
        with workspace_scope(screens.cast.acme):
            waiting.attempts.update(state=AttemptState.UNKNOWN, settle_at=clock.now() + timedelta(minutes=1))
        thread = screens.url(f"conversations/{waiting.conversation_id}/")
        shown = text_of(screens.bruno.get(thread))
        assert "Nobody knows yet whether it arrived" in shown
        assert "Do not wait…" in shown
        url = f"{thread}messages/{waiting.pk}/override-doubt/"
        assert "Send again…" in text_of(screens.bruno.post(url, {"seq": 0}, headers=HTMX))
        assert status_of(screens, waiting) == "in_doubt"
        assert "not waiting" in screens.bruno.post(url, {"seq": 0}, headers=HTMX)["HX-Trigger"]

    def test_a_message_of_another_conversation_or_workspace_is_not_there(self, screens: Screens, lost: Message) -> None:
        for what in ("replay", "dismiss", "override-doubt"):
            path = f"messages/{lost.pk}/{what}/"
            assert screens.bruno.post(screens.thread + path).status_code == 404
            thread = screens.url(f"conversations/{lost.conversation_id}/")
            assert screens.vera.post(thread + path).status_code == 403
            assert browser_of(screens.cast.clara).post(thread + path).status_code == 404
