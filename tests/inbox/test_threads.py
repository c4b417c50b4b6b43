"""The thread: what it shows, what may be done in it and by whom, and what a screen that lags behind is given."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents import coordinator
from messaging.models import Conversation, Message
from messaging.models.messages import MessageStatus
from project.kernel import clock
from project.kernel.scope import workspace_scope
from tests.inbox.screens import HTMX, Screens, open_screens, text_of
from tests.inbox.seed import helena, say, tell

pytestmark = pytest.mark.django_db


@pytest.fixture
def screens() -> Screens:
    screens = open_screens()
    with workspace_scope(screens.cast.acme):
        say(screens.cast.conversation, "customer", "Is there a person?", clock.now())
        _open_window(screens)
    return screens


def _open_window(screens: Screens) -> None:
    now = clock.now()
    screens.cast.conversation.windows.create(
        workspace=screens.cast.acme,
        channel=screens.cast.channel,
        address="whatsapp:+5511987654321",
        opened_at=now,
        closes_at=now + timedelta(hours=24),
    )


def conversation_of(screens: Screens) -> Conversation:
    with workspace_scope(screens.cast.acme):
        return Conversation.objects.select_related("lead__floor", "assignee").get(pk=screens.cast.conversation.pk)


def test_what_was_not_sent_stands_in_its_place_with_the_reason(screens: Screens) -> None:
    with workspace_scope(screens.cast.acme):
        opened = helena(screens.cast.acme, screens.cast.channel, clock.now())
    page = text_of(screens.bruno.get(screens.url(f"conversations/{opened.pk}/"), headers=HTMX))
    unsent = page.index("Not sent: Nurturing")
    assert page.index("Of course, Helena.") < unsent < page.index("Still here for you, Helena.")
    assert "She asked for a person less than 24 hours ago." in page[unsent:]
    assert "Waiting 37 minutes for a person." in page
    assert "Nobody answers right now" in page


def test_words_in_doubt_say_what_a_person_should_do(screens: Screens) -> None:
    with workspace_scope(screens.cast.acme):
        say(screens.cast.conversation, "ai", "Hello?", clock.now(), status=MessageStatus.IN_DOUBT)
        say(screens.cast.conversation, "ai", "Hm", clock.now(), status=MessageStatus.FAILED, error_code="30003")
    page = text_of(screens.bruno.get(screens.thread))
    assert "Ask the customer before you say it again." in page
    assert "The recipient's device cannot be reached now (error 30003)." in page


def test_taking_over_silences_the_ai_and_gives_the_thread_to_the_person(screens: Screens) -> None:
    response = screens.bruno.post(screens.thread + "take-over/", {"seq": 0}, headers=HTMX)
    assert response.status_code == 200
    assert "You have the conversation; the AI is silent." in text_of(response)
    assert "conversation-taken-over" in response["HX-Trigger-After-Swap"]
    assert conversation_of(screens).lead.floor.user == screens.cast.bruno


def test_sending_takes_over_by_itself_and_the_same_key_sends_once(screens: Screens) -> None:
    for _ in range(2):
        sent = {"body": "I am a person", "key": "once", "seq": 0}
        response = screens.bruno.post(screens.thread + "send/", sent, headers=HTMX)
        assert "message-queued" in response["HX-Trigger-After-Swap"]
    with workspace_scope(screens.cast.acme):
        assert Message.objects.filter(body="I am a person").count() == 1
    assert conversation_of(screens).lead.floor.holder == "human"


def test_a_refusal_of_the_gate_is_told_and_the_words_are_kept(screens: Screens) -> None:
    with workspace_scope(screens.cast.acme):
        screens.cast.conversation.windows.update(closes_at=clock.now() - timedelta(minutes=1))
    response = screens.bruno.post(screens.thread + "send/", {"body": "Too late", "seq": 0}, headers=HTMX)
    assert "message-refused" in response["HX-Trigger-After-Swap"]
    assert "Not sent: The service window is closed" in text_of(response)


def test_an_empty_message_is_refused_beside_the_field(screens: Screens) -> None:
    response = screens.bruno.post(screens.thread + "send/", {"body": " \n "}, headers=HTMX)
    assert response.status_code == 422
    assert "Write a message first." in text_of(response)


def test_everything_works_without_javascript(screens: Screens) -> None:
    for action, sent in (("take-over", {}), ("send", {"body": "Hi"}), ("return-to-ai", {}), ("resolve", {})):
        response = screens.bruno.post(f"{screens.thread}{action}/", sent)
        assert (response.status_code, response["Location"]) == (302, screens.thread), action
    assert conversation_of(screens).status == "resolved"


@pytest.mark.parametrize(
    "body", ["nul \0 byte", "half \udc80 surrogate".encode("utf-8", "surrogatepass"), "x" * 20_000]
)
def test_odd_words_never_break_the_screen(screens: Screens, body: str | bytes) -> None:
    response = screens.bruno.post(screens.thread + "send/", {"body": body}, headers=HTMX)
    assert response.status_code == 200
    assert screens.bruno.get(screens.thread).status_code == 200


def test_a_conversation_is_given_only_to_a_colleague_who_may_reply(screens: Screens) -> None:
    ana, vera, clara = (screens.cast.ana.pk, screens.cast.vera.pk, screens.cast.clara.pk)
    assert screens.bruno.post(screens.thread + "assign/", {"assignee": ana}, headers=HTMX).status_code == 200
    assert conversation_of(screens).assignee == screens.cast.ana
    for stranger in (vera, clara, 10**12):
        assert screens.bruno.post(screens.thread + "assign/", {"assignee": stranger}, headers=HTMX).status_code == 404
    screens.bruno.post(screens.thread + "assign/", {"assignee": ""}, headers=HTMX)
    assert conversation_of(screens).assignee is None


def test_a_lead_is_marked_as_important_beside_the_thread(screens: Screens) -> None:
    screens.bruno.post(screens.thread + "vip/", {"is_vip": "on"}, headers=HTMX)
    assert conversation_of(screens).lead.is_vip
    screens.bruno.post(screens.thread + "vip/", {}, headers=HTMX)
    assert not conversation_of(screens).lead.is_vip


def test_a_viewer_reads_and_is_refused_every_action(screens: Screens) -> None:
    page = screens.vera.get(screens.thread)
    assert page.status_code == 200
    assert "Take over" not in text_of(page)
    assert 'id="reply"' not in page.content.decode()
    for action in ("take-over", "send", "return-to-ai", "resolve", "assign", "vip", "seen"):
        assert screens.vera.post(f"{screens.thread}{action}/", {"body": "Hi"}, headers=HTMX).status_code == 403, action
    assert not hasattr(conversation_of(screens).lead, "floor")


def test_a_stranger_finds_no_thread_and_cannot_act_through_another_workspace(screens: Screens) -> None:
    other = f"/w/other/conversations/{screens.cast.conversation.pk}/"
    for place in (screens.thread, other, other + "since/", other + "trail/"):
        assert screens.clara.get(place).status_code == 404
    assert screens.clara.post(other + "take-over/").status_code == 404
    assert screens.bruno.get(screens.url("conversations/99999999/")).status_code == 404


def test_a_screen_gets_exactly_what_it_lacks(screens: Screens) -> None:
    seen = conversation_of(screens).seq
    assert screens.bruno.get(f"{screens.thread}since/?seq={seen}", headers=HTMX).status_code == 204
    with workspace_scope(screens.cast.acme):
        conversation = conversation_of(screens)
        say(conversation, "ai", "Yes, one moment.", clock.now())
        tell(conversation, "handover.requested", "Davi asked for a person.", clock.now())
    lacking = screens.bruno.get(f"{screens.thread}since/?seq={seen}", headers=HTMX)
    assert "Yes, one moment." in text_of(lacking)
    assert "Davi asked for a person." in text_of(lacking)
    assert "Is there a person?" not in lacking.content.decode().partition("data-stream")[2]
    assert f'data-seq="{seen + 1}"' in lacking.content.decode()


def test_a_changed_status_reaches_the_screen_as_the_same_line(screens: Screens) -> None:
    with workspace_scope(screens.cast.acme):
        conversation = conversation_of(screens)
        message = say(conversation, "ai", "Hello", clock.now(), status=MessageStatus.SENT)
        seen = conversation.seq
        conversation.seq = message.seq = seen + 1
        message.status = MessageStatus.READ
        conversation.save()
        message.save()
    lacking = screens.bruno.get(f"{screens.thread}since/?seq={seen}", headers=HTMX).content.decode()
    assert "composer-error" not in lacking  # news must not wipe away why something was refused
    assert f'id="m-{message.pk}"' in lacking
    assert 'aria-label="Read"' in lacking


def test_a_screen_that_slept_too_long_loads_anew(screens: Screens) -> None:
    with workspace_scope(screens.cast.acme):
        conversation = conversation_of(screens)
        for number in range(201):
            say(conversation, "ai", f"Line {number}", clock.now())
    response = screens.bruno.get(f"{screens.thread}since/?seq=1", headers=HTMX)
    assert (response.status_code, response["HX-Refresh"]) == (204, "true")


def test_earlier_pages_join_without_a_gap(screens: Screens) -> None:
    with workspace_scope(screens.cast.acme):
        conversation = conversation_of(screens)
        for number in range(120):
            say(conversation, "ai", f"Line {number}.", clock.now() + timedelta(seconds=number))
    pages = [screens.bruno.get(screens.thread)]
    while found := re.search(rb"earlier/\?before=(\d+)", pages[-1].content):
        pages.append(screens.bruno.get(f"{screens.thread}earlier/?before={found[1].decode()}", headers=HTMX))
    shown = [re.findall(rb'id="m-([^"]+)"', page.content) for page in reversed(pages)]
    with workspace_scope(screens.cast.acme):
        expected = [str(pk).encode() for pk in conversation.messages.order_by("position").values_list("pk", flat=True)]
    assert len(pages) == 3
    assert [pk for page in shown for pk in page] == expected


def test_the_trail_is_read_by_what_was_sent_and_what_was_not(screens: Screens) -> None:
    with workspace_scope(screens.cast.acme):
        tell(screens.cast.conversation, "message.queued", "The AI answered.", clock.now())
        tell(screens.cast.conversation, "message.suppressed", "Not sent: they opted out.", clock.now(), epoch=3)
        for number in range(50):
            tell(screens.cast.conversation, "hold.placed", f"Held {number}.", clock.now())
    sent = text_of(screens.bruno.get(screens.thread + "trail/?show=sent", headers=HTMX))
    assert "The AI answered." in sent and "Not sent: they opted out." not in sent
    unsent = text_of(screens.bruno.get(screens.thread + "trail/?show=unsent", headers=HTMX))
    assert "Not sent: they opted out." in unsent and "epoch 3" in unsent and "The AI answered." not in unsent
    story = text_of(screens.bruno.get(screens.thread + "trail/", headers=HTMX))
    assert "Held 49." in story and "The AI answered." not in story
    everything = screens.bruno.get(screens.thread + "trail/?show=all", headers=HTMX)
    older = re.search(r"before=(\d+)", everything.content.decode())
    assert older and "Not sent: they opted out." in text_of(
        screens.bruno.get(f"{screens.thread}trail/?show=all&before={older[1]}", headers=HTMX)
    )


def test_looking_at_a_thread_marks_it_as_read(screens: Screens) -> None:
    with workspace_scope(screens.cast.acme):
        Conversation.objects.update(unread=3)
    assert screens.bruno.post(screens.thread + "seen/").status_code == 204
    assert conversation_of(screens).unread == 0


def test_another_person_s_conversation_says_whose_it_is(screens: Screens) -> None:
    with workspace_scope(screens.cast.acme):
        coordinator.take_over(conversation=screens.cast.conversation, user=screens.cast.ana, now=clock.now())
    page = text_of(screens.bruno.get(screens.thread))
    assert "Take over from Ana" in page
    assert "Ana has the conversation. Sending takes it over." in page


def test_the_number_of_queries_does_not_grow_with_the_thread(screens: Screens) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            screens.bruno.get(screens.thread, headers=HTMX)
        return len(captured)

    few = queries()
    with workspace_scope(screens.cast.acme):
        conversation = conversation_of(screens)
        for number in range(30):
            say(conversation, "human", f"Line {number}", clock.now(), author=screens.cast.bruno)
            tell(conversation, "handover.requested", "Asked for a person.", clock.now())
    assert queries() == few
    assert few <= 26


def test_of_one_instant_the_customer_s_words_come_first_then_the_decision_then_the_answer(screens: Screens) -> None:
    with workspace_scope(screens.cast.acme):
        conversation, now = conversation_of(screens), clock.now() + timedelta(seconds=1)
        say(conversation, "customer", "A person, please.", now)
        say(conversation, "ai", "One is coming.", now)
        tell(conversation, "handover.requested", "They asked for a person.", now)
        tell(conversation, "handover.ended", "The handover is over.", now)
    page = text_of(screens.bruno.get(screens.thread, headers=HTMX))
    order = ("A person, please.", "They asked for a person.", "One is coming.", "The handover is over.")
    places = [page.index(words) for words in order]
    assert places == sorted(places)


def test_an_address_in_a_message_becomes_a_link_that_leaks_nothing(screens: Screens) -> None:
    with workspace_scope(screens.cast.acme):
        say(conversation_of(screens), "customer", 'https://x.test/?a="><script>alert(1)</script>', clock.now())
    page = screens.bruno.get(screens.thread, headers=HTMX).content.decode()
    assert 'rel="nofollow noopener noreferrer" target="_blank"' in page
    assert "<script>" not in page
