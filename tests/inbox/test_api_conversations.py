from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import TrailEntry
from crm.services.trail import record_decision
from handover.models import Handover
from messaging.models import Conversation, Floor, Message, ServiceWindow
from project.kernel import clock
from project.kernel.scope import workspace_scope
from tests.cast import DAVIS_PHONE, NOON, Cast, found, gather_cast, join, meet
from tests.inbox.api import Caller
from tests.one_of_each import waiting_handover, withheld_reply, words_of_davi

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return gather_cast()


@pytest.fixture
def bruno(cast: Cast) -> Caller:
    return Caller(cast.bruno)


@pytest.fixture
def path(cast: Cast) -> str:
    return f"conversations/{cast.conversation.pk}/"


def crowd(cast: Cast, size: int) -> None:
    """More conversations, each with everything its row shows."""
    with workspace_scope(cast.acme):
        for number in range(size):
            at = NOON - timedelta(minutes=number + 1)
            lead, conversation = meet(cast.acme, cast.channel, f"+55119000000{number:02}", f"Lead {number}", at)
            Floor.objects.create(workspace=cast.acme, lead=lead, holder="human", user=cast.bruno, priority=1, epoch=1)
            ServiceWindow.objects.create(
                workspace=cast.acme, conversation=conversation, channel=cast.channel, opened_at=at, closes_at=at
            )
            Conversation.objects.filter(pk=conversation.pk).update(assignee=cast.bruno)


class TestReading:
    def test_a_conversation_says_who_may_speak_in_it(self, cast: Cast, bruno: Caller, path: str) -> None:
        with workspace_scope(cast.acme):
            Floor.objects.create(
                workspace=cast.acme, lead=cast.davi, holder="human", user=cast.bruno, priority=1, epoch=7
            )
            handover = waiting_handover(cast)

        answer = bruno.get(path)

        assert answer["lead"] == {"id": cast.davi.pk, "name": "Davi", "company": "", "is_vip": False}
        assert answer["channel"] == {"id": cast.channel.pk, "kind": "whatsapp_twilio", "name": "Sales"}
        assert (answer["floor"]["holder"], answer["floor"]["epoch"]) == ("human", 7)
        assert answer["floor"]["user"]["name"] == "Bruno"
        assert answer["open_handover"] == handover.pk

    def test_a_conversation_without_a_floor_or_a_handover_is_shown(self, bruno: Caller, path: str) -> None:
        answer = bruno.get(path)
        assert (answer["floor"], answer["open_handover"], answer["window_closes_at"]) == (None, None, None)

    def test_a_list_costs_the_same_for_one_row_and_for_many(self, cast: Cast, bruno: Caller) -> None:
        with CaptureQueriesContext(connection) as few:
            assert len(bruno.get("conversations/")["results"]) == 1
        crowd(cast, 20)
        with CaptureQueriesContext(connection) as many:
            assert len(bruno.get("conversations/")["results"]) == 21
        assert len(many) == len(few) <= 8

    def test_pages_follow_one_another_without_gaps(self, cast: Cast, bruno: Caller) -> None:
        crowd(cast, 7)
        seen: list[int] = []
        answer = bruno.get("conversations/", page_size=3)
        while True:
            seen += [row["id"] for row in answer["results"]]
            if answer["next"] is None:
                break
            answer = bruno.get(answer["next"].split("/api/v1/")[1])
        assert len(seen) == len(set(seen)) == 8
        assert seen[0] == cast.conversation.pk

    @pytest.mark.parametrize(
        ("view", "names"),
        [
            ("waiting", {"Davi"}),
            ("mine", {"Mara"}),
            ("ai", {"Iris", "Rita"}),
            ("open", {"Davi", "Mara", "Iris", "Rita"}),
            ("unassigned", {"Davi", "Iris", "Rita"}),
            ("closing", {"Rita"}),
            ("resolved", {"Zoe"}),
        ],
    )
    def test_the_views_are_those_of_the_inbox(self, cast: Cast, bruno: Caller, view: str, names: set[str]) -> None:
        with workspace_scope(cast.acme):
            waiting_handover(cast)
            mara, _ = meet(cast.acme, cast.channel, "+5511900000001", "Mara")
            Floor.objects.create(workspace=cast.acme, lead=mara, holder="human", user=cast.bruno, priority=1, epoch=1)
            Conversation.objects.filter(lead=mara).update(assignee=cast.bruno)
            meet(cast.acme, cast.channel, "+5511900000002", "Iris")
            _, ritas = meet(cast.acme, cast.channel, "+5511900000003", "Rita")
            ServiceWindow.objects.create(
                workspace=cast.acme,
                conversation=ritas,
                channel=cast.channel,
                opened_at=NOON,
                closes_at=clock.now() + timedelta(hours=2),
            )
            zoe, _ = meet(cast.acme, cast.channel, "+5511900000004", "Zoe")
            Conversation.objects.filter(lead=zoe).update(status="resolved", resolved_at=NOON)
        assert {row["lead"]["name"] for row in bruno.get("conversations/", view=view)["results"]} == names

    @pytest.mark.parametrize("search", ["davi", "DAV", "98765", "acme corp", "lead.test"])
    def test_a_search_finds_people_by_any_name(self, cast: Cast, bruno: Caller, search: str) -> None:
        crowd(cast, 2)
        with workspace_scope(cast.acme):
            cast.davi.company, cast.davi.email = "Acme Corp", "davi@lead.test"
            cast.davi.save(update_fields=["company", "email"])
        assert [row["lead"]["name"] for row in bruno.get("conversations/", search=search)["results"]] == ["Davi"]

    def test_conversations_are_narrowed_by_status_and_assignee(self, cast: Cast, bruno: Caller) -> None:
        crowd(cast, 2)
        assert len(bruno.get("conversations/", assignee="me")["results"]) == 2
        assert len(bruno.get("conversations/", assignee=str(cast.ana.pk))["results"]) == 0
        assert len(bruno.get("conversations/", assignee="none")["results"]) == 1
        assert len(bruno.get("conversations/", status="resolved")["results"]) == 0

    def test_the_trail_is_told_in_order_and_in_pieces(self, cast: Cast, bruno: Caller, path: str) -> None:
        with workspace_scope(cast.acme):
            for number in range(3):
                record_decision(lead=cast.davi, actor="gate", kind="x.y", reason=f"Reason {number}.", now=NOON)
        events = bruno.get(f"{path}trail/")
        assert [event["reason"] for event in events[-3:]] == ["Reason 0.", "Reason 1.", "Reason 2."]
        assert bruno.get(f"{path}trail/", after=events[-2]["id"]) == [events[-1]]


