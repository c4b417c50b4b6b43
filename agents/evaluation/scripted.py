"""A model that says what a recording says: an OpenAI-compatible server on this machine, for one evaluation.

The agent asks it over HTTP as it asks any other, so that prompts, parsing and fallbacks are played as well.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .recordings import Script

SLOW_SECONDS = 60.0
_BLANK: dict[str, Any] = {"string": "", "number": 0.5, "integer": 0, "boolean": False, "array": [], "object": {}}


class ScriptedModel:
    """`script` is what the next calls are answered by."""

    def __init__(self) -> None:
        self.script = Script()
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.stopping = threading.Event()

    def base_url_for(self, name: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/{name}/v1"

    def __enter__(self) -> ScriptedModel:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer to one request for a completion."""
        name, schema = _wanted(request)
        self.asked.append(name)
        match self.script.fault:
            case "error":
                return 500, {"error": {"message": "The server had an error", "code": None}}
            case "slow":
                self.stopping.wait(SLOW_SECONDS)
            case "garbage":
                return 200, _completion("Sure! Happy to help.")
        return 200, _completion(json.dumps(self._filled(name, schema), ensure_ascii=False))

    def _filled(self, name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        said = self._said(name)
        properties = schema.get("properties") or {}
        return {key: said.get(key, blank(part)) for key, part in properties.items()} or said

    def _said(self, name: str) -> dict[str, Any]:
        script = self.script
        scripted = {"reading": script.reading, "strategy": script.strategy, "extraction": script.extraction}
        return {**script.reading, **script.strategy, **script.answers.get(name, {}), **scripted.get(name, {})}


def blank(part: Mapping[str, Any]) -> Any:
    """A value that fits the schema's part and says nothing."""
    if "enum" in part:
        preferred = ("unclear", "stay_silent", "low")
        return next((value for value in preferred if value in part["enum"]), part["enum"][0])
    if "anyOf" in part:
        return None if {"type": "null"} in part["anyOf"] else blank(part["anyOf"][0])
    kind = part.get("type", "string")
    return None if isinstance(kind, list) and "null" in kind else _BLANK.get(kind if isinstance(kind, str) else kind[0])


def _wanted(request: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Which analyst asks, by the shape of the answer that it wants."""
    wanted = (request.get("response_format") or {}).get("json_schema") or {}
    schema: Mapping[str, Any] = wanted.get("schema") or {}
    properties = set(schema.get("properties") or {})
    if {"intent", "opt_out"} <= properties:
        return "reading", schema
    if "action" in properties:
        return "strategy", schema
    return ("extraction" if "facts" in properties else str(wanted.get("name", ""))), schema


def _completion(content: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": content, "refusal": None}
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": "scripted",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }


def _handler(model: ScriptedModel) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, answer = model.answer(json.loads(body))
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the evaluation prints its own."""

    return Handler
