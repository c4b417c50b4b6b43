"""A double of the services that send and receive mails: Mailgun, Postmark, SendGrid and Resend, each under its path.

    with MailService() as service:
        service.fault("reset_after_accept")
        service.book                                # what it took
        mailgun_mail(…), postmark_mail(…), …        # what they post to us

Alone: `python -m tests.doubles.mail_service --port 9006`; it prints the address of each.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import itertools
import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from typing import Any, Final
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.doubles.server import Answer, Hang, HttpDouble, Request, Reset, Response, run_alone

API_KEY: Final = "key-of-the-mail-service"
DOMAIN: Final = "acme.test"
SENDER: Final = f"sales@{DOMAIN}"
DAVI: Final = "davi@lima.test"
LOGIN: Final = "baton:a-long-random-word"
MAILGUN_KEY: Final = "mailgun-signing-key"
RESEND_KEY: Final = "whsec_" + base64.b64encode(b"resend-signing-secret").decode()
SENDGRID_PRIVATE: Final = ec.derive_private_key(20261120, ec.SECP256R1())
SENDGRID_KEY: Final = base64.b64encode(
    SENDGRID_PRIVATE.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
).decode()
PATHS: Final = {"mailgun": "/mailgun/v3", "postmark": "/postmark", "sendgrid": "/sendgrid/v3", "resend": "/resend"}
KEYS: Final = {
    "mailgun": {"webhook_key": MAILGUN_KEY},
    "postmark": {"webhook_login": LOGIN},
    "sendgrid": {"webhook_login": LOGIN, "webhook_key": SENDGRID_KEY},
    "resend": {"webhook_key": RESEND_KEY},
}

_numbers = itertools.count(1)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """`headers` by lower-case name; `our_id` is what travelled along as metadata."""

    provider: str
    id: str
    sender: str
    to: str
    subject: str
    text: str
    reply_to: str
    our_id: str
    headers: Mapping[str, str]
    raw: Any


_AFTER: Final[dict[str, Answer]] = {
    "hang_after_accept": Hang(),
    "reset_after_accept": Reset(),
    "500_after_accept": Response.json(500, {"message": "Internal error"}),
    "broken_200": Response(200, b'{"id": "<cut'),
}
_BEFORE: Final[dict[str, Answer]] = {"reset": Reset(), "502_html": Response.html(502, "<h1>Bad gateway</h1>")}


class MailService(HttpDouble):
    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(host=host, port=port)
        self.book: list[Sent] = []
        self.is_verified = True
        self._faults: deque[tuple[bool, Answer]] = deque()
        self._lock = threading.Lock()

    def fault(self, name: str) -> None:
        """The next mail goes wrong so."""
        self._faults.append((name in _AFTER, {**_AFTER, **_BEFORE}[name]))

    def refuse(self, status: int, content: Any, **headers: str) -> None:
        """The next mail is refused so."""
        self._faults.append((False, Response.json(status, content, headers=headers)))

    def settings(self, provider: str) -> dict[str, str]:
        return {
            "sender": SENDER,
            "provider": provider,
            "api_key": API_KEY,
            "api_base": self.url + PATHS[provider],
            **KEYS[provider],
        }

    # -- the API -------------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Answer:
        provider = next((name for name, path in PATHS.items() if request.path.startswith(path + "/")), "")
        if not provider:
            return Response.json(404, {"message": "Not found"})
        if not _is_known(provider, request):
            return Response.json(401, {"message": "Invalid API key"})
        if request.method == "GET":
            return self._about(provider, request.path.removeprefix(PATHS[provider]))
        return self._send(provider, request)

    def _about(self, provider: str, path: str) -> Answer:
        state = "active" if self.is_verified else "unverified"
        domains = [{"name": DOMAIN, "status": "verified" if self.is_verified else "pending"}]
        known: dict[str, Json] = {
            f"/domains/{DOMAIN}": {"domain": {"name": DOMAIN, "state": state}},
            "/server": {"ID": 1, "Name": "Acme"},
            "/scopes": {"scopes": ["mail.send"]},
            "/domains": {"data": domains},
        }
        return Response.json(200, known[path]) if path in known else Response.json(404, {"message": "Domain not found"})

    def _send(self, provider: str, request: Request) -> Answer:
        is_after, answer = self._faults.popleft() if self._faults else (True, None)
        if answer and not is_after:
            return answer
        sent = _READERS[provider](request)
        with self._lock:
            self.book.append(sent)
        return answer or _RECEIPTS[provider](sent)


def _is_known(provider: str, request: Request) -> bool:
    if provider == "postmark":
        return request.headers.get("X-Postmark-Server-Token") == API_KEY
    basic = base64.b64encode(f"api:{API_KEY}".encode()).decode()
    expected = f"Basic {basic}" if provider == "mailgun" else f"Bearer {API_KEY}"
    return request.headers.get("Authorization") == expected


def _mailgun(request: Request) -> Sent:
    form = dict(request.form()) if "urlencoded" in (request.headers["Content-Type"] or "") else _parts(request)
    headers = {name[2:].lower(): value for name, value in form.items() if name.startswith("h:")}
    return Sent(
        "mailgun",
        headers.get("message-id", f"<{next(_numbers)}@mailgun.test>"),
        form["from"],
        form["to"],
        form["subject"],
        form["text"],
        headers.get("reply-to", ""),
        form.get("v:baton_message", ""),
        headers,
        form,
    )


def _parts(request: Request) -> dict[str, str]:
    whole = message_from_bytes(f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode() + request.body)
    return {
        str(part.get_param("name", header="content-disposition")): bytes(part.get_payload(decode=True)).decode()
        for part in whole.walk()
        if not part.is_multipart()
    }


def _postmark(request: Request) -> Sent:
    told = request.json()
    headers = {one["Name"].lower(): one["Value"] for one in told.get("Headers", [])}
    our_id = told.get("Metadata", {}).get("baton_message", "")
    number = f"00000000-0000-4000-8000-{next(_numbers):012d}"
    return Sent(
        "postmark",
        number,
        told["From"],
        told["To"],
        told["Subject"],
        told["TextBody"],
        told.get("ReplyTo", ""),
        our_id,
        headers,
        told,
    )


def _sendgrid(request: Request) -> Sent:
    told = request.json()
    [to] = told["personalizations"]
    custom = {**told.get("custom_args", {}), **to.get("custom_args", {})}
    reply = told.get("reply_to_list") or [told.get("reply_to", {"email": ""})]
    sender = f"{told['from'].get('name', '')} <{told['from']['email']}>"
    headers = {name.lower(): value for name, value in {**told.get("headers", {}), **to.get("headers", {})}.items()}
    return Sent(
        "sendgrid",
        custom.get("anymail_id", ""),
        sender,
        to["to"][0]["email"],
        told["subject"],
        told["content"][0]["value"],
        reply[0]["email"],
        custom.get("baton_message", ""),
        headers,
        told,
    )


def _resend(request: Request) -> Sent:
    told = request.json()
    headers = {name.lower(): value for name, value in told.get("headers", {}).items()}
    our_id = json.loads(headers.get("x-metadata", "{}")).get("baton_message", "")
    reply = told.get("reply_to", [""])
    number = f"re-{next(_numbers)}"
    to = told["to"][0]
    return Sent("resend", number, told["from"], to, told["subject"], told["text"], reply[0], our_id, headers, told)


_READERS: Final = {"mailgun": _mailgun, "postmark": _postmark, "sendgrid": _sendgrid, "resend": _resend}
_RECEIPTS: Final = {
    "mailgun": lambda sent: Response.json(200, {"id": sent.id, "message": "Queued. Thank you."}),
    "postmark": lambda sent: Response.json(
        200, {"ErrorCode": 0, "Message": "OK", "MessageID": sent.id, "To": sent.to, "SubmittedAt": "2026-11-20"}
    ),
    "sendgrid": lambda sent: Response(202, b""),
    "resend": lambda sent: Response.json(200, {"id": sent.id}),
}

# -- what they post to us ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Post:
    """A request of a service to one of our doors."""

    body: bytes
    content_type: str
    headers: Mapping[str, str]


def mime(
    text: str = "Hello",
    *,
    sender: str = f"Davi Lima <{DAVI}>",
    subject: str = "Plans",
    to: str = SENDER,
    message_id: str = "",
    html: str = "",
    files: tuple[tuple[str, str, bytes], ...] = (),
    **headers: str,
) -> bytes:
    """A mail as it travels. Header names are given with _ for -."""
    from email.message import EmailMessage

    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Message-ID"] = message_id or f"<{next(_numbers)}@lima.test>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    for name, content_type, content in files:
        family, _, kind = content_type.partition("/")
        mail.add_attachment(content, maintype=family, subtype=kind, filename=name)
    return mail.as_bytes()


def mailgun_signature(at: datetime, token: str) -> Json:
    stamp = str(int(at.timestamp()))
    digest = hmac.new(MAILGUN_KEY.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {"timestamp": stamp, "token": token, "signature": digest}


def mailgun_mail(raw: bytes, *, at: datetime, to: str = SENDER, token: str = "", is_mime: bool = False) -> Post:
    """As its route posts it: fields, or with an address that ends with `mime` the mail itself."""
    mail = message_from_bytes(raw)
    signed = mailgun_signature(at, token or f"{next(_numbers):050x}")
    if is_mime:
        fields = {"recipient": to, "body-mime": raw.decode("utf-8", "replace"), **signed}
        return Post(urlencode(fields).encode(), "application/x-www-form-urlencoded", {})
    text, html = _texts(raw)
    headers = json.dumps([[name, str(value)] for name, value in mail.items()])
    fields = {"recipient": to, "message-headers": headers, "body-plain": text, "body-html": html, **signed}
    files = [part for part in mail.walk() if part.get_filename()]
    if not files:
        return Post(urlencode(fields).encode(), "application/x-www-form-urlencoded", {})
    return _multipart(fields, [(f"attachment-{number}", part) for number, part in enumerate(files, 1)])


def sendgrid_mail(raw: bytes, *, to: str = SENDER, is_mime: bool = False) -> Post:
    mail = message_from_bytes(raw)
    text, html = _texts(raw)
    envelope = json.dumps({"to": [to], "from": DAVI})
    if is_mime:
        fields = {"email": raw.decode("utf-8", "replace"), "envelope": envelope}
    else:
        headers = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode()
        fields = {"headers": headers, "text": text, "html": html, "envelope": envelope, "charsets": "{}"}
    files = [part for part in mail.walk() if part.get_filename()] if not is_mime else []
    post = _multipart(fields, [(f"attachment{number}", part) for number, part in enumerate(files, 1)])
    return Post(post.body, post.content_type, basic_auth())


def _multipart(fields: Mapping[str, str], files: list[tuple[str, Any]]) -> Post:
    boundary = "xYzZY"
    chunks = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()
    ]
    for name, part in files:
        head = f'Content-Disposition: form-data; name="{name}"; filename="{part.get_filename()}"\r\n'
        head += f"Content-Type: {part.get_content_type()}\r\n\r\n"
        chunks.append(head.encode() + bytes(part.get_payload(decode=True)))
    body = b"".join(f"--{boundary}\r\n".encode() + chunk + b"\r\n" for chunk in chunks) + f"--{boundary}--\r\n".encode()
    return Post(body, f"multipart/form-data; boundary={boundary}", {})


def postmark_mail(raw: bytes, *, to: str = SENDER, is_mime: bool = False) -> Post:
    mail = message_from_bytes(raw)
    text, html = _texts(raw)
    fields = ("From", "To", "Cc", "Subject", "Date")
    headers = [{"Name": name, "Value": str(value)} for name, value in mail.items() if name not in fields]
    files = [
        {
            "Name": part.get_filename(),
            "Content": base64.b64encode(bytes(part.get_payload(decode=True))).decode(),
            "ContentType": part.get_content_type(),
            "ContentLength": len(bytes(part.get_payload(decode=True))),
            "ContentID": "",
        }
        for part in mail.walk()
        if part.get_filename()
    ]
    told: Json = {
        **{name: str(mail[name]) for name in fields if mail[name]},
        "OriginalRecipient": to,
        "MessageID": "00000000-postmark-s-own",
        "Headers": headers,
        "TextBody": text,
        "HtmlBody": html,
        "Attachments": files,
    }
    if is_mime:
        told["RawEmail"] = raw.decode("utf-8", "replace")
    return Post(json.dumps(told).encode(), "application/json", basic_auth())


def _texts(raw: bytes) -> tuple[str, str]:
    found = {"text/plain": "", "text/html": ""}
    for part in message_from_bytes(raw).walk():
        kind = part.get_content_type()
        if kind in found and not part.get_filename():
            found[kind] = bytes(part.get_payload(decode=True)).decode()
    return found["text/plain"], found["text/html"]


def basic_auth(login: str = LOGIN) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()}


def report(provider: str, what: str, sent: Sent, *, at: datetime, **more: Any) -> Post:
    """What became of a mail, as the service tells it; `what` in its own words."""
    return {
        "mailgun": _mailgun_event,
        "postmark": _postmark_event,
        "sendgrid": _sendgrid_event,
        "resend": _resend_event,
    }[provider](what, sent, at, more)


def _mailgun_event(what: str, sent: Sent, at: datetime, more: Json) -> Post:
    told = {
        "event": what,
        "timestamp": at.timestamp(),
        "recipient": sent.to,
        "message": {"headers": {"message-id": sent.id.strip("<>")}},
        "user-variables": {"baton_message": sent.our_id},
        **more,
    }
    body = {"signature": mailgun_signature(at, f"{next(_numbers):050x}"), "event-data": told}
    return Post(json.dumps(body).encode(), "application/json", {})


def _postmark_event(what: str, sent: Sent, at: datetime, more: Json) -> Post:
    told = {
        "RecordType": what,
        "MessageID": sent.id,
        "Recipient": sent.to,
        "Metadata": {"baton_message": sent.our_id},
        **more,
    }
    return Post(json.dumps(told).encode(), "application/json", basic_auth())


def _sendgrid_event(what: str, sent: Sent, at: datetime, more: Json) -> Post:
    told = {
        "event": what,
        "email": sent.to,
        "timestamp": int(at.timestamp()),
        "sg_event_id": f"sg-{next(_numbers)}",
        "anymail_id": sent.id,
        "baton_message": sent.our_id,
        **more,
    }
    return sendgrid_signed(json.dumps([told]).encode(), at=at)


def sendgrid_signed(body: bytes, *, at: datetime) -> Post:
    stamp = str(int(at.timestamp()))
    signature = SENDGRID_PRIVATE.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
    }
    return Post(body, "application/json", headers)


def _resend_event(what: str, sent: Sent, at: datetime, more: Json) -> Post:
    headers = [{"name": "X-Metadata", "value": json.dumps({"baton_message": sent.our_id})}]
    told = {"type": what, "data": {"email_id": sent.id, "to": [sent.to], "headers": headers, **more}}
    return resend_signed(json.dumps(told).encode(), at=at)


def resend_signed(body: bytes, *, at: datetime, message_id: str = "") -> Post:
    message_id, stamp = message_id or f"msg_{next(_numbers)}", str(int(at.timestamp()))
    secret = base64.b64decode(RESEND_KEY.removeprefix("whsec_"))
    digest = hmac.new(secret, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    signature = "v1,AAAA v1," + base64.b64encode(digest).decode()
    headers = {"svix-id": message_id, "svix-timestamp": stamp, "svix-signature": signature}
    return Post(body, "application/json", headers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--port", type=int, default=9006)
    asked = parser.parse_args()
    double = MailService(port=asked.port)
    for provider, path in PATHS.items():
        print(f"{provider}: api_base={double.url}{path} api_key={API_KEY} {KEYS[provider]}", flush=True)
    run_alone(double, name="Mail services")


if __name__ == "__main__":
    main()