class TestMessages:
    def test_withheld_messages_explain_themselves(self, cast: Cast, bruno: Caller, path: str) -> None:
        with workspace_scope(cast.acme):
            words_of_davi(cast)
            withheld_reply(cast)

        newest, oldest = bruno.get(f"{path}messages/")["results"]

        assert newest["status"] == "suppressed"
        assert newest["verdict"]["code"] == "window_closed"
        assert newest["verdict"]["reason"] == "The customer wrote more than 24 hours ago."
        assert (oldest["direction"], oldest["body"]) == ("in", "I want to talk to a human")
        assert oldest["verdict"] is None

    def test_only_what_changed_since_is_fetched(self, cast: Cast, bruno: Caller, path: str) -> None:
        with workspace_scope(cast.acme):
            for position in range(1, 5):
                words_of_davi(cast, f"Word {position}", position)
            Message.objects.filter(position=1).update(seq=9)
        answer = bruno.get(f"{path}messages/", after=3)
        assert [(row["body"], row["seq"]) for row in answer["results"]] == [("Word 4", 4), ("Word 1", 9)]

    def test_a_list_of_messages_costs_the_same_for_one_and_for_many(self, cast: Cast, bruno: Caller, path: str) -> None:
        with workspace_scope(cast.acme):
            withheld_reply(cast, 1, author=cast.bruno)
        with CaptureQueriesContext(connection) as few:
            bruno.get(f"{path}messages/")
        with workspace_scope(cast.acme):
            for position in range(2, 20):
                withheld_reply(cast, position, author=cast.bruno)
        with CaptureQueriesContext(connection) as many:
            assert len(bruno.get(f"{path}messages/")["results"]) == 19
        assert len(many) == len(few) <= 8


