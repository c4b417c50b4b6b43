"""Templates of a WhatsApp business account at Meta.

https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview. A message names one by
name and language, which are unique in an account; news name it by a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from messaging.templating import Button, Category, Draft, Limits, Listed, Listing, Status, variables_in
from messaging.transports import ErrorKind, TransportError

from .transport import CloudTransport, build

LIMITS: Final = Limits(named_variables=True)
FIELDS: Final = "name,status,category,language,quality_score,rejected_reason,components"
MOST_PAGES: Final = 100
PAGE: Final = "100"

STATUSES: Final = {
    "PENDING": Status.PENDING,
    "IN_APPEAL": Status.PENDING,
    "APPROVED": Status.APPROVED,
    "REJECTED": Status.REJECTED,
    "PAUSED": Status.PAUSED,
    "DISABLED": Status.DISABLED,
    "LIMIT_EXCEEDED": Status.DISABLED,
    "ARCHIVED": Status.DISABLED,
    "PENDING_DELETION": Status.GONE,
    "DELETED": Status.GONE,
}
BUTTON_KINDS: Final = {"QUICK_REPLY": "quick_reply", "URL": "url", "PHONE_NUMBER": "phone"}

Json = dict[str, Any]


def list_templates(config: Mapping[str, str], secrets: Mapping[str, str]) -> Listing:
    """Every page, or none: what is missing from half a list would count as gone."""
    found: list[Listed] = []
    unreadable: list[str] = []
    for one in _all(build(config, secrets), config["waba_id"]):
        try:
            found.append(_listed(one))
        except (AttributeError, KeyError, TypeError, ValueError):
            unreadable.append(str(one.get("id", "?")) if isinstance(one, dict) else "?")
    return Listing(tuple(found), tuple(unreadable))


def create_template(config: Mapping[str, str], secrets: Mapping[str, str], draft: Draft) -> Listed:
    """Meta reviews it at once: there is no draft."""
    wanted = {
        "name": draft.name,
        "language": draft.language,
        "category": draft.category.upper(),
        "parameter_format": "POSITIONAL" if _is_numbered(draft.body) else "NAMED",
        "components": list(_components(draft)),
    }
    answer = build(config, secrets).write(f"/{config['waba_id']}/message_templates", wanted)
    shown = {**wanted, **answer, "status": answer.get("status") or "PENDING"}
    try:
        return _listed(shown)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise TransportError(ErrorKind.UNKNOWN, detail=f"unreadable answer: {type(error).__name__}") from error


def submit_template(
    config: Mapping[str, str], secrets: Mapping[str, str], *, provider_id: str, name: str, category: str
) -> None:
    """Whatever is at Meta has been submitted."""
    raise TransportError(ErrorKind.REJECTED, detail="Meta reviews a template when it is created")


# -- asking ------------------------------------------------------------------------------------------------


def _all(meta: CloudTransport, account: str) -> Iterator[Any]:
    """By cursors: the address of the next page that Meta sends holds the access token."""
    after: Json = {}
    for _ in range(MOST_PAGES):
        page = meta.read(f"/{account}/message_templates", fields=FIELDS, limit=PAGE, **after)
        try:
            yield from list(page["data"])
            paging = page.get("paging") or {}
            cursor = (paging.get("cursors") or {}).get("after") if paging.get("next") else None
        except (AttributeError, KeyError, TypeError) as error:
            raise TransportError(ErrorKind.UNKNOWN, detail="the list of templates is not readable") from error
        if not cursor:
            return
        after = {"after": str(cursor)}


# -- reading -----------------------------------------------------------------------------------------------


def _listed(one: Any) -> Listed:
    parts = {str(part.get("type") or "").upper(): part for part in one.get("components") or ()}
    name, language = _word(one["name"]), language_in(_word(one["language"]))
    score = one.get("quality_score")
    quality = str((score.get("score") if isinstance(score, dict) else score) or "").lower()
    category = str(one.get("category") or "").lower()
    header, body = parts.get("HEADER", {}), parts.get("BODY", {})
    reason = str(one.get("rejected_reason") or "")
    return Listed(
        provider_id=_word(one["id"]),
        reference=f"{name}/{language}",
        name=name,
        language=language,
        category=Category(category) if category in set(Category) else Category.UNKNOWN,
        status=STATUSES.get(str(one.get("status") or "").upper(), Status.DISABLED),
        quality=quality if quality in ("green", "yellow", "red") else "",
        header=str(header.get("text") or ""),
        body=str(body.get("text") or ""),
        footer=str(parts.get("FOOTER", {}).get("text") or ""),
        buttons=tuple(_buttons(parts.get("BUTTONS", {}).get("buttons") or ())),
        variables=_examples(body),
        reason="" if reason == "NONE" else reason,
        unsupported=_unsupported(parts),
    )


def _word(value: object) -> str:
    """Ids come as numbers in news and as text in lists."""
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value):
        raise ValueError("no word")
    return str(value)


def language_in(told: str) -> str:
    """`pt-BR` in news, `pt_BR` in lists."""
    return told.replace("-", "_")


def _examples(body: Json) -> dict[str, str]:
    keys = variables_in(str(body.get("text") or ""))
    example = body.get("example") or {}
    rows = example.get("body_text") or [[]]
    numbered = dict(zip(keys, map(str, rows[0] if isinstance(rows[0], list) else rows), strict=False))
    named = {
        str(one.get("param_name")): str(one.get("example") or "") for one in example.get("body_text_named_params") or ()
    }
    return {key: named.get(key, numbered.get(key, "")) for key in keys}


def _buttons(buttons: Any) -> Iterator[Button]:
    for button in buttons:
        kind = str(button.get("type") or "")
        value = button.get("url") or button.get("phone_number") or ""
        yield Button(BUTTON_KINDS.get(kind, kind.lower()), str(button.get("text") or ""), str(value))


def _unsupported(parts: Json) -> str:
    """Only the body's variables are filled; whatever else asks for a parameter would be refused."""
    header = parts.get("HEADER") or {}
    if header.get("format", "TEXT") != "TEXT":
        return f"its header needs a {str(header['format']).lower()}, which Baton does not send with templates"
    if "{{" in str(header.get("text") or ""):
        return "its header has a variable, which Baton does not fill"
    if any("{{" in str(button.get("url") or "") for button in (parts.get("BUTTONS") or {}).get("buttons") or ()):
        return "a button's address has a variable, which Baton does not fill"
    odd = set(parts) - {"HEADER", "BODY", "FOOTER", "BUTTONS"}
    return f"it has a part that Baton does not send: {', '.join(sorted(odd)).lower()}" if odd else ""


# -- writing -----------------------------------------------------------------------------------------------


def _is_numbered(body: str) -> bool:
    return all(key.isdigit() for key in variables_in(body))


def _components(draft: Draft) -> Iterator[Json]:
    if draft.header:
        yield {"type": "HEADER", "format": "TEXT", "text": draft.header}
    keys = variables_in(draft.body)
    yield {"type": "BODY", "text": draft.body, **({"example": _example(draft, keys)} if keys else {})}
    if draft.footer:
        yield {"type": "FOOTER", "text": draft.footer}
    if draft.buttons:
        yield {"type": "BUTTONS", "buttons": [_button(button) for button in draft.buttons]}


def _example(draft: Draft, keys: list[str]) -> Json:
    if _is_numbered(draft.body):
        return {"body_text": [[draft.examples[key] for key in sorted(keys, key=int)]]}
    return {"body_text_named_params": [{"param_name": key, "example": draft.examples[key]} for key in keys]}


def _button(button: Button) -> Json:
    if button.kind == "url":
        return {"type": "URL", "text": button.text, "url": button.value}
    if button.kind == "phone":
        return {"type": "PHONE_NUMBER", "text": button.text, "phone_number": button.value}
    return {"type": "QUICK_REPLY", "text": button.text}
