"""The recorded conversations play as they should, and a conversation that goes otherwise is told."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from agents.evaluation.comparing import changes_between, flaws_of
from agents.evaluation.playing import Decided, Played, play
from agents.evaluation.recordings import Recording, read_suite
from agents.management.commands.evaluate import OURS
from crm.models import Workspace
from messaging.models import Conversation, Message
from project.kernel.errors import WrongValues
from project.kernel.scope import across_workspaces
from tests.commands import refusal, run

RECORDINGS = {recording.name: recording for recording in read_suite(OURS)}


@pytest.fixture
def no_model(settings: Any) -> None:
    settings.OPENAI_BASE_URL = settings.OPENAI_API_KEY = ""


@pytest.mark.django_db
@pytest.mark.usefixtures("no_model")
@pytest.mark.parametrize("name", [name for name, each in RECORDINGS.items() if each.model == "none"])
def test_a_recorded_conversation_goes_as_expected(name: str) -> None:
    assert [str(flaw) for flaw in flaws_of(play(RECORDINGS[name]))] == []


def test_there_are_twenty_and_more_in_nine_languages() -> None:
    assert len(RECORDINGS) >= 20
    assert sum(each.model == "scripted" for each in RECORDINGS.values()) >= 3


def recording(**changes: Any) -> Recording:
    return Recording.model_validate({"title": "x", "turns": [{"customer": "Hello"}]} | changes)


@pytest.mark.django_db
@pytest.mark.usefixtures("no_model")
def test_what_goes_otherwise_is_named_and_nothing_stays_behind() -> None:
    wrong = {"step": "hand_over", "intent": "pricing", "says": "R$ 5", "cites": ["x"], "alerts": True}
    played = play(recording(turns=[{"customer": "Hello", "expect": wrong}], facts={"company": "Prado"}))
    assert [flaw.what for flaw in flaws_of(played)] == ["step", "intent", "cites", "alerts", "says", "fact company"]
    with across_workspaces():
        assert not Conversation.objects.exists()
        assert not Message.objects.exists()
    assert not Workspace.everything.filter(slug__startswith="evaluation-").exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("no_model")
def test_a_failure_ends_the_conversation_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("no analyst")

    monkeypatch.setattr("agents.primary.turns.analyse", broken)
    [flaw] = flaws_of(play(recording()))
    assert (flaw.what, flaw.found) == ("failure", "RuntimeError: no analyst")


def test_the_difference_to_the_last_run_is_told() -> None:
    before = {"x": [Decided("reply", intent="pricing", text="It is 5").as_json()], "gone": []}
    after = {"x": [Decided("reply", intent="support", text="It is 5").as_json()], "new": []}
    assert [str(change) for change in changes_between(before, after)] == ["x, turn 1: intent: pricing → support"]


def test_a_conversation_that_was_cut_short_is_a_flaw() -> None:
    assert flaws_of(Played(recording(), (), error="X"))[0].turn == 1


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("title: x", "turns: Field required"),
        ("title: x\nturns: [{customer: hi, expect: {stepp: reply}}]", "stepp: Extra inputs"),
        ("title: [", "is not YAML"),
        ("title: x\nturns: []", "at least 1 item"),
    ],
)
def test_a_recording_that_cannot_be_read_is_refused_by_its_name(tmp_path: Path, content: str, why: str) -> None:
    (tmp_path / "broken.yaml").write_text(content)
    with pytest.raises(WrongValues) as caught:
        read_suite(tmp_path)
    assert why in caught.value.problems["broken.yaml"]


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "hello.yaml").write_text("title: x\nturns: [{customer: Hello, expect: {step: reply}}]")
    return tmp_path


@pytest.mark.django_db
@pytest.mark.usefixtures("no_model")
def test_the_command_writes_the_run_and_compares_the_next_with_it(suite: Path) -> None:
    answer = json.loads(run("evaluate", "--suite", str(suite), "--json"))
    assert (answer["conversations"], answer["failed"], answer["changes"]) == (1, [], [])
    last = suite / "last-run.json"
    decisions = json.loads(last.read_text())
    decisions["hello"][0]["intent"] = "pricing"
    last.write_text(json.dumps(decisions))
    told = run("evaluate", "--suite", str(suite), "--keep")
    assert "changed  hello, turn 1: intent: pricing → greeting" in told
    assert "1 of 1 conversations went as expected" in told
    assert json.loads(last.read_text()) == decisions


@pytest.mark.django_db
@pytest.mark.usefixtures("no_model")
def test_the_command_ends_with_one_when_an_expectation_does_not_hold(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (suite / "wrong.yaml").write_text("title: x\nturns: [{customer: Hello, expect: {step: opt_out}}]")
    with pytest.raises(SystemExit) as ended:
        call_command("evaluate", "--suite", str(suite))
    assert ended.value.code == 1
    assert "FAILED   wrong, turn 1: step: expected opt_out, found reply" in capsys.readouterr().out


@pytest.mark.django_db
def test_wrong_input_is_refused(suite: Path, tmp_path: Path) -> None:
    assert "is not a folder" in refusal("evaluate", "--suite", str(tmp_path / "nowhere"))
    (suite / "last-run.json").write_text("[]")
    assert "is not the file of a run" in refusal("evaluate", "--suite", str(suite))


@pytest.mark.django_db
@pytest.mark.usefixtures("no_model")
def test_the_real_model_must_be_configured(suite: Path) -> None:
    with pytest.raises(CommandError, match="no model is configured"):
        call_command("evaluate", "--suite", str(suite), "--model", "real")


@pytest.mark.slow
@pytest.mark.django_db
def test_scripted_models_are_asked_over_http_as_any_other(tmp_path: Path) -> None:
    told = json.loads(run("evaluate", "--model", "scripted", "--last", str(tmp_path / "last.json"), "--json"))
    assert (told["flaws"], told["conversations"]) == ([], 4)