class TestActing:
    def test_a_person_writes_and_the_ai_falls_silent(self, cast: Cast, bruno: Caller, path: str) -> None:
        message = bruno.post(f"{path}messages/", {"body": "Bruno here, hello!"}, expect=201)

        assert (message["voice"], message["body"]) == ("human", "Bruno here, hello!")
        assert message["author"]["email"] == "bruno@acme.test"
        with workspace_scope(cast.acme):
            floor = Floor.objects.get(lead=cast.davi)
        assert (floor.holder, floor.user_id) == ("human", cast.bruno.pk)

    def test_a_message_beyond_the_window_comes_back_with_its_verdict(
        self, cast: Cast, bruno: Caller, path: str
    ) -> None:
        """Davi never wrote, so WhatsApp would not take free text."""
        message = bruno.post(f"{path}messages/", {"body": "Are you there?"}, expect=201)
        assert message["status"] == "suppressed"
        assert message["verdict"]["outcome"] == "suppress"
        assert message["verdict"]["reason"]

    def test_the_same_key_sends_once(self, cast: Cast, bruno: Caller, path: str) -> None:
        first = bruno.post(f"{path}messages/", {"body": "Hello"}, expect=201, **{"Idempotency-Key": "k-1"})
        again = bruno.post(f"{path}messages/", {"body": "Hello"}, expect=201, **{"Idempotency-Key": "k-1"})
        assert again["id"] == first["id"]
        with workspace_scope(cast.acme):
            assert Message.objects.count() == 1

    def test_a_late_retry_does_not_take_the_conversation_again(self, bruno: Caller, path: str) -> None:
        key = {"Idempotency-Key": "k-1"}
        bruno.post(f"{path}messages/", {"body": "Hello"}, expect=201, **key)
        bruno.post(f"{path}return-to-ai/")
        bruno.post(f"{path}messages/", {"body": "Hello"}, expect=201, **key)
        assert bruno.get(path)["floor"]["holder"] == ""

    def test_the_same_key_of_two_people_is_two_messages(self, cast: Cast, bruno: Caller, path: str) -> None:
        key = {"Idempotency-Key": "k-1"}
        bruno.post(f"{path}messages/", {"body": "Hello"}, expect=201, **key)
        Caller(cast.ana).post(f"{path}messages/", {"body": "Hello"}, expect=201, **key)
        with workspace_scope(cast.acme):
            assert Message.objects.count() == 2

    def test_a_key_used_again_for_other_words_or_elsewhere_is_refused(
        self, cast: Cast, bruno: Caller, path: str
    ) -> None:
        with workspace_scope(cast.acme):
            mara, hers = meet(cast.acme, cast.channel, "+5511900000001", "Mara")
        key = {"Idempotency-Key": "k-1"}
        bruno.post(f"{path}messages/", {"body": "Hello"}, expect=201, **key)

        assert bruno.post(f"{path}messages/", {"body": "Bye"}, expect=409, **key)["code"] == "key_reused"
        bruno.post(f"conversations/{hers.pk}/messages/", {"body": "Hello"}, expect=409, **key)

        with workspace_scope(cast.acme):
            assert Message.objects.count() == 1
            assert not Floor.objects.filter(lead=mara).exclude(holder="").exists()

    def test_taking_over_returning_and_resolving(self, cast: Cast, bruno: Caller, path: str) -> None:
        taken = bruno.post(f"{path}take-over/")
        assert (taken["floor"]["holder"], taken["assignee"]["name"]) == ("human", "Bruno")

        returned = bruno.post(f"{path}return-to-ai/")
        assert returned["floor"]["holder"] == ""

        resolved = bruno.post(f"{path}resolve/")
        assert resolved["status"] == "resolved"
        assert resolved["resolved_at"]

        with workspace_scope(cast.acme):
            kinds = list(TrailEntry.objects.filter(lead=cast.davi).values_list("kind", flat=True))
        assert {"floor.taken_over", "floor.returned", "conversation.resolved"} <= set(kinds)

    def test_acting_twice_changes_nothing_more(self, bruno: Caller, path: str) -> None:
        first = bruno.post(f"{path}take-over/")
        assert bruno.post(f"{path}take-over/")["floor"]["epoch"] == first["floor"]["epoch"]
        bruno.post(f"{path}resolve/")
        assert bruno.post(f"{path}resolve/")["status"] == "resolved"
        assert bruno.post(f"{path}return-to-ai/")["status"] == "resolved"

    def test_resolving_leaves_other_conversations_alone(self, cast: Cast, bruno: Caller, path: str) -> None:
        crowd(cast, 1)
        bruno.post(f"{path}resolve/")
        assert len(bruno.get("conversations/", status="open")["results"]) == 1


