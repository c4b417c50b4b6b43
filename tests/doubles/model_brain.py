"""What the model double says when nothing is scripted: a few plain rules, written without the product's code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

_CUSTOMER = re.compile(r"<customer_message>(.*?)</customer_message>", re.DOTALL)
_SOURCE = re.compile(r'<source id="(\d+)">(.*?)</source>', re.DOTALL)
_INTENTS = (
    ("opt_out", r"\b(unsubscribe|stop (messaging|texting|writing))\b"),
    ("human_request", r"\b(human|real person|speak to someone|representative|atendente|persona real)\b"),
    ("complaint", r"\b(terrible|awful|broken|complain\w*|worst|angry|p[eé]ssimo)\b"),
    ("refund", r"\b(refund|money back|reembols\w+)\b"),
    ("cancellation", r"\b(cancel\w*)\b"),
    ("pricing", r"\b(price|prices|pricing|cost|how much|pre[cç]o|precio|quanto|cu[aá]nto)\b"),
    ("booking", r"\b(book|appointment|schedule|meeting|demo|agendar)\b"),
    ("purchase_intent", r"\b(buy|order|purchase|comprar)\b"),
    ("greeting", r"^\W*(hi|hello|hey|ol[aá]|hola|bonjour|good (morning|afternoon))\b"),
    ("small_talk", r"\b(thanks|thank you|obrigad[oa]|gracias)\b"),
    ("product_inquiry", r"\?"),
)
_LANGUAGES = (
    ("pt", r"\b(voc[eê]|n[aã]o|obrigad[oa]|quero|ol[aá]|pre[cç]o|quanto)\b"),
    ("es", r"\b(usted|hola|gracias|quiero|precio|cu[aá]nto)\b"),
    ("fr", r"\b(bonjour|merci|vous|je)\b"),
    ("de", r"\b(hallo|danke|ich|nicht)\b"),
)
_NAMED = {
    "intent": "reading",
    "strategy": "strategy",
    **{name: name for name in ("reply", "extraction", "product")},
}
_DRAFT = re.compile(r"<draft>(.*?)</draft>", re.DOTALL)
_TYPICAL: dict[str, Any] = {
    "string": "",
    "number": 0.5,
    "integer": 0,
    "boolean": False,
    "array": [],
    "null": None,
}


def schema_of(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The JSON schema that the answer must fit, from `response_format` or the first tool."""
    wanted = body.get("response_format") or {}
    if wanted.get("type") == "json_schema":
        schema: dict[str, Any] = wanted["json_schema"].get("schema", {})
        return schema
    for tool in body.get("tools") or []:
        parameters: dict[str, Any] = tool.get("function", {}).get("parameters", {})
        return parameters
    return None


def kind_of(body: Mapping[str, Any]) -> str:
    """ "reading" and "strategy" whatever their schema is called; else the schema's name, "text" without one."""
    properties = (schema_of(body) or {}).get("properties", {})
    name = _name_of_schema(body)
    if name in _NAMED:
        return _NAMED[name]
    prompt = "" if properties else _prompt(body)
    if "intent" in properties or '"intent"' in prompt:
        return "reading"
    if "action" in properties or '"action"' in prompt:
        return "strategy"
    return name if properties and name else "text"


def _name_of_schema(body: Mapping[str, Any]) -> str:
    wanted = body.get("response_format") or {}
    return str(wanted.get("json_schema", {}).get("name", ""))


def answer_for(body: Mapping[str, Any], kind: str) -> dict[str, Any] | str:
    prompt = _prompt(body)
    text = _customer_text(prompt)
    if kind == "text":
        return f"Model: you wrote {text[:200]!r}."
    known = {"reading": _reading(text), "strategy": _strategy(text, prompt), "reply": _written(prompt)}.get(kind, {})
    return _fit(schema_of(body), known)


def _fit(schema: dict[str, Any] | None, known: dict[str, Any]) -> dict[str, Any]:
    """Exactly the properties that the schema names, as a strict server would."""
    properties = (schema or {}).get("properties")
    if not properties:
        return known
    return {name: known.get(name, _typical(part)) for name, part in properties.items()}


def _typical(part: Mapping[str, Any]) -> Any:
    if "enum" in part:
        return part["enum"][0]
    if "anyOf" in part:
        return _typical(part["anyOf"][-1])
    if part.get("type") == "object":
        return {name: _typical(inner) for name, inner in part.get("properties", {}).items()}
    return _TYPICAL.get(part.get("type", "string"))


def _prompt(body: Mapping[str, Any]) -> str:
    return "\n".join(str(message.get("content") or "") for message in body.get("messages", []))


def _customer_text(prompt: str) -> str:
    found = _CUSTOMER.findall(prompt)
    return (found[-1] if found else prompt[-400:]).strip()


def _first(rules: tuple[tuple[str, str], ...], text: str, default: str) -> str:
    return next((name for name, pattern in rules if re.search(pattern, text, re.IGNORECASE)), default)


def _reading(text: str) -> dict[str, Any]:
    intent = _first(_INTENTS, text, "unclear")
    urgent = re.search(r"\b(urgent|asap|now|today)\b", text, re.IGNORECASE)
    return {
        "intent": intent,
        "wants_human": intent == "human_request",
        "opt_out": intent == "opt_out",
        "opt_in": False,
        "priority": "high" if intent in ("complaint", "purchase_intent") else "medium",
        "sentiment": -0.7 if intent == "complaint" else 0.1,
        "urgency": "high" if urgent else "medium",
        "language": _first(_LANGUAGES, text, "en"),
        "confidence": 0.9,
        "summary": f"The customer wrote: {text[:120]}",
    }


def _strategy(text: str, prompt: str) -> dict[str, Any]:
    intent = _first(_INTENTS, text, "unclear")
    if intent == "human_request":
        return _plan("hand_over", None, "The customer asked for a person.")
    sources = _SOURCE.findall(prompt)
    if sources:
        number, body = sources[0]
        return _plan("reply", f"Model: {body.strip().splitlines()[-1]}", "Answered from knowledge.", [int(number)])
    reply = f"Model: thank you, I understood this as {intent.replace('_', ' ')}. What else may I do for you?"
    return _plan("reply", reply, "General answer.", escalate=intent == "complaint")


def _written(prompt: str) -> dict[str, Any]:
    """A writer who leaves the draft as it is."""
    drafts = _DRAFT.findall(prompt)
    return {"reply": unescape(drafts[-1].strip()) if drafts else ""}


def _plan(
    action: str, reply: str | None, reason: str, cited: list[int] | None = None, escalate: bool = False
) -> dict[str, Any]:
    cited = cited or []
    return {
        "action": action,
        "reply": reply,
        "reason": reason,
        "cited": cited,
        "escalate": escalate,
        "confidence": 0.85,
    }
