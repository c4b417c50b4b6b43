"""The model double, by the official client and by its control API."""

from collections.abc import Iterator

import openai
import pytest
import requests

from tests.doubles.model import ModelDouble, Step

SCHEMA = {
    "type": "object",
    "properties": {"intent": {"type": "string"}, "wants_human": {"type": "boolean"}, "extra": {"type": "integer"}},
    "required": ["intent", "wants_human", "extra"],
    "additionalProperties": False,
}


@pytest.fixture
def model() -> Iterator[ModelDouble]:
    with ModelDouble() as double:
        yield double


@pytest.fixture
def client(model: ModelDouble) -> openai.OpenAI:
    return openai.OpenAI(base_url=model.base_url, api_key="k", max_retries=0, timeout=2)


def ask(client: openai.OpenAI, text: str = "Hi", **options):
    messages = [{"role": "user", "content": f"<customer_message>{text}</customer_message>"}]
    return client.chat.completions.create(model="any", messages=messages, **options)


def wanted(schema: dict) -> dict:
    return {"type": "json_schema", "json_schema": {"name": "Reading", "schema": schema, "strict": True}}


def test_it_answers_in_exactly_the_schema_asked_for(client: openai.OpenAI) -> None:
    answer = ask(client, "I want to talk to a human", response_format=wanted(SCHEMA))
    assert answer.choices[0].message.content == '{"intent": "human_request", "wants_human": true, "extra": 0}'
    assert answer.usage.total_tokens > 0


def test_without_a_schema_it_answers_in_prose(client: openai.OpenAI) -> None:
    assert ask(client).choices[0].message.content.startswith("Model: ")


def test_a_required_tool_is_called(client: openai.OpenAI) -> None:
    tools = [{"type": "function", "function": {"name": "read", "parameters": SCHEMA}}]
    call = ask(client, tools=tools, tool_choice="required").choices[0].message.tool_calls[0]
    assert call.function.name == "read"
    assert '"intent": "greeting"' in call.function.arguments


def test_steps_are_used_up_in_order_and_by_kind(model: ModelDouble, client: openai.OpenAI) -> None:
    model.script(Step(on="strategy", content="for a strategy"), Step(content="first"), Step(content="second", times=2))
    assert [ask(client).choices[0].message.content for _ in range(3)] == ["first", "second", "second"]
    assert ask(client).choices[0].message.content.startswith("Model: ")


@pytest.mark.parametrize(
    ("fault", "finish_reason"), [("cut_json", "length"), ("refusal", "stop"), ("null_content", "stop")]
)
def test_bad_answers_have_the_real_shape(
    fault: str, finish_reason: str, model: ModelDouble, client: openai.OpenAI
) -> None:
    model.script(Step(fault=fault))
    choice = ask(client, response_format=wanted(SCHEMA)).choices[0]
    assert choice.finish_reason == finish_reason
    assert bool(choice.message.refusal) is (fault == "refusal")


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ("rate_limited", openai.RateLimitError, "rate_limit_exceeded"),
        ("insufficient_quota", openai.RateLimitError, "insufficient_quota"),
        ("unauthorized", openai.AuthenticationError, "invalid_api_key"),
        ("server_error", openai.InternalServerError, None),
        ("reset", openai.APIConnectionError, None),
        ("hang", openai.APITimeoutError, None),
    ],
)
def test_errors_are_what_the_official_client_knows(
    fault: str, error: type[openai.APIError], code: str | None, model: ModelDouble, client: openai.OpenAI
) -> None:
    model.script(Step(fault=fault, retry_after=300))
    with pytest.raises(error) as caught:
        ask(client)
    assert caught.value.code == code
    if fault == "rate_limited":
        assert caught.value.response.headers["retry-after"] == "300"


def test_it_is_scripted_and_read_over_http(model: ModelDouble, client: openai.OpenAI) -> None:
    control = f"{model.url}/_control"
    assert requests.post(f"{control}/script", json={"content": "scripted", "delay_ms": 1}).status_code == 200
    assert ask(client, "a question").choices[0].message.content == "scripted"
    book = requests.get(f"{control}/requests").json()
    assert book[0]["kind"] == "text"
    assert "a question" in book[0]["body"]["messages"][0]["content"]
    requests.post(f"{control}/reset")
    assert requests.get(f"{control}/requests").json() == []


@pytest.mark.parametrize("step", [{"fault": "nonsense"}, {"no_such_field": 1}])
def test_a_wrong_script_is_refused(step: dict, model: ModelDouble) -> None:
    assert requests.post(f"{model.url}/_control/script", json=step).status_code == 400


def test_it_lists_its_model(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["double"]
