"""E-mail addresses: one spelling for each, so that a person is found by theirs."""

from __future__ import annotations

import re
import unicodedata

import idna

MAX_LENGTH = 160
_ADDRESS = re.compile(r"[^@\s<>\"(),:;\\\x00-\x1f\x7f]+@[^@\s<>\"(),:;\\\x00-\x1f\x7f]+")
_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}")


class NotAnEmail(ValueError):
    """The text is no address that a mail could be sent to."""


def to_email(text: str) -> str:
    """`davi@xn--caf-dma.example` from any spelling: no case, one form of Unicode, the domain as the wire has it.

    The part before the @ may by the standard differ in case; no mail server of today's does, and people write both.
    Raises NotAnEmail.
    """
    address = unicodedata.normalize("NFC", text.strip()).lower()
    if len(text) > 1000 or not _ADDRESS.fullmatch(address):
        raise NotAnEmail(f"“{text[:100]}” is not an e-mail address.")
    local, _, domain = address.partition("@")
    host = _ascii(domain.rstrip("."), text)
    if not _HOST.fullmatch(host) or local.startswith(".") or local.endswith(".") or ".." in local:
        raise NotAnEmail(f"“{text[:100]}” is not an e-mail address.")
    found = f"{local}@{host}"
    if len(found) > MAX_LENGTH:
        raise NotAnEmail(f"“{text[:100]}” is longer than {MAX_LENGTH} characters.")
    return found


def _ascii(domain: str, text: str) -> str:
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        raise NotAnEmail(f"“{text[:100]}” has no domain that exists.") from None
