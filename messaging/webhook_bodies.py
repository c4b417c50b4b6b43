"""A raw webhook body as a person reads it, whatever the bytes are."""

import json
from urllib.parse import parse_qsl

UNREADABLE = "\N{REPLACEMENT CHARACTER}"


def readable_body(body: bytes) -> str:
    """JSON indented, a form one value a line, anything else as text. Never raises."""
    text = body.decode("utf-8", "replace").replace("\x00", UNREADABLE)
    return _as_json(text) or _as_form(text) or text


def _as_json(text: str) -> str | None:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False).encode("utf-8", "replace").decode()
    except (ValueError, RecursionError):
        return None


def _as_form(text: str) -> str | None:
    try:
        values = parse_qsl(text, keep_blank_values=True, strict_parsing=True)
    except ValueError:
        return None
    return "\n".join(f"{name}: {value}" for name, value in values).replace("\x00", UNREADABLE)
