"""Templates in Twilio's Content API. https://www.twilio.com/docs/content/content-api-resources

They are known by their content SID: WhatsApp's own name gets a suffix from Twilio. There is no webhook for them, so
that the list is read now and then.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from messaging.templating import Button, Category, Draft, Limits, Listed, Listing, Status, variables_in
from messaging.transports import ErrorKind, TransportError

from .transport import client_of, errors_named

CONTENT_BASE: Final = "https://content.twilio.com"
FIRST_PAGE: Final = f"{CONTENT_BASE}/v1/ContentAndApprovals?PageSize=100"
MOST_PAGES: Final = 200

LIMITS: Final = Limits(body=1600, body_with_quick_replies=1024, body_with_links=640)

STATUSES: Final = {
    "unsubmitted": Status.DRAFT,
    "received": Status.PENDING,
    "pending": Status.PENDING,
    "approved": Status.APPROVED,
    "rejected": Status.REJECTED,
    "paused": Status.PAUSED,
    "disabled": Status.DISABLED,
}
SENDABLE: Final = ("twilio/text", "twilio/quick-reply", "twilio/call-to-action")
"""The types whose variables are all in their texts; Twilio takes any, and the rest is shown and not offered."""

BUTTON_KINDS: Final = {"QUICK_REPLY": "quick_reply", "URL": "url", "PHONE_NUMBER": "phone"}

Json = dict[str, Any]


def list_templates(config: Mapping[str, str], secrets: Mapping[str, str]) -> Listing:
    """Every page, or none: what is missing from half a list would count as gone."""
    found: list[Listed] = []
    unreadable: list[str] = []
    for content in _contents(client_of(config, secrets)):
        try:
            found.append(_listed(content))
        except (AttributeError, KeyError, TypeError, ValueError):
            unreadable.append(str(content.get("sid", "?")) if isinstance(content, dict) else "?")
    return Listing(tuple(found), tuple(unreadable))


def create_template(config: Mapping[str, str], secrets: Mapping[str, str], draft: Draft) -> Listed:
    """A draft; asking for its approval is a second request."""
    wanted = {
        "friendly_name": draft.name,
        "language": draft.language,
        "variables": {key: draft.examples[key] for key in variables_in(draft.body)},
        "types": _types(draft),
    }
    content = _ask(client_of(config, secrets), "POST", f"{CONTENT_BASE}/v1/Content", wanted)
    try:
        return _listed(content)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise TransportError(ErrorKind.UNKNOWN, detail=f"unreadable answer: {type(error).__name__}") from error


def submit_template(
    config: Mapping[str, str], secrets: Mapping[str, str], *, provider_id: str, name: str, category: str
) -> None:
    url = f"{CONTENT_BASE}/v1/Content/{provider_id}/ApprovalRequests/whatsapp"
    _ask(client_of(config, secrets), "POST", url, {"name": name, "category": category.upper()})


# -- asking ------------------------------------------------------------------------------------------------


def _contents(client: Client) -> Iterator[Any]:
    url: str | None = FIRST_PAGE
    for _ in range(MOST_PAGES):
        if not url:
            return
        page = _ask(client, "GET", url)
        try:
            yield from list(page["contents"])
            url = _next(client, page["meta"].get("next_page_url"))
        except (AttributeError, KeyError, TypeError) as error:
            raise TransportError(ErrorKind.UNKNOWN, detail="the list of templates is not readable") from error


def _next(client: Client, url: object) -> str | None:
    """Followed as it is, but never to somebody else: the request carries our credentials."""
    if not url:
        return None
    ours = (urlsplit(CONTENT_BASE).netloc, urlsplit(client.http_client.api_base).netloc)
    if not isinstance(url, str) or urlsplit(url).netloc not in ours:
        raise TransportError(ErrorKind.REJECTED, detail="the list of templates goes on at a foreign address")
    return url


def _ask(client: Client, method: str, url: str, content: Json | None = None) -> Json:
    headers = {"Content-Type": "application/json"} if content is not None else {}
    with errors_named():
        answer = client.request(method, url, data=content, headers=headers)
        if not 200 <= answer.status_code < 300:
            raise _refusal(answer, method, url)
        found = json.loads(answer.text)
    if not isinstance(found, dict):
        raise TransportError(ErrorKind.UNKNOWN, detail="unreadable answer: not an object")
    return found


def _refusal(answer: Any, method: str, url: str) -> TwilioRestException:
    try:
        said = json.loads(answer.text)
        code, words = said.get("code"), str(said.get("message") or "")
    except (AttributeError, ValueError):
        code, words = None, str(answer.text)[:200]
    return TwilioRestException(answer.status_code, url, words, code or answer.status_code, method)


# -- reading -----------------------------------------------------------------------------------------------


def _listed(content: Any) -> Listed:
    kind, body = next(iter(content["types"].items()))
    approval = _approval(content.get("approval_requests"))
    variables = content.get("variables") or {}
    category = str(approval.get("category") or "").lower()
    return Listed(
        provider_id=_sid(content["sid"]),
        reference=content["sid"],
        name=str(approval.get("name") or content.get("friendly_name") or content["sid"]),
        language=str(content.get("language") or "").replace("-", "_"),
        category=Category(category) if category in set(Category) else Category.UNKNOWN,
        status=STATUSES.get(str(approval.get("status") or "unsubmitted").lower(), Status.DISABLED),
        body=str(body.get("body") or ""),
        buttons=tuple(_buttons(body.get("actions") or ())),
        variables={str(key): str(example) for key, example in variables.items()},
        reason=str(approval.get("rejection_reason") or ""),
        unsupported="" if kind in SENDABLE else f"Baton does not send templates of the type {kind}",
    )


def _sid(value: object) -> str:
    if not isinstance(value, str) or not value.startswith("HX") or len(value) != 34:
        raise ValueError("no content SID")
    return value


def _approval(found: Any) -> Json:
    """Flat in Twilio's specification, under the channel's name in what is really sent, and sometimes a list of both."""
    if isinstance(found, list):
        found = next((one for one in found if isinstance(one, dict)), {})
    if not isinstance(found, dict):
        return {}
    inner = found.get("whatsapp")
    return inner if isinstance(inner, dict) else found


def _buttons(actions: Any) -> Iterator[Button]:
    for action in actions:
        kind = str(action.get("type") or "QUICK_REPLY")
        value = action.get("url") or action.get("phone") or action.get("id") or ""
        yield Button(BUTTON_KINDS.get(kind, kind.lower()), str(action.get("title") or ""), str(value))


# -- writing -----------------------------------------------------------------------------------------------


def _types(draft: Draft) -> Json:
    """Twilio's plain types have no header and no footer: they become the text's first and last line."""
    body = "\n\n".join(part for part in (draft.header, draft.body, draft.footer) if part)
    if not draft.buttons:
        return {"twilio/text": {"body": body}}
    if draft.buttons[0].kind == "quick_reply":
        actions = [
            {"type": "QUICK_REPLY", "title": button.text, "id": button.value or button.text} for button in draft.buttons
        ]
        return {"twilio/quick-reply": {"body": body, "actions": actions}}
    return {"twilio/call-to-action": {"body": body, "actions": [_action(button) for button in draft.buttons]}}


def _action(button: Button) -> Json:
    if button.kind == "url":
        return {"type": "URL", "title": button.text, "url": button.value}
    return {"type": "PHONE_NUMBER", "title": button.text, "phone": button.value}
