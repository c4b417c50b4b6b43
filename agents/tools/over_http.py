"""A workspace's own tool: one signed POST to an address of theirs, bounded in time and size.

The signature is `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">` in `X-Baton-Signature`. The address must be
public (messaging/public_http.py), and a redirect is not followed: the signature is for that address alone. What comes
back is material for a reply, never an instruction.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

import httpx
import jsonschema

from agents.models import WorkspaceTool
from messaging.public_http import is_private_refusal, public_client
from project.kernel.errors import WrongValues

from .ports import LONGEST_RESULT, Errand, Outcome, Tool, ToolFailed

MOST_BYTES = 64 * 1024
SIGNATURE = "X-Baton-Signature"
LONGEST_INPUTS = 8000
MOST_DEPTH = 12


def http_tool(row: WorkspaceTool) -> Tool:
    schema = row.inputs or {"type": "object", "properties": {}}

    def check(arguments: Mapping[str, Any]) -> dict[str, Any]:
        return check_inputs(schema, arguments)

    def run(errand: Errand, inputs: dict[str, Any]) -> Outcome:
        return _call(row, errand, inputs)

    return Tool(row.name, row.description, schema, frozenset(row.callers), row.timeout_seconds, check, run)


def check_schema(schema: Any) -> None:
    """Whether inputs can be checked by it. Raises WrongValues."""
    if not isinstance(schema, dict) or schema.get("type", "object") != "object":
        raise WrongValues({"inputs": "it must be the JSON schema of an object"})
    if len(json.dumps(schema)) > LONGEST_INPUTS:
        raise WrongValues({"inputs": f"it is longer than {LONGEST_INPUTS} characters"})
    if "$ref" in json.dumps(schema):
        raise WrongValues({"inputs": "$ref is not understood by every model; write the parts out"})
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise WrongValues({"inputs": f"it is not a JSON schema: {error.message[:200]}"}) from error


def check_inputs(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs that fit, and none besides. Raises WrongValues."""
    strict = {"additionalProperties": False, **schema}
    validator = jsonschema.Draft202012Validator(strict, format_checker=jsonschema.FormatChecker())
    problems = {
        ".".join(map(str, error.absolute_path)) or "arguments": error.message[:200]
        for error in validator.iter_errors(dict(arguments))
    }
    if problems:
        raise WrongValues(problems)
    return dict(arguments)


def sign(body: bytes, *, key: str, at: int) -> str:
    digest = hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def _call(row: WorkspaceTool, errand: Errand, inputs: dict[str, Any]) -> Outcome:
    content = {
        "tool": row.name,
        "arguments": inputs,
        "lead": errand.lead_id,
        "conversation": errand.conversation_id,
        "caller": errand.caller,
        "turn": errand.turn_id,
    }
    body = json.dumps(content, ensure_ascii=False).encode()
    at = int(errand.now.timestamp())
    headers = {
        "Content-Type": "application/json",
        SIGNATURE: sign(body, key=row.secrets["signing_key"], at=at),
        "Idempotency-Key": f"{errand.turn_id}:{row.name}:{hashlib.sha256(body).hexdigest()[:16]}",
    }
    return Outcome(_text(_post(row, body, headers)))


def _post(row: WorkspaceTool, body: bytes, headers: Mapping[str, str]) -> bytes:
    deadline = time.monotonic() + row.timeout_seconds
    try:
        with (
            public_client(read_seconds=row.timeout_seconds) as client,
            client.stream("POST", row.url, content=body, headers=dict(headers)) as response,
        ):
            if not response.is_success:
                raise ToolFailed(f"the address answered {response.status_code}")
            return _read(response, deadline)
    except httpx.TimeoutException as error:
        raise ToolFailed(f"it did not answer within {row.timeout_seconds:g} seconds") from error
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        if is_private_refusal(error):
            raise ToolFailed("its address is not a public one") from error
        raise ToolFailed(f"it could not be reached ({type(error).__name__})") from error


def _read(response: httpx.Response, deadline: float) -> bytes:
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > MOST_BYTES:
            raise ToolFailed(f"its answer is larger than {MOST_BYTES // 1024} KB")
        if time.monotonic() > deadline:
            raise ToolFailed("its answer did not end in time")
    return bytes(body)


def _text(body: bytes) -> str:
    """JSON as it is, a plain text as it is; `{"text": …}` may say it in the tool's own words."""
    said = body.decode("utf-8", "replace").replace("\x00", "").strip()
    try:
        content = json.loads(said)
    except (ValueError, RecursionError):
        return said[:LONGEST_RESULT] or "(an empty answer)"
    if isinstance(content, dict) and isinstance(content.get("text"), str):
        return str(content["text"])[:LONGEST_RESULT]
    return json.dumps(content, ensure_ascii=False)[:LONGEST_RESULT]
