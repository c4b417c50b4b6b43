"""Updates as Meta sends them, and how it signs and delivers them."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from datetime import datetime
from typing import Any, Final

import urllib3

NUMBER_ID: Final = "106540352242922"
WABA_ID: Final = "102290129340398"
NUMBER: Final = "+14155238886"
APP_SECRET: Final = "0123456789abcdef0123456789abcdef"
ACCESS_TOKEN: Final = "EAAG-access-token"
VERIFY_TOKEN: Final = "a-word-of-ours"
SIGNED: Final = "X-Hub-Signature-256"
DAVI: Final = "5511987654321"
DAVIS_ID: Final = "BR.13491208655302741918"

_http = urllib3.PoolManager(retries=False, timeout=20)
_numbers = itertools.count(1)

Json = dict[str, Any]


def wamid() -> str:
    return f"wamid.HBgNNTUxMTk4NzY1NDMyMRUCABIYFD{next(_numbers):012X}AA=="


def message(
    kind: str, content: Any = None, *, at: datetime, sender: str = DAVI, user_id: str = DAVIS_ID, **more: Any
) -> Json:
    """A customer's message of any type; an empty `sender` hides the phone."""
    who = {name: value for name, value in (("from", sender), ("from_user_id", user_id)) if value}
    about = {} if content is None else {kind: content}
    return {"id": wamid(), **who, "timestamp": str(int(at.timestamp())), "type": kind, **about, **more}


def text(words: str, **options: Any) -> Json:
    return message("text", {"body": words}, **options)


def status(message_id: str, word: str, *, at: datetime, our_id: str = "", code: int = 0, **more: Any) -> Json:
    told: Json = {"id": message_id, "status": word, "timestamp": str(int(at.timestamp())), "recipient_id": DAVI}
    if our_id:
        told["biz_opaque_callback_data"] = our_id
    if code:
        details = {"details": f"Scripted error {code}"}
        told["errors"] = [{"code": code, "title": "Scripted", "message": "Scripted", "error_data": details}]
    return told | more


def contact_of(update: Json, name: str = "Davi") -> Json:
    ids = {"wa_id": update.get("from"), "user_id": update.get("from_user_id")}
    return {"profile": {"name": name}, **{key: value for key, value in ids.items() if value}}


def batch(
    *, messages: list[Json] | None = None, statuses: list[Json] | None = None, number_id: str = NUMBER_ID, **more: Any
) -> Json:
    """One delivery of the field `messages`, as Meta mixes them."""
    value: Json = {"messaging_product": "whatsapp", "metadata": metadata(number_id), **more}
    if messages:
        value |= {"messages": messages}
        value.setdefault("contacts", [contact_of(one) for one in messages])
    if statuses:
        value["statuses"] = statuses
    return delivery({"field": "messages", "value": value})


def metadata(number_id: str = NUMBER_ID) -> Json:
    return {"display_phone_number": NUMBER.removeprefix("+"), "phone_number_id": number_id}


def preference(value: str, *, at: datetime, category: str = "marketing_messages", user_id: str = DAVIS_ID) -> Json:
    chosen = {
        "wa_id": DAVI,
        "user_id": user_id,
        "detail": f"User asked to {value} marketing messages",
        "category": category,
        "value": value,
        "timestamp": int(at.timestamp()),
    }
    value_of = {"messaging_product": "whatsapp", "metadata": metadata(), "user_preferences": [chosen]}
    return delivery({"field": "user_preferences", "value": value_of})


def news(field: str, time: int = 1_763_640_000, **value: Any) -> Json:
    return delivery({"field": field, "value": value}, time=time)


def delivery(*changes: Json, time: int = 1_763_640_000) -> Json:
    return {"object": "whatsapp_business_account", "entry": [{"id": WABA_ID, "time": time, "changes": list(changes)}]}


def encode(content: Any) -> bytes:
    return json.dumps(content).encode()


def signed_headers(body: bytes, app_secret: str = APP_SECRET) -> dict[str, str]:
    signature = hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "facebookexternalua",
        SIGNED: f"sha256={signature}",
    }


def deliver(url: str, content: Any, *, app_secret: str = APP_SECRET) -> int:
    body = encode(content)
    return int(_http.request("POST", url, body=body, headers=signed_headers(body, app_secret)).status)
