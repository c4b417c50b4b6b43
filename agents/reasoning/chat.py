"""One question to one OpenAI-compatible chat endpoint: bounded in time, never repeated, every failure named.

The client's own retries and its ten minutes of patience are off; who calls owns the time and the second chance.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import openai
from openai.types.chat import ChatCompletion
from pydantic import BaseModel

from agents.reasoning.answers import parse_answer, schema_of
from agents.reasoning.ports import ANSWERED, CACHED, VENDOR, AnalystUnavailable, Call, Failure, ModelSettings

CONNECT_SECONDS = 3.0
SHORTEST_CALL = 0.05
MOST_COMPLETION_TOKENS = 4000
"""Bounds what one answer may cost. Far above any answer asked for: the thoughts of a reasoning model count too."""
_OPTIONS = (
    ("response_format", ("response_format", "json_schema")),
    ("max_completion_tokens", ("max_completion_tokens",)),
)
"""What not every compatible server takes, and the words by which it says so."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a crew wants to know, and the shape of the answer."""

    crew: str
    messages: list[Any]
    shape: type[BaseModel]


class Meter:
    """Every call of one analysis; read by another thread when the time is over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended: list[Call] = []
        self._open: Call | None = None
        self._opened_at = 0.0

    @contextmanager
    def call(self, request: Request, settings: ModelSettings) -> Iterator[None]:
        """Whatever ends the call, it was made and may have been billed."""
        with self._lock:
            self._open = Call(request.crew, settings.model, settings.address, ANSWERED)
            self._opened_at = time.monotonic()
        try:
            yield
        except AnalystUnavailable as failure:
            self._close(str(failure.reason))
            raise
        except BaseException:
            self._close(str(Failure.INVALID))
            raise
        self._close(ANSWERED)

    def note_tokens(self, completion: ChatCompletion) -> None:
        usage = completion.usage  # some servers send none
        details = usage and usage.prompt_tokens_details
        with self._lock:
            if usage and self._open:
                self._open = replace(
                    self._open,
                    prompt_tokens=max(0, usage.prompt_tokens or 0),
                    completion_tokens=max(0, usage.completion_tokens or 0),
                    cached_tokens=max(0, (details and details.cached_tokens) or 0),
                )

    def note_cached(self, crew: str, settings: ModelSettings) -> None:
        with self._lock:
            self._ended.append(Call(crew, settings.model, settings.address, CACHED))

    def calls(self) -> tuple[Call, ...]:
        """One still open has outlived the budget."""
        with self._lock:
            if self._open is None:
                return tuple(self._ended)
            overdue = replace(self._open, outcome=str(Failure.TIMEOUT), seconds=time.monotonic() - self._opened_at)
            return (*self._ended, overdue)

    def _close(self, outcome: str) -> None:
        with self._lock:
            assert self._open is not None
            self._ended.append(replace(self._open, outcome=outcome, seconds=time.monotonic() - self._opened_at))
            self._open = None


@dataclass(slots=True)
class Allowance:
    """What one analysis may still spend. `deadline` in monotonic seconds; `failed` are the endpoints that gave it
    trouble, and why; `asking` is the one it is waiting for."""

    deadline: float
    meter: Meter
    failed: dict[ModelSettings, Failure] = field(default_factory=dict)
    asking: ModelSettings | None = None

    @property
    def seconds_left(self) -> float:
        return self.deadline - time.monotonic()


class ChatEndpoint:
    """Safe to share between threads: one connection pool for all."""

    def __init__(self, settings: ModelSettings) -> None:
        self.settings = settings
        self._untaken: frozenset[str] = frozenset()
        client = openai.OpenAI(
            api_key=settings.api_key, base_url=settings.base_url or VENDOR, max_retries=0, timeout=30
        )
        # The library imports this part on first use: a second of CPU that no customer should wait for.
        self._completions = client.chat.completions

    def ask(self, request: Request, allowance: Allowance, *, seconds: float) -> BaseModel:
        """One valid answer, or AnalystUnavailable."""
        until = time.monotonic() + seconds
        for _ in range(1 + len(_OPTIONS)):
            try:
                return self._ask_once(request, allowance.meter, until - time.monotonic())
            except _OptionRejected as rejected:
                self._untaken |= {rejected.option}  # from now on it is done without
        raise AnalystUnavailable(Failure.INVALID, "the server takes none of our options")

    def _ask_once(self, request: Request, meter: Meter, seconds: float) -> BaseModel:
        if seconds < SHORTEST_CALL:
            raise AnalystUnavailable(Failure.TIMEOUT, "no time left")
        with meter.call(request, self.settings):
            completion = self._create(request, seconds)
            if not isinstance(completion, ChatCompletion) or not completion.choices:
                raise AnalystUnavailable(Failure.INVALID, "not a chat completion")
            meter.note_tokens(completion)
            return parse_answer(request.shape, _content(completion))

    def _create(self, request: Request, seconds: float) -> object:
        timeout = openai.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))
        try:
            return self._completions.create(model=self.settings.model, timeout=timeout, **self._options(request))
        except openai.APIError as error:
            if rejected := self._rejected_option(error):
                raise _OptionRejected(rejected) from error
            raise _unavailable(error) from error
        except ValueError as error:  # a body that is not the JSON it claims to be
            raise AnalystUnavailable(Failure.INVALID, "the response is not JSON") from error

    def _options(self, request: Request) -> dict[str, Any]:
        options: dict[str, Any] = {
            "messages": request.messages,
            "response_format": _response_format(request),
            "max_completion_tokens": MOST_COMPLETION_TOKENS,
        }
        if "response_format" in self._untaken:  # then it is told in words
            options["messages"] = [*request.messages, _in_words(request.shape)]
        return {name: value for name, value in options.items() if name not in self._untaken}

    def _rejected_option(self, error: openai.APIError) -> str | None:
        if not isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError):
            return None
        said = str(error).lower()
        return next(
            (name for name, words in _OPTIONS if name not in self._untaken and any(word in said for word in words)),
            None,
        )


class _OptionRejected(AnalystUnavailable):
    """The server knows no structured output, or another name for the bound of an answer."""

    def __init__(self, option: str) -> None:
        super().__init__(Failure.INVALID, f"the server takes no {option}")
        self.option = option


def _in_words(shape: type[BaseModel]) -> dict[str, str]:
    schema = json.dumps(schema_of(shape))
    return {"role": "system", "content": f"Answer with one JSON object that fits this JSON schema: {schema}"}


def _response_format(request: Request) -> dict[str, Any]:
    schema = {"name": request.crew, "schema": schema_of(request.shape), "strict": True}
    return {"type": "json_schema", "json_schema": schema}


def _content(completion: ChatCompletion) -> str:
    choice = completion.choices[0]
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise AnalystUnavailable(Failure.REFUSED, "the model refused")
    if choice.finish_reason == "length":
        raise AnalystUnavailable(Failure.CUT_OFF, "the answer was cut off")
    if choice.message.tool_calls:  # none was offered
        raise AnalystUnavailable(Failure.INVALID, "a tool was called although there is none")
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
