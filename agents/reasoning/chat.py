"""One call to an OpenAI-compatible chat endpoint: bounded in time, never repeated, every failure named.

The client's own retries and its ten minutes of patience are off; who calls owns the time and the second chance.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import Any

import openai
from openai.types.chat import ChatCompletion

from agents.reasoning.answers import Answer, schema_of
from agents.reasoning.ports import AnalystUnavailable, Failure, ModelSettings

VENDOR = "https://api.openai.com/v1"
CONNECT_SECONDS = 3.0
SHORTEST_CALL = 0.05


class Meter:
    """What the calls of one analysis cost; read by another thread when the time is over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.calls = self.prompt_tokens = self.completion_tokens = 0

    def note_call(self) -> None:
        with self._lock:
            self.calls += 1

    def note_tokens(self, completion: ChatCompletion) -> None:
        usage = completion.usage  # some servers send none
        with self._lock:
            self.prompt_tokens += (usage and usage.prompt_tokens) or 0
            self.completion_tokens += (usage and usage.completion_tokens) or 0


@dataclass(frozen=True, slots=True)
class Allowance:
    """`deadline` in monotonic seconds."""

    deadline: float
    meter: Meter

    @property
    def seconds_left(self) -> float:
        return self.deadline - time.monotonic()


class ChatEndpoint:
    """Safe to share between threads: one connection pool for all."""

    def __init__(self, settings: ModelSettings) -> None:
        self._model = settings.model
        self._takes_schema = True
        self._client = openai.OpenAI(
            api_key=settings.api_key, base_url=settings.base_url or VENDOR, max_retries=0, timeout=30
        )

    def complete(self, messages: list[Any], shape: type[Answer], allowance: Allowance) -> str:
        """The text of the answer, which should be JSON of that shape."""
        seconds = allowance.seconds_left
        if seconds < SHORTEST_CALL:
            raise AnalystUnavailable(Failure.TIMEOUT, "no time left")
        allowance.meter.note_call()
        try:
            completion = self._create(messages, shape, seconds)
        except _SchemaRejected:
            self._takes_schema = False  # from now on it is told in words
            return self.complete(messages, shape, allowance)
        if not isinstance(completion, ChatCompletion) or not completion.choices:
            raise AnalystUnavailable(Failure.INVALID, "not a chat completion")
        allowance.meter.note_tokens(completion)
        return _content(completion)

    def _create(self, messages: list[Any], shape: type[Answer], seconds: float) -> object:
        options: dict[str, Any] = {"messages": messages, "response_format": _response_format(shape)}
        if not self._takes_schema:
            options = {"messages": [*messages, _in_words(shape)]}
        timeout = openai.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))
        try:
            return self._client.chat.completions.create(model=self._model, timeout=timeout, **options)
        except openai.APIError as error:
            if self._rejects_schema(error):
                raise _SchemaRejected from error
            raise _unavailable(error) from error
        except ValueError as error:  # a body that is not the JSON it claims to be
            raise AnalystUnavailable(Failure.INVALID, "the response is not JSON") from error

    def _rejects_schema(self, error: openai.APIError) -> bool:
        return (
            self._takes_schema
            and isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError)
            and any(word in str(error).lower() for word in ("response_format", "json_schema"))
        )


class _SchemaRejected(Exception):
    """The server knows no structured output."""


def _in_words(shape: type[Answer]) -> dict[str, str]:
    schema = json.dumps(schema_of(shape))
    return {"role": "system", "content": f"Answer with one JSON object that fits this JSON schema: {schema}"}


def _response_format(shape: type[Answer]) -> dict[str, Any]:
    schema = {"name": shape.__name__, "schema": schema_of(shape), "strict": True}
    return {"type": "json_schema", "json_schema": schema}


def _content(completion: ChatCompletion) -> str:
    choice = completion.choices[0]
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise AnalystUnavailable(Failure.REFUSED, "the model refused")
    if choice.finish_reason == "length":
        raise AnalystUnavailable(Failure.CUT_OFF, "the answer was cut off")
    if not choice.message.content:
        raise AnalystUnavailable(Failure.INVALID, "the answer is empty")
    return choice.message.content


def _unavailable(error: openai.APIError) -> AnalystUnavailable:
    # The client's messages may quote the request: only kinds and codes go on.
    match error:
        case openai.APITimeoutError():
            return AnalystUnavailable(Failure.TIMEOUT, "the model did not answer in time")
        case openai.APIConnectionError():
            return AnalystUnavailable(Failure.UNREACHABLE, "no connection")
        case openai.RateLimitError():
            return _throttled(error)
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return AnalystUnavailable(Failure.UNAUTHORIZED, f"status {error.status_code}")
        case openai.APIStatusError() if error.status_code >= 500:
            return AnalystUnavailable(Failure.UNREACHABLE, f"status {error.status_code}")
        case openai.APIStatusError():
            return AnalystUnavailable(Failure.INVALID, f"status {error.status_code} {error.code or ''}".strip())
    return AnalystUnavailable(Failure.INVALID, type(error).__name__)


def _throttled(error: openai.RateLimitError) -> AnalystUnavailable:
    if error.code == "insufficient_quota" or error.type == "insufficient_quota":
        return AnalystUnavailable(Failure.QUOTA, "the quota is used up")
    return AnalystUnavailable(Failure.RATE_LIMITED, "status 429", retry_after=_retry_after(error))


def _retry_after(error: openai.RateLimitError) -> float | None:
    headers = error.response.headers
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return float(milliseconds) / 1000
        return float(headers["retry-after"]) if "retry-after" in headers else None
    except ValueError:  # a date: not worth a parser, the breaker has its own rest
        return None
