"""Checks of a turn, alerts when they fail often, verdicts on handovers, and the figures of the page."""

from datetime import timedelta
from typing import Any

import pytest

from agents.models import KnowledgeEntry, StaffAlert, TurnQuality
from agents.quality.checks import Spoken, judge, sentiment_trend, unknown_figures
from analytics.models import HandoverVerdict
from analytics.quality.report import read_report
from project.kernel.scope import workspace_scope
from tests.commands import refusal, run_json
from tests.inbox.api import Caller
from tests.inbox.screens import HTMX, browser_of, open_screens, text_of
from tests.journeys.world import World


def spoken(reply: str, said: str = "What does it cost?", *known: str, **changes: Any) -> Spoken:
    return Spoken(reply=reply, said=said, known=(said, *known), **changes)


@pytest.mark.parametrize(
    ("reply", "known", "unknown"),
    [
        ("It is R$ 89 a month.", "The team plan is R$ 89,00", []),
        ("It is R$ 1,200.", "costs 1.200,00", []),
        ("It is R$ 79.", "The team plan is R$ 89", ["79"]),
        ("We open on 24/12 from 9 to 18.", "from 9 to 18", ["24/12"]),
        ("There are 2 plans.", "", []),
        ("", "", []),
    ],
)
def test_figures_must_stand_in_a_source(reply: str, known: str, unknown: list[str]) -> None:
    assert unknown_figures(reply, [known]) == unknown


@pytest.mark.parametrize(
    ("reply", "column", "flaw"),
    [
        ("It costs 79 and I know it well.", "groundedness", "figures that no source holds: 79"),
        (
            "Das kostet leider etwas mehr, aber ich kann Ihnen gerne helfen und das für Sie klären.",
            "coherence",
            "in de",
        ),
        ("I'm a human, like you.", "appropriateness", "claims to be a person"),
        ("Hello {name}, it costs little.", "appropriateness", "left-over markup"),
        ("I guarantee that it works.", "appropriateness", "a promise"),
        ("Don't be stupid.", "appropriateness", "rude words"),
        ("THIS IS WHAT IT COSTS, BELIEVE ME", "appropriateness", "written in capitals"),
    ],
)
def test_what_a_reader_would_trip_over_is_found(reply: str, column: str, flaw: str) -> None:
    verdict = judge(spoken(reply))
    assert getattr(verdict, column) < 1
    assert flaw in "; ".join(verdict.flaws)


def test_a_plain_answer_is_without_flaw_and_silence_is_not_judged() -> None:
    verdict = judge(spoken("It costs R$ 89 a month.", "What does it cost?", "R$ 89"))
    assert (verdict.coherence, verdict.groundedness, verdict.appropriateness, verdict.flaws) == (1, 1, 1, ())
    assert judge(spoken("  ")).coherence is None


def test_the_same_words_again_are_found() -> None:
    again = judge(spoken("How can I help?", earlier_replies=("How can I  help?".replace("  ", " "),)))
    assert "the same words as an earlier reply" in again.flaws


def test_the_trend_is_against_the_turns_before() -> None:
    assert sentiment_trend(-0.5, (0.5, 0.1)) == -0.8
    assert sentiment_trend(-0.5, ()) is None
    assert sentiment_trend(None, (0.1,)) is None


def test_a_turn_is_judged_as_it_ends(world: World) -> None:
    with workspace_scope(world.acme):
        KnowledgeEntry.objects.create(workspace=world.acme, question="What does it cost?", answer="It is R$ 89.")
    world.davi_says("What does it cost?")
    with workspace_scope(world.acme):
        row = TurnQuality.objects.get()
    assert (row.step, row.intent, row.groundedness, row.flaws) == ("reply", "pricing", 1.0, [])


def test_what_is_not_fit_to_be_said_is_told_once_a_day(world: World) -> None:
    with workspace_scope(world.acme):
        KnowledgeEntry.objects.create(
            workspace=world.acme, question="Does it work?", answer="I'm a human and I promise that it works, {name}."
        )
    for _ in range(3):
        world.davi_says("Does it work?")
        world.wait(minutes=1)
    with workspace_scope(world.acme):
        alerts = StaffAlert.objects.filter(key__startswith="quality:appropriateness")
        assert {alert.user.email for alert in alerts.select_related("user")} == {"ana@acme.test"}
        assert "claims to be a person" in alerts.get().body
    world.wait(days=1)
    world.davi_says("Does it work?", phone="+5511900000099")  # the first one has a person by now: nobody repeats itself
    with workspace_scope(world.acme):
        assert StaffAlert.objects.filter(key__startswith="quality:appropriateness").count() == 2


