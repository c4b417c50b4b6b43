"""People teach the analyst: at once by the exact tier, soon by a layer of their own, never beyond their workspace."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.corrections import NothingToLearn, correct_reading, has_due_layers, taught_by, train_one_due_layer
from agents.models import Correction, TrainedLayer
from agents.reasoning.cascade import hear
from agents.reasoning.ports import Intent
from crm.models import TrailEntry
from messaging.models import Message
from project.kernel.scope import across_workspaces, workspace_scope
from tests.cast import NOON
from tests.inbox.api import Caller
from tests.inbox.screens import Screens, open_screens, text_of
from tests.journeys.world import World
from tests.one_of_each import withheld_reply, words_of_davi

pytestmark = pytest.mark.django_db
ODD = "the purple giraffe, if you please"


@pytest.fixture
def screens() -> Screens:
    return open_screens()


@pytest.fixture
def message(screens: Screens) -> Message:
    with workspace_scope(screens.cast.acme):
        return words_of_davi(screens.cast, ODD)


def correct(screens: Screens, message: Message, intent: Intent = Intent.HUMAN_REQUEST) -> Correction:
    with workspace_scope(screens.cast.acme):
        return correct_reading(message=message, intent=intent, user=screens.cast.bruno, now=NOON)


def test_the_same_words_are_read_as_taught_from_then_on_in_this_workspace_alone(
    screens: Screens, message: Message
) -> None:
    correct(screens, message)
    acme = screens.cast.acme
    with workspace_scope(acme):
        assert hear("The purple GIRAFFE if you please!", taught=taught_by(acme.pk, ODD)).explicit.wants_human
    with across_workspaces():
        other = screens.cast.clara.memberships.get().workspace
    with workspace_scope(other):
        assert taught_by(other.pk, ODD).lesson is None


def test_of_several_messages_in_a_row_one_that_is_known_is_heard(screens: Screens, message: Message) -> None:
    correct(screens, message)
    with workspace_scope(screens.cast.acme):
        assert taught_by(screens.cast.acme.pk, f"hello\n{ODD}").lesson is Intent.HUMAN_REQUEST


def test_the_trail_says_who_taught_what(screens: Screens, message: Message) -> None:
    correct(screens, message)
    with workspace_scope(screens.cast.acme):
        told = TrailEntry.objects.get(kind="reading.corrected")
    assert told.reason == f"{screens.cast.bruno} says that “{ODD}” means “human request”."


def test_the_later_word_holds(screens: Screens, message: Message) -> None:
    correct(screens, message)
    correct(screens, message, Intent.PRICING)
    with workspace_scope(screens.cast.acme):
        assert Correction.objects.get().intent == "pricing"


def test_our_own_words_and_no_words_teach_nothing(screens: Screens) -> None:
    with workspace_scope(screens.cast.acme):
        ours, empty = withheld_reply(screens.cast, 2), words_of_davi(screens.cast, " ?! ", 3)
    for message in (ours, empty):
        with pytest.raises(NothingToLearn):
            correct(screens, message)


def test_a_minute_later_a_layer_is_trained_once(screens: Screens, message: Message) -> None:
    correct(screens, message)
    assert not has_due_layers(NOON)
    later = NOON + timedelta(minutes=2)
    assert has_due_layers(later)
    assert train_one_due_layer(later)
    assert not train_one_due_layer(later)
    with workspace_scope(screens.cast.acme):
        layer = TrainedLayer.objects.get()
        assert (layer.corrections, layer.due_at, layer.attempts_made) == (1, None, 0)
        taught = taught_by(screens.cast.acme.pk, "a purple giraffe, please")
    assert taught.lesson is None
    assert taught.layer is not None


def test_reading_costs_two_queries_however_much_was_taught(screens: Screens) -> None:
    acme = screens.cast.acme
    with workspace_scope(acme):
        for number in range(5):
            correct(screens, words_of_davi(screens.cast, f"word number {number}", number + 10))
    train_one_due_layer(NOON + timedelta(minutes=2))
    with workspace_scope(acme):
        taught_by(acme.pk, "warm")
        with CaptureQueriesContext(connection) as queries:
            taught_by(acme.pk, "word number 3")
    assert len(queries) == 2


class TestScreen:
    def place(self, screens: Screens, message: Message) -> str:
        return f"{screens.thread}messages/{message.pk}/reading/"

    def test_bruno_is_asked_and_teaches_with_and_without_javascript(self, screens: Screens, message: Message) -> None:
        place = self.place(screens, message)
        assert "Correct the AI" in text_of(screens.bruno.get(screens.thread))
        page = screens.bruno.get(place)
        assert ODD in text_of(page)
        assert "human request" in text_of(screens.bruno.get(place, headers={"hx-request": "true"}))
        assert screens.bruno.post(place, {"intent": "pricing"}).url == screens.thread
        learned = screens.bruno.post(place, {"intent": "opt_out"}, headers={"hx-request": "true"})
        assert "Learned: opt out" in text_of(learned)

    def test_a_choice_that_is_none_is_refused_by_name(self, screens: Screens, message: Message) -> None:
        answer = screens.bruno.post(self.place(screens, message), {"intent": "nonsense"})
        assert answer.status_code == 422
        assert "Choose what the message meant" in text_of(answer)

    def test_vera_may_not_and_clara_finds_nothing(self, screens: Screens, message: Message) -> None:
        place = self.place(screens, message)
        assert "Correct the AI" not in text_of(screens.vera.get(screens.thread))
        assert screens.vera.post(place, {"intent": "pricing"}).status_code == 403
        assert screens.clara.post(place, {"intent": "pricing"}).status_code == 404
        assert screens.clara.get(place).status_code == 404


class TestApi:
    def test_a_script_teaches_and_reads_what_was_taught(self, screens: Screens, message: Message) -> None:
        bruno = Caller(screens.cast.bruno)
        taught = bruno.post(f"messages/{message.pk}/correct/", {"intent": "human_request"})
        assert (taught["text"], taught["intent"]) == (ODD, "human_request")
        assert [row["id"] for row in bruno.get("corrections/")["results"]] == [taught["id"]]

    def test_refusals_name_what_is_wrong(self, screens: Screens, message: Message) -> None:
        bruno = Caller(screens.cast.bruno)
        wrong = bruno.post(f"messages/{message.pk}/correct/", {"intent": "x"}, expect=400)
        assert "intent" in wrong["fields"]
        with workspace_scope(screens.cast.acme):
            ours = withheld_reply(screens.cast, 7)
        assert "customer" in bruno.post(f"messages/{ours.pk}/correct/", {"intent": "spam"}, expect=409)["message"]

    def test_vera_may_not_and_clara_finds_nothing(self, screens: Screens, message: Message) -> None:
        place, body = f"messages/{message.pk}/correct/", {"intent": "pricing"}
        Caller(screens.cast.vera).post(place, body, expect=403)
        clara = Caller(screens.cast.clara)
        clara.post(place, body, expect=404)
        correct(screens, message)
        assert clara.get("corrections/")["results"] == []


def test_a_sure_trained_tier_hands_over_and_the_trail_says_so(world: World) -> None:
    world.davi_writes("this is going nowhere, could a colleague of yours phone me instead")
    world.settle()
    decided = world.trail("turn.decided")[-1]
    assert decided.facts["step"] == "hand_over"
    assert (decided.facts["read_by"], decided.facts["route"]) == ("trained", "human")


def test_a_sure_trained_tier_opts_out_without_asking_anybody(world: World) -> None:
    world.davi_writes("I wish to be taken off whatever broadcast this is, thank you")
    world.settle()
    decided = world.trail("turn.decided")[-1]
    assert (decided.facts["step"], decided.facts["tier"]) == ("opt_out", "explicit")
    assert decided.facts["read_by"] in ("rules", "trained")
    assert decided.facts["read_ms"] > 0
