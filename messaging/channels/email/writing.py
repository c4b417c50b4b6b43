"""A message of ours as a mail. Pure.

From is always the channel's own address, whose domain vouches for it (SPF, DKIM, DMARC); a person's name only stands
before it. The message's id is the mail's Message-ID, and part of the address that answers go to: whichever of the two
the customer's program keeps, the answer is found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import formataddr
from typing import Final
from uuid import UUID

from django.core.mail import EmailMessage

from messaging.transports import Outgoing

from .reports import OUR_ID

_ANSWER: Final = re.compile(r"^\s*(re|aw|sv|vs|res|rv|antw|odp|ynt|rif|回复|答复)\s*(\[\d+\])?\s*:", re.IGNORECASE)
MOST_REFERENCES: Final = 20
LONGEST_SUBJECT: Final = 250


def write(outgoing: Outgoing, config: Mapping[str, str]) -> EmailMessage:
    mail = EmailMessage(
        subject=subject_of(outgoing, config),
        body=_storable(outgoing.body),
        from_email=formataddr((_line(outgoing.author or config.get("from_name", "")), config["sender"])),
        to=[outgoing.to],
        reply_to=[reply_address(outgoing.message_id, config)],
        headers=headers_of(outgoing, config),
    )
    for file in outgoing.files:
        mail.attach(_line(file.file_name) or "file", file.read(), file.content_type)
    mail.metadata = {OUR_ID: outgoing.message_id}  # type: ignore[attr-defined]  # Anymail's own addition
    return mail


def subject_of(outgoing: Outgoing, config: Mapping[str, str]) -> str:
    """The thread's subject stays what it is."""
    if outgoing.subject:
        return _line(outgoing.subject)[:LONGEST_SUBJECT]
    if outgoing.thread and outgoing.thread.subject:
        kept = _line(outgoing.thread.subject)[:LONGEST_SUBJECT]
        return kept if _ANSWER.match(kept) else f"Re: {kept}"
    name = config.get("from_name") or config["sender"].partition("@")[2]
    return config.get("subject") or f"A message from {name}"


def headers_of(outgoing: Outgoing, config: Mapping[str, str]) -> dict[str, str]:
    headers = {
        "Message-ID": message_id(outgoing.message_id, config),
        "X-Auto-Response-Suppress": "OOF, AutoReply",  # Exchange sends no note of absence in answer
    }
    thread = outgoing.thread
    if thread and thread.replied_to:
        known = [*(one for one in thread.references if one != thread.replied_to), thread.replied_to]
        headers |= {"In-Reply-To": thread.replied_to, "References": " ".join(known[-MOST_REFERENCES:])}
    if outgoing.unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{_line(outgoing.unsubscribe_url)}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def message_id(our_id: str, config: Mapping[str, str]) -> str:
    return f"<{our_id}@{config['sender'].partition('@')[2]}>"


def reply_address(our_id: str, config: Mapping[str, str]) -> str:
    """`inbox+<token>@…`; the plain address where the server knows no such addresses."""
    address = config.get("reply_address") or config["sender"]
    if config.get("plus_addresses") == "no":
        return address
    local, _, domain = address.partition("@")
    return f"{local}+{UUID(our_id).hex}@{domain}"


def _line(text: str) -> str:
    """One line: a header must not begin another."""
    return " ".join(_storable(text).split())


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\x00", "")