def test_one_doubtful_figure_alarms_nobody_but_three_do(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.quality.judging.judge", lambda spoken: judge(Spoken("It is 79", "x", ())))
    for number in range(3):
        with workspace_scope(world.acme):
            assert not StaffAlert.objects.filter(key__startswith="quality:groundedness").exists(), number
        world.davi_says("Hello")
        world.wait(minutes=1)
    with workspace_scope(world.acme):
        assert StaffAlert.objects.filter(key__startswith="quality:groundedness").count() == 1


def test_the_report_counts_by_intent_and_by_reason(world: World) -> None:
    world.davi_says("Hello")
    world.davi_says("I want to talk to a human")
    with workspace_scope(world.acme):
        report = read_report(workspace=world.acme, days=30, now=world.now)
    assert {line.intent: line.turns for line in report.intents} == {"greeting": 1, "human_request": 1}
    assert [(line.trigger, line.handovers, line.precision) for line in report.triggers] == [
        ("explicit_request", 1, None)
    ]
    assert (report.conversations, report.alone, report.share_alone) == (1, 0, 0)
    assert report.share_without_model == 100
    with workspace_scope(world.acme):
        later = read_report(workspace=world.acme, days=1, now=world.now + timedelta(days=2))
    assert (later.turns, later.share_alone) == (0, None)


def asked_and_resolved(world: World) -> None:
    from agents.coordinator import resolve_conversation

    world.davi_says("I want to talk to a human")
    with workspace_scope(world.acme):
        resolve_conversation(conversation=world.conversation, user=world.bruno, now=world.now)
    world.settle()


def test_one_click_says_whether_a_handover_was_needed(world: World) -> None:
    asked_and_resolved(world)
    bruno = browser_of(world.bruno)
    assert "I want to talk to a human" in text_of(bruno.get("/w/acme/quality/?days=90"))
    assert "No, the AI could have answered" in text_of(bruno.get("/w/acme/quality/", headers=HTMX))
    place = f"/w/acme/quality/handovers/{world.handover.pk}/"
    assert "Nothing to judge" in text_of(bruno.post(place, {"was_needed": "no"}, headers=HTMX))
    assert bruno.post(place, {"was_needed": "no"}).status_code == 302
    with workspace_scope(world.acme):
        assert HandoverVerdict.objects.get().was_needed is False
        report = read_report(workspace=world.acme, days=30, now=world.now)
    assert report.precision == 0
    [judged] = world.trail("handover.judged")
    assert judged.reason == "Bruno: the handover was not needed."
    caller = Caller(world.bruno)
    caller.post(f"handovers/{world.handover.pk}/verdict/", {"was_needed": True})
    assert caller.get("quality/", days=365)["triggers"][0]["precision"] == 100
    caller.post(f"handovers/{world.handover.pk}/verdict/", {}, expect=400)


@pytest.mark.django_db
def test_strangers_find_nothing_and_viewers_judge_nothing() -> None:
    from tests.one_of_each import waiting_handover

    screens = open_screens()
    with workspace_scope(screens.cast.acme):
        handover = waiting_handover(screens.cast)
    place = screens.url(f"quality/handovers/{handover.pk}/")
    assert "Nothing to judge" in text_of(screens.vera.get(screens.url("quality/")))
    assert screens.clara.get(screens.url("quality/")).status_code == 404
    assert screens.vera.post(place, {"was_needed": "yes"}).status_code == 403
    assert screens.clara.post(place, {"was_needed": "yes"}).status_code == 404
    Caller(screens.cast.clara).get("quality/", expect=404, workspace="acme")
    Caller(screens.cast.vera).post(f"handovers/{handover.pk}/verdict/", {"was_needed": True}, expect=403)


def test_the_command_prints_one_document(world: World) -> None:
    world.davi_says("Hello")
    assert run_json("quality", "--workspace", "acme", "--days", "365")["turns"] >= 0
    assert "is not between 1 and 366" in refusal("quality", "--workspace", "acme", "--days", "0")