class TestHandovers:
    def test_a_handover_shows_its_ladder_in_order_of_time(self, cast: Cast, bruno: Caller) -> None:
        with workspace_scope(cast.acme):
            handover = waiting_handover(cast)
        answer = bruno.get(f"handovers/{handover.pk}/")
        assert [step["rung"] for step in answer["steps"]] == ["alert", "update", "bridge", "resume"]
        assert answer["request"] == "I want to talk to a human"
        assert answer["lead"]["name"] == "Davi"

    def test_the_queue_is_narrowed_by_state_and_costs_no_query_per_row(self, cast: Cast, bruno: Caller) -> None:
        with workspace_scope(cast.acme):
            handover = waiting_handover(cast)
        with CaptureQueriesContext(connection) as few:
            bruno.get("handovers/")
        with workspace_scope(cast.acme):
            Handover.objects.filter(pk=handover.pk).update(state="answered", ended_at=NOON)
            for _ in range(5):
                ended = waiting_handover(cast)
                Handover.objects.filter(pk=ended.pk).update(state="answered", ended_at=NOON)
            waiting = waiting_handover(cast)
        with CaptureQueriesContext(connection) as many:
            assert len(bruno.get("handovers/")["results"]) == 7
        assert len(many) == len(few) <= 8
        assert [row["id"] for row in bruno.get("handovers/", state="open")["results"]] == [waiting.pk]
        assert len(bruno.get("handovers/", state="answered")["results"]) == 6

    def test_a_claim_names_the_person_who_will_answer(self, cast: Cast, bruno: Caller) -> None:
        with workspace_scope(cast.acme):
            handover = waiting_handover(cast)
        answer = bruno.post(f"handovers/{handover.pk}/claim/")
        assert answer["claimed_by"]["name"] == "Bruno"
        assert answer["claimed_at"]

    def test_a_handover_that_has_ended_cannot_be_claimed(self, cast: Cast, bruno: Caller) -> None:
        with workspace_scope(cast.acme):
            handover = waiting_handover(cast)
            Handover.objects.filter(pk=handover.pk).update(state="booked", ended_at=NOON)
        assert bruno.post(f"handovers/{handover.pk}/claim/", expect=409)["code"] == "handover_ended"


class TestLeads:
    def test_a_lead_shows_every_name_it_has(self, cast: Cast, bruno: Caller) -> None:
        answer = bruno.get(f"leads/{cast.davi.pk}/")
        assert answer["identities"] == [{"kind": "phone", "value": DAVIS_PHONE}]
        assert answer["conversation"] == cast.conversation.pk

    def test_leads_are_listed_and_searched_at_a_constant_cost(self, cast: Cast, bruno: Caller) -> None:
        with CaptureQueriesContext(connection) as few:
            bruno.get("leads/")
        crowd(cast, 9)
        with CaptureQueriesContext(connection) as many:
            assert len(bruno.get("leads/")["results"]) == 10
        assert len(many) == len(few) <= 8
        assert [row["name"] for row in bruno.get("leads/", search="lead 3")["results"]] == ["Lead 3"]

    def test_a_correction_is_kept_and_told_in_the_trail(self, cast: Cast, bruno: Caller) -> None:
        answer = bruno.patch(f"leads/{cast.davi.pk}/", {"company": "Lima Ltda", "is_vip": True, "language": "pt-BR"})
        assert (answer["company"], answer["is_vip"], answer["language"]) == ("Lima Ltda", True, "pt-BR")
        with workspace_scope(cast.acme):
            told = TrailEntry.objects.get(kind="lead.changed")
        assert told.reason == "Bruno changed company, language, vip."
        assert told.facts["after"] == {"company": "Lima Ltda", "is_vip": True, "language": "pt-BR"}

    def test_the_same_values_again_leave_no_line_in_the_trail(self, cast: Cast, bruno: Caller) -> None:
        bruno.patch(f"leads/{cast.davi.pk}/", {"name": "Davi"})
        with workspace_scope(cast.acme):
            assert not TrailEntry.objects.filter(kind="lead.changed").exists()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"timezone": "Mars/Olympus"},
            {"email": "davi"},
            {"name": "n" * 256},
            {"name": "a\x00b"},
            {"is_vip": "perhaps"},
            {"workspace": 1},
            {"identities": []},
            {"name": None},
            {"language": "l" * 17},
        ],
    )
    def test_a_wrong_correction_is_named_and_changes_nothing(
        self, cast: Cast, bruno: Caller, wrong: dict[str, Any]
    ) -> None:
        refused = bruno.patch(f"leads/{cast.davi.pk}/", {"company": "Lima", **wrong}, expect=400)
        assert list(refused["fields"]) == list(wrong)
        assert bruno.get(f"leads/{cast.davi.pk}/")["company"] == ""


def test_members_of_several_workspaces_choose_one(cast: Cast) -> None:
    third = found("third", "dora@third.test")
    join(third, cast.bruno.email, "viewer")
    bruno = Caller(cast.bruno)

    assert bruno.get("conversations/", expect=400)["code"] == "workspace_needed"
    assert len(bruno.get("conversations/", workspace="acme")["results"]) == 1
    assert len(bruno.get("conversations/", workspace="third")["results"]) == 0
    assert len(Caller(cast.bruno, HTTP_X_WORKSPACE="acme").get("conversations/")["results"]) == 1
    assert [(row["slug"], row["role"]) for row in bruno.get("workspaces/")] == [("acme", "sales"), ("third", "viewer")]
