"""A double of an OpenAI-compatible model: `python -m tests.doubles.model --port 9003`.

Unscripted, it answers every request sensibly by the few rules of `model_brain`, so that a demo works. Steps scripted
by `script(...)` or `POST /_control/script` are used up first, in order; `GET /_control/requests` is the book of what
was asked.
"""

from __future__ import annotations

import argparse
import itertools
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from tests.doubles.model_brain import answer_for, kind_of
from tests.doubles.server import Answer, Hang, HttpDouble, Request, Reset, Response, run_alone

FOREVER = -1
FAULTS = frozenset(
    [
        "hang",
        "reset",
        "refusal",
        "cut_json",
        "null_content",
        "empty_content",
        "invalid_json",
        "wrong_values",
        "ignore_schema",
        "rejects_schema",
        "rate_limited",
        "insufficient_quota",
        "unauthorized",
        "server_error",
        "no_usage",
        "invented_tool",
        "invalid_tool_arguments",
        "rejects_token_limit",
    ]
)


@dataclass(slots=True)
class Step:
    """What happens to the next `times` requests; with `on` only to those of that kind: "reading", "strategy", the name
    of any other schema ("reply", "extraction"), or "text" where none is asked for.

    `fields` are laid over the brain's JSON, `content` replaces the whole answer, `fault` names a misbehaviour.
    """

    fault: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    content: str | None = None
    delay_ms: float = 0
    retry_after: float | None = None
    times: int = 1
    on: str = ""

    def __post_init__(self) -> None:
        if self.fault and self.fault not in FAULTS:
            raise ValueError(f"unknown fault {self.fault!r}, one of {sorted(FAULTS)}")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for a completion, as it arrived."""

    kind: str
    arrived_at: float
    authorization: str
    body: dict[str, Any]


class ModelDouble(HttpDouble):
    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, delay_ms: float = 0) -> None:
        super().__init__(host=host, port=port)
        self.delay_ms = delay_ms
        self._steps: list[Step] = []
        self._asked: list[Asked] = []
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)

    @property
    def base_url(self) -> str:
        """What a client takes as OPENAI_BASE_URL."""
        return f"{self.url}/v1"

    @property
    def requests(self) -> list[Asked]:
        with self._lock:
            return list(self._asked)

    def script(self, *steps: Step) -> None:
        with self._lock:
            self._steps.extend(steps)

    def reset(self) -> None:
        with self._lock:
            self._steps.clear()
            self._asked.clear()

    def answer(self, request: Request) -> Answer:
        if request.path.startswith("/_control/"):
            return self._control(request)
        if request.path.endswith("/models"):
            model = {"id": "double", "object": "model", "created": 0, "owned_by": "tests"}
            return Response.json(200, {"object": "list", "data": [model]})
        if request.path.endswith("/chat/completions") and request.method == "POST":
            return self._complete(request)
        return _error(404, "not_found", f"no {request.method} {request.path} here")

    def _control(self, request: Request) -> Answer:
        match request.method, request.path.removeprefix("/_control/"):
            case "POST", "script":
                return self._script_by_request(request.json())
            case "POST", "reset":
                self.reset()
                return Response.json(200, {"ok": True})
            case "GET", "requests":
                return Response.json(200, [asdict(asked) for asked in self.requests])
        return _error(404, "not_found", request.path)

    def _script_by_request(self, content: Any) -> Answer:
        known = {step_field.name for step_field in fields(Step)}
        steps = content if isinstance(content, list) else [content]
        if unknown := {key for step in steps for key in step} - known:
            return _error(400, "unknown_field", f"{sorted(unknown)}, known: {sorted(known)}")
        try:
            self.script(*(Step(**step) for step in steps))
        except ValueError as error:
            return _error(400, "bad_value", str(error))
        return Response.json(200, {"steps": len(self._steps)})

    def _complete(self, request: Request) -> Answer:
        try:
            body = request.json()
        except ValueError:
            return _error(400, "invalid_json", "the body is not JSON")
        kind = kind_of(body)
        step = self._note_and_take_step(request, kind, body)
        if delay := step.delay_ms or self.delay_ms:
            self.stopping.wait(delay / 1000)
        return self._misbehave(step, body) or self._completion(body, kind, step)

    def _note_and_take_step(self, request: Request, kind: str, body: dict[str, Any]) -> Step:
        asked = Asked(kind, request.arrived_at, request.headers.get("Authorization", ""), body)
        with self._lock:
            self._asked.append(asked)
            step = next((step for step in self._steps if step.on in ("", kind)), None)
            if step is None:
                return Step()
            if step.times != FOREVER:
                step.times -= 1
                if step.times <= 0:
                    self._steps.remove(step)
            return step

    def _misbehave(self, step: Step, asked: Mapping[str, Any]) -> Answer | None:
        match step.fault:
            case "hang":
                return Hang()
            case "reset":
                return Reset()
            case "rate_limited":
                wait = {} if step.retry_after is None else {"Retry-After": f"{step.retry_after:g}"}
                return _error(429, "rate_limit_exceeded", "Rate limit reached", wait)
            case "insufficient_quota":
                return _error(429, "insufficient_quota", "You exceeded your current quota")
            case "unauthorized":
                return _error(401, "invalid_api_key", "Incorrect API key provided")
            case "rejects_schema" if "response_format" in asked:
                return _error(400, None, "Invalid parameter: 'response_format' of type 'json_schema' is not supported")
            case "rejects_token_limit" if "max_completion_tokens" in asked:
                return _error(400, None, "Unsupported parameter: 'max_completion_tokens'. Use 'max_tokens' instead.")
            case "server_error":
                return _error(500, None, "The server had an error")
        return None

    def _completion(self, body: Mapping[str, Any], kind: str, step: Step) -> Response:
        content = step.content
        if content is None:
            content = _as_text(answer_for(body, kind), step.fields)
        message, finish_reason = _message(content, step.fault, body)
        completion = {
            "id": f"chatcmpl-{next(self._numbers)}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": body.get("model", "double"),
            "choices": [{"index": 0, "message": message, "finish_reason": finish_reason, "logprobs": None}],
        }
        if step.fault != "no_usage":
            completion["usage"] = _usage(body, content)
        return Response.json(200, completion)


def _as_text(answer: dict[str, Any] | str, overlay: Mapping[str, Any]) -> str:
    return answer if isinstance(answer, str) else json.dumps({**answer, **overlay}, ensure_ascii=False)


_SAID_INSTEAD: dict[str, str | None] = {
    "null_content": None,
    "empty_content": "",
    "wrong_values": json.dumps({"intent": 7, "sentiment": "very", "action": "dance", "reply": ["no"]}),
    "ignore_schema": "Sure! Happy to help you with that.",
}
_TOOLS_CALLED = {
    "invented_tool": ("delete_customer", '{"id": 4711}'),
    "invalid_tool_arguments": ("search_products", '{"query": '),
}


def _message(content: str, fault: str, body: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
    if fault in _SAID_INSTEAD:
        return {**message, "content": _SAID_INSTEAD[fault]}, "stop"
    if fault in _TOOLS_CALLED:
        return _calling(message, *_TOOLS_CALLED[fault]), "tool_calls"
    match fault:
        case "refusal":
            return {**message, "content": None, "refusal": "I'm sorry, I cannot assist with that."}, "stop"
        case "cut_json":
            return {**message, "content": content[: len(content) // 2]}, "length"
        case "invalid_json":
            return {**message, "content": "{" + content}, "stop"
    if body.get("tools") and body.get("tool_choice") not in (None, "none", "auto"):
        return _tool_call(message, content, body), "tool_calls"
    return message, "stop"


def _tool_call(message: dict[str, Any], content: str, body: Mapping[str, Any]) -> dict[str, Any]:
    return _calling(message, body["tools"][0]["function"]["name"], content)


def _calling(message: dict[str, Any], name: str, arguments: str) -> dict[str, Any]:
    call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}
    return {**message, "content": None, "tool_calls": [call]}


def _usage(body: Mapping[str, Any], content: str) -> dict[str, Any]:
    prompt = sum(len(str(message.get("content") or "")) for message in body.get("messages", [])) // 4
    completion = len(content) // 4
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": prompt // 2},
    }


def _error(status: int, code: str | None, message: str, headers: Mapping[str, str] | None = None) -> Response:
    kind = {401: "invalid_request_error", 429: "requests"}.get(status, "invalid_request_error")
    kind = "insufficient_quota" if code == "insufficient_quota" else kind
    error = {"message": message, "type": kind, "param": None, "code": code}
    return Response.json(status, {"error": error}, headers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9003)
    parser.add_argument("--delay-ms", type=float, default=0, help="before every answer")
    options = parser.parse_args()
    run_alone(ModelDouble(host=options.host, port=options.port, delay_ms=options.delay_ms), name="Model")


if __name__ == "__main__":
    main()
