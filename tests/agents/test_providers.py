"""Several endpoints in an order, over real HTTP and without CrewAI: who is asked, how long, and who is left alone."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import BaseModel

from agents.reasoning.chat import Allowance, Meter, Request
from agents.reasoning.ports import AnalystUnavailable, Call, Failure, ModelSettings
from agents.reasoning.providers import ProviderList
from tests.doubles.model import FOREVER, ModelDouble, Step


class Colour(BaseModel):
    colour: str


REQUEST = Request("colour", [{"role": "user", "content": "Which colour?"}], Colour)


@pytest.fixture
def first() -> Iterator[ModelDouble]:
    with ModelDouble() as double:
        yield double


@pytest.fixture
def second() -> Iterator[ModelDouble]:
    with ModelDouble() as double:
        yield double


@pytest.fixture
def settings(first: ModelDouble, second: ModelDouble) -> ModelSettings:
    fallback = ModelSettings(api_key="key-2", model="gpt-2", base_url=second.base_url)
    return ModelSettings(api_key="key-1", model="gpt-1", base_url=first.base_url, fallbacks=(fallback,))


@pytest.fixture
def providers(settings: ModelSettings) -> ProviderList:
    return ProviderList(settings)


def an_analysis(seconds: float = 5.0) -> Allowance:
    return Allowance(time.monotonic() + seconds, Meter())


def outcomes(allowance: Allowance) -> list[tuple[str, str]]:
    return [(call.model, call.outcome) for call in allowance.meter.calls()]


def failure_of(providers: ProviderList, allowance: Allowance) -> AnalystUnavailable:
    with pytest.raises(AnalystUnavailable) as caught:
        providers.ask(REQUEST, allowance)
    return caught.value


def test_while_the_first_answers_the_second_is_not_asked(
    providers: ProviderList, first: ModelDouble, second: ModelDouble
) -> None:
    providers.ask(REQUEST, an_analysis())
    assert (len(first.requests), len(second.requests)) == (1, 0)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("rate_limited", "rate_limited"),
        ("insufficient_quota", "quota"),
        ("unauthorized", "unauthorized"),
        ("server_error", "unreachable"),
        ("reset", "unreachable"),
    ],
)
def test_when_the_first_fails_the_second_answers_at_once_with_its_own_key_and_model(
    fault: str, outcome: str, providers: ProviderList, first: ModelDouble, second: ModelDouble
) -> None:
    first.script(Step(fault=fault, retry_after=300, times=FOREVER))
    allowance = an_analysis()
    providers.ask(REQUEST, allowance)
    assert outcomes(allowance) == [("gpt-1", outcome), ("gpt-2", "answered")]
    [asked] = second.requests
    assert (asked.authorization, asked.body["model"]) == ("Bearer key-2", "gpt-2")


def test_one_that_hangs_leaves_the_next_enough_of_the_same_budget(providers: ProviderList, first: ModelDouble) -> None:
    first.script(Step(fault="hang", times=FOREVER))
    allowance = an_analysis(2.0)
    started = time.monotonic()
    providers.ask(REQUEST, allowance)
    assert time.monotonic() - started < 2.0
    assert outcomes(allowance) == [("gpt-1", "timeout"), ("gpt-2", "answered")]


def test_within_one_analysis_the_one_that_failed_comes_last(providers: ProviderList, first: ModelDouble) -> None:
    first.script(Step(fault="server_error"))
    allowance = an_analysis()
    providers.ask(REQUEST, allowance)
    providers.ask(REQUEST, allowance)
    assert [model for model, _ in outcomes(allowance)] == ["gpt-1", "gpt-2", "gpt-2"]


@pytest.mark.parametrize("fault", ["refusal", "cut_json", "ignore_schema", "invented_tool", "invalid_tool_arguments"])
def test_a_bad_answer_ends_the_round_and_the_second_chance_is_another_s(
    fault: str, providers: ProviderList, first: ModelDouble
) -> None:
    first.script(Step(fault=fault))
    allowance = an_analysis()
    failure_of(providers, allowance)
    providers.ask(REQUEST, allowance)
    assert [model for model, _ in outcomes(allowance)] == ["gpt-1", "gpt-2"]


@pytest.mark.parametrize("fault", ["unauthorized", "insufficient_quota"])
def test_a_wrong_key_and_a_used_up_quota_are_never_tried_again(
    fault: str, providers: ProviderList, first: ModelDouble, second: ModelDouble
) -> None:
    first.script(Step(fault=fault))
    second.script(Step(fault="server_error", times=FOREVER))
    allowance = an_analysis()
    failure_of(providers, allowance)
    failure_of(providers, allowance)
    providers.breakers[1].record_success()
    failure_of(providers, an_analysis())
    assert len(first.requests) == 1


def test_each_endpoint_has_a_breaker_of_its_own(providers: ProviderList, first: ModelDouble) -> None:
    first.script(Step(fault="server_error", times=FOREVER))
    for _ in range(5):
        providers.ask(REQUEST, an_analysis())
    assert len(first.requests) == 3


def test_when_all_are_left_alone_nobody_is_asked(
    providers: ProviderList, first: ModelDouble, second: ModelDouble
) -> None:
    first.script(Step(fault="unauthorized", times=FOREVER))
    second.script(Step(fault="rate_limited", retry_after=300, times=FOREVER))
    assert failure_of(providers, an_analysis()).reason is Failure.RATE_LIMITED
    assert failure_of(providers, an_analysis()).reason is Failure.BREAKER_OPEN
    assert (len(first.requests), len(second.requests)) == (1, 1)


def test_with_no_time_left_nobody_is_asked_and_nobody_is_blamed(providers: ProviderList, first: ModelDouble) -> None:
    for _ in range(4):
        assert failure_of(providers, an_analysis(0.01)).reason is Failure.TIMEOUT
    providers.ask(REQUEST, an_analysis())
    assert len(first.requests) == 1


@pytest.mark.parametrize(
    ("fault", "option"), [("rejects_token_limit", "max_completion_tokens"), ("rejects_schema", "response_format")]
)
def test_an_option_that_the_server_does_not_know_is_left_out_from_then_on(
    fault: str, option: str, providers: ProviderList, first: ModelDouble
) -> None:
    first.script(Step(fault=fault), Step(content='{"colour": "red"}', times=FOREVER))
    assert [providers.ask(REQUEST, an_analysis()) for _ in range(2)] == [Colour(colour="red")] * 2
    assert [option in asked.body for asked in first.requests] == [True, False, False]


def test_what_a_call_took_is_counted(providers: ProviderList) -> None:
    allowance = an_analysis()
    providers.ask(REQUEST, allowance)
    [call] = allowance.meter.calls()
    assert isinstance(call, Call)
    assert (call.crew, call.endpoint.startswith("127.0.0.1:")) == ("colour", True)
    assert call.prompt_tokens > 0
    assert call.seconds > 0


def test_a_call_still_open_when_the_time_is_over_counts_as_one_that_timed_out(settings: ModelSettings) -> None:
    meter = Meter()
    with meter.call(REQUEST, settings):
        [call] = meter.calls()
    assert call.outcome == "timeout"
    assert [call.outcome for call in meter.calls()] == ["answered"]


def test_a_key_is_never_printed(settings: ModelSettings) -> None:
    assert "key-" not in repr(settings)
    assert replace(settings, base_url="https://user:secret@models.test:8443/v1").address == "models.test:8443"


def test_money_short_the_cheaper_models_of_the_same_endpoints_are_asked(settings: ModelSettings) -> None:
    frugal = replace(settings, cheaper_model="tiny").frugal()
    assert [endpoint.model for endpoint in frugal.endpoints] == ["tiny", "gpt-2"]
    assert frugal.is_frugal
