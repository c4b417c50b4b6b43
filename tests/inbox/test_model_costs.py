"""What models cost: the page, the API and the command say the same, each to those who may know it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from agents.models import ModelCall, ModelLimits, ModelTrouble, Turn
from agents.reasoning.ports import Call, Usage
from agents.spending.calls import About, record_model_calls
from messaging.models import Conversation
from project.kernel import clock
from project.kernel.scope import workspace_scope
from tests.cast import Cast
from tests.commands import refusal, run, run_json
from tests.inbox.api import Caller
from tests.inbox.screens import Screens, browser_of, open_screens, text_of
from tests.one_of_each import words_of_davi

pytestmark = pytest.mark.django_db
PAGE = "/w/acme/settings/model/"


@pytest.fixture
def screens() -> Screens:
    return open_screens()


@pytest.fixture
def ana(screens: Screens) -> Caller:
    return Caller(screens.cast.ana)


def an_answer(cast: Cast, *, tier: str = "crew", calls: tuple[Call, ...] = (), days_ago: int = 0) -> None:
    """Davi wrote, and a turn ended."""
    now = clock.now() - timedelta(days=days_ago)
    with workspace_scope(cast.acme):
        newest = words_of_davi(cast, position=100 + Turn.objects.count())
        turn = Turn.objects.create(
            workspace=cast.acme,
            lead=cast.davi,
            conversation=cast.conversation,
            state="done",
            opened_at=now,
            due_at=now,
            finished_at=now,
            newest=newest,
            analysis={"tier": tier},
        )
        about = About(cast.davi.pk, cast.conversation.pk, turn.pk)
        record_model_calls(workspace=cast.acme, usage=Usage(log=calls), now=now, about=about)


DEAR = Call("intent", "gpt-4o", "api.openai.com", "answered", 100_000, 0)  # 25 cents
FAILED = Call("strategy", "gpt-4o", "api.openai.com", "timeout")
SPARED = Call("intent", "gpt-4o", "api.openai.com", "cached")
LOCAL = Call("reply", "llama3", "localhost:11434", "answered", 500, 50)


@pytest.fixture
def history(screens: Screens) -> Cast:
    an_answer(screens.cast, calls=(DEAR, FAILED))
    an_answer(screens.cast, calls=(SPARED, LOCAL))
    an_answer(screens.cast, tier="offline")
    an_answer(screens.cast, tier="explicit")
    an_answer(screens.cast, calls=(DEAR, DEAR), days_ago=45)
    return screens.cast


def test_the_report_counts_money_calls_and_what_needed_no_model(history: Cast, ana: Caller) -> None:
    report = ana.get("reasoning/costs/")
    assert (Decimal(report["cost"]), report["calls"], report["failed"], report["cached"]) == (Decimal("0.25"), 3, 1, 1)
    assert (report["turns"], report["turns_without_model"], report["share_of_turns_without_model"]) == (4, 2, 0.5)
    assert (report["conversations"], Decimal(report["cost_per_conversation"])) == (1, Decimal("0.25"))
    assert (report["unpriced"], report["by_failure"]) == (1, {"timeout": 1})
    assert [part["name"] for part in report["by_model"]] == ["gpt-4o", "llama3"]
    assert {part["name"] for part in report["by_crew"]} == {"intent", "strategy", "reply"}
    assert [dear["lead"] for dear in report["dearest"]] == ["Davi"]
    assert len(report["by_day"]) == 30


def test_another_span_counts_what_happened_in_it(history: Cast, ana: Caller) -> None:
    long_ago = (clock.now() - timedelta(days=60)).date().isoformat()
    assert Decimal(ana.get("reasoning/costs/", since=long_ago)["cost"]) == Decimal("0.75")


def test_a_conversation_resolved_without_any_call_is_counted(history: Cast, ana: Caller) -> None:
    with workspace_scope(history.acme):
        Conversation.objects.filter(pk=history.conversation.pk).update(status="resolved", resolved_at=clock.now())
    before = ana.get("reasoning/costs/")
    with workspace_scope(history.acme):
        ModelCall.objects.exclude(outcome="cached").delete()
    after = ana.get("reasoning/costs/")
    assert (before["resolved"], before["resolved_without_model"]) == (1, 0)
    assert (after["resolved_without_model"], after["share_resolved_without_model"]) == (1, 1.0)


@pytest.mark.parametrize(
    "query", [{"since": "soon"}, {"since": "2026-02-01", "until": "2026-01-01"}, {"since": "1999-01-01"}]
)
def test_a_span_that_makes_no_sense_is_refused_by_name(query: dict[str, str], ana: Caller) -> None:
    assert "since" in ana.get("reasoning/costs/", expect=400, **query)["fields"]


def test_limits_are_changed_one_by_one_and_fall_back_to_the_installation_s(ana: Caller, settings: Any) -> None:
    settings.MODEL_LIMITS = {"per_conversation": None, "per_day": Decimal(9), "per_month": None}
    assert ana.get("reasoning/limits/") == {"per_conversation": None, "per_day": "9.000000", "per_month": None}
    ana.patch("reasoning/limits/", {"per_month": "50"})
    assert ana.patch("reasoning/limits/", {"per_day": 2.5})["per_month"] == "50.000000"
    assert ana.patch("reasoning/limits/", {"per_day": None})["per_day"] == "9.000000"


@pytest.mark.parametrize("value", [-1, "much", "NaN", 10**12])
def test_a_limit_that_makes_no_sense_is_refused_by_name(value: object, ana: Caller) -> None:
    assert "per_day" in ana.patch("reasoning/limits/", {"per_day": value}, expect=400)["fields"]


def test_a_viewer_reads_and_does_not_change_and_a_stranger_finds_nothing(screens: Screens) -> None:
    vera, bruno, clara = (Caller(user) for user in (screens.cast.vera, screens.cast.bruno, screens.cast.clara))
    vera.get("reasoning/costs/")
    for caller in (vera, bruno):
        caller.patch("reasoning/limits/", {"per_day": 1}, expect=403)
    for path in ("reasoning/costs/", "reasoning/limits/"):
        clara.get(path, expect=404, workspace="acme")
    clara.patch("reasoning/limits/?workspace=acme", {"per_day": 1}, expect=404)
    with workspace_scope(screens.cast.acme):
        assert not ModelLimits.objects.exists()


def test_the_costs_of_another_workspace_are_not_in_the_report(history: Cast) -> None:
    report = Caller(history.clara).get("reasoning/costs/")
    assert (report["calls"], report["turns"], report["dearest"]) == (0, 0, [])


def test_the_report_is_a_handful_of_queries_whatever_the_number_of_calls(
    history: Cast, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        an_answer(history, calls=(DEAR, Call("x", f"model-{number}", "h", "answered")))
    browser = browser_of(history.ana)
    with django_assert_max_num_queries(30):
        assert browser.get(PAGE).status_code == 200


# -- the page ------------------------------------------------------------------------------------------------------


def test_the_page_says_what_was_spent_on_what_and_by_whom(history: Cast) -> None:
    page = text_of(browser_of(history.ana).get(PAGE))
    for words in ("$0.25", "gpt-4o", "Reading the message", "50%", "1 call of models without a known price", "Davi"):
        assert words in page


def test_an_installation_without_a_model_is_told_what_it_is_and_how_to_connect_one(screens: Screens) -> None:
    page = text_of(browser_of(screens.cast.ana).get(PAGE))
    assert "No model is connected" in page
    assert "No model was asked in these days" in page


def test_the_order_of_the_models_is_shown_and_no_key_ever(screens: Screens, settings: Any) -> None:
    settings.OPENAI_API_KEY = "sk-first-secret"
    settings.OPENAI_FALLBACKS = [{"model": "llama3", "base_url": "http://u:pw@box.test:11434/v1", "api_key": "sk-two"}]
    page = browser_of(screens.cast.ana).get(PAGE).content.decode()
    assert page.index("api.openai.com") < page.index("box.test:11434")
    assert not any(secret in page for secret in ("sk-first-secret", "sk-two", "pw@"))


def test_an_open_trouble_stands_above_with_its_remedy(screens: Screens) -> None:
    now = clock.now()
    with workspace_scope(screens.cast.acme):
        ModelTrouble.objects.create(
            workspace=screens.cast.acme,
            endpoint="api.openai.com",
            model="gpt-4o",
            cause="quota",
            first_at=now,
            last_at=now,
        )
    assert "its quota is used up: top the account up" in text_of(browser_of(screens.cast.ana).get(PAGE))


def test_limits_are_saved_from_the_page_and_wrong_ones_are_refused_beside_the_field(screens: Screens) -> None:
    browser = browser_of(screens.cast.ana)
    assert browser.post(PAGE, {"per_conversation": "0.05", "per_day": "", "per_month": "80"}).status_code == 302
    assert 'value="0.05"' in browser.get(PAGE).content.decode()
    assert browser.post(PAGE, {"per_day": "-1"}).status_code == 422
    with workspace_scope(screens.cast.acme):
        limits = ModelLimits.objects.get()
    assert (limits.per_conversation, limits.per_day, limits.per_month) == (Decimal("0.05"), None, Decimal(80))


@pytest.mark.parametrize(
    "query", ["?days=7", "?days=90", "?days=x", "?since=1066-01-01", "?since=2026-02-31", "?since=%00"]
)
def test_any_address_of_the_page_opens(query: str, screens: Screens) -> None:
    assert browser_of(screens.cast.ana).get(f"{PAGE}{query}").status_code == 200


# -- the command ---------------------------------------------------------------------------------------------------


def test_the_command_prints_the_same_figures(history: Cast) -> None:
    [acme, other] = run_json("model_costs")
    assert (acme["workspace"], float(acme["cost"]), acme["turns_without_model"]) == ("acme", 0.25, 2)
    assert (other["calls"], other["limits"]) == (0, {"conversation": None, "day": None, "month": None})
    assert "0.25 US dollars, 3 calls (1 failed, 1 spared by the cache)" in run("model_costs", "--workspace", "acme")


def test_wrong_values_are_named(screens: Screens) -> None:
    assert refusal("model_costs", "--workspace", "nowhere") == "workspace: there is no workspace “nowhere”"
    assert refusal("model_costs", "--since", "2026-02-31") == "since: “2026-02-31” is no day, such as 2026-11-01"
    assert "is after" in refusal("model_costs", "--since", "2026-02-02", "--until", "2026-01-01")
