"""Twilio's requests to us: is it Twilio, is it a form, and which event is it?

Pure functions over the raw request, without Django, so that the lean door can call them.
https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qs, unquote_to_bytes, urlsplit

from twilio.request_validator import (
    HMAC_SHA1,
    HMAC_SHA256,
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
)

from messaging.incoming import UnreadablePayload

Form = list[tuple[str, str]]
Pairs = tuple[tuple[bytes, bytes], ...]

FORM_TYPE: Final = "application/x-www-form-urlencoded"
MAX_FIELDS: Final = 1000
_HASHES: Final = {HMAC_SHA1: "sha1", HMAC_SHA256: "sha256"}
_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9]{1,64}(:[a-z_]{1,32})?")


class NotAForm(UnreadablePayload):
    """The body is not a URL-encoded form."""


class SharedKeysUnreadable(ValueError):
    """Shared keys are a JSON object {"id": "secret"} or `id=secret` pairs parted by commas."""

    def __str__(self) -> str:
        return 'must be {"keyid": "secret"} or keyid=secret pairs parted by commas'


# -- the signature -----------------------------------------------------------------------------------------


def verify(*, url: str, headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str]) -> bool:
    """`url` is the address exactly as Twilio called it: public scheme and host, path, query."""
    signature = _header(headers, SIGNATURE_HEADER)
    algorithm, tokens = _signing(_header(headers, SIGNATURE_SETTINGS_HEADER), secrets)
    if not signature or algorithm not in _HASHES:
        return False
    try:
        pairs = _signed_pairs(url, _header(headers, "Content-Type"), body)
        return any(_is_signed(url, pairs, signature, token, algorithm) for token in tokens)
    except ValueError:  # an address or a promise that no honest caller can have signed
        return False


def read_shared_keys(text: str) -> dict[str, str]:
    """Read `{"id": "secret"}` or `id=secret,id2=secret2`."""
    try:
        keys = json.loads(text) if text.lstrip().startswith("{") else _key_pairs(text)
    except ValueError:
        raise SharedKeysUnreadable from None
    if not keys or not all(isinstance(secret, str) and key and secret for key, secret in keys.items()):
        raise SharedKeysUnreadable
    return dict(keys)


def _key_pairs(text: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in text.split(",") if pair.strip())
    return {key.strip(): secret.strip() for key, _, secret in pairs}


@lru_cache(maxsize=256)
def _known_shared_keys(text: str) -> Mapping[str, str]:
    return read_shared_keys(text) if text else {}


def _signing(settings_header: str, secrets: Mapping[str, str]) -> tuple[str, list[str]]:
    """The algorithm, and every secret that this request may have been signed with."""
    named = dict(_setting(part) for part in settings_header.split(","))
    algorithm = (named.get("algorithm") or HMAC_SHA1).upper()
    if "key" in named:
        shared = _known_shared_keys(secrets.get("shared_keys", "")).get(named["key"])
        return algorithm, [shared] if shared else []
    # While the token is being rotated, Twilio may sign with either.
    tokens = (secrets.get("auth_token"), secrets.get("auth_token_secondary"))
    return algorithm, [token for token in tokens if token]


def _setting(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name.strip(), value.strip()


def _signed_pairs(url: str, content_type: str, body: bytes) -> Pairs:
    if _is_form(content_type):
        return _pairs(body)
    if not _has_promised_hash(url, body):
        raise ValueError("the body is not the one that was signed")
    return ()


def _has_promised_hash(url: str, body: bytes) -> bool:
    """A body that is not a form is only signed through its hash in the URL; an empty one needs none."""
    promised = parse_qs(urlsplit(url).query).get("bodySHA256")
    if promised is None:
        return not body
    return hmac.compare_digest(hashlib.sha256(body).hexdigest().encode(), promised[0].lower().encode())


def _is_signed(url: str, pairs: Pairs, signature: str, token: str, algorithm: str) -> bool:
    """Whether Twilio's own validator accepts the signature, or the bytes as they came are what was signed.

    The bytes come first: they are the address as it was called and the form as it was sent, which is what Twilio signs
    nearly always, and five times cheaper to check. The validator also knows the address with and without its port.
    """
    if _is_signed_in_bytes(url, pairs, signature, token, algorithm):
        return True
    params = _Params((_text(name), _text(value)) for name, value in pairs)
    return bool(RequestValidator(token).validate(url, params, signature, algorithm))


def _is_signed_in_bytes(url: str, pairs: Pairs, signature: str, token: str, algorithm: str) -> bool:
    """Text that is no UTF-8 is signed either in its bytes, as here, or as what a decoder made of them."""
    signed = url.encode() + b"".join(name + value for name, value in sorted(set(pairs)))
    digest = hmac.digest(token.encode(), signed, _HASHES[algorithm])
    return hmac.compare_digest(base64.b64encode(digest), signature.encode("utf-8", "replace"))


class _Params(dict[str, list[str]]):
    """Parameters with all their values, in the shape that RequestValidator reads from a QueryDict."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        super().__init__()
        for name, value in pairs:
            self.setdefault(name, []).append(value)

    def getlist(self, name: str) -> list[str]:
        return self[name]


# -- the form ----------------------------------------------------------------------------------------------


def parse_form(body: bytes, content_type: str = FORM_TYPE) -> Form:
    """Every parameter in order, blank ones too, as text that PostgreSQL can hold; raises NotAForm."""
    if not _is_form(content_type):
        raise NotAForm(f"content type {content_type[:100]!r}")
    if b"=" not in body:
        raise NotAForm("no parameters")
    if body.count(b"&") >= MAX_FIELDS:
        raise NotAForm(f"more than {MAX_FIELDS} parameters")
    pairs = [(_name(name), storable(_text(value))) for name, value in _pairs(body)]
    if not pairs:
        raise NotAForm("no parameters")
    return pairs


def storable(text: str) -> str:
    """Replace what PostgreSQL refuses in text (NUL, lone surrogates) by U+FFFD."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _name(raw: bytes) -> str:
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        name = ""
    if not name.isprintable() or not name:
        raise NotAForm("a parameter's name is not plain text")
    return name


@lru_cache(maxsize=1)  # a door reads the same body twice in a row: for what it says, and for what was signed
def _pairs(body: bytes) -> Pairs:
    # urllib's parse_qsl refuses raw bytes above ASCII and needs a decision about bad UTF-8: we verify bytes.
    fields = (field.partition(b"=") for field in body.replace(b"+", b" ").split(b"&") if field)
    return tuple((_unquoted(name), _unquoted(value)) for name, _, value in fields)


def _unquoted(raw: bytes) -> bytes:
    return unquote_to_bytes(raw) if b"%" in raw else raw


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _is_form(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == FORM_TYPE


def _header(headers: Mapping[str, str], name: str) -> str:
    """The doors give names in lower case; others as they like."""
    wanted = name.lower()
    if wanted in headers:
        return headers[wanted]
    return next((value for key, value in headers.items() if key.lower() == wanted), "")


# -- the event's keys --------------------------------------------------------------------------------------


def inbound_key(form: Form) -> str:
    return _key(_first(form, "MessageSid") or _first(form, "SmsMessageSid"), form)


def status_key(form: Form) -> str:
    sid, status = _first(form, "MessageSid") or _first(form, "SmsSid"), _first(form, "MessageStatus")
    return _key(f"{sid}:{status}" if sid and status else "", form)


def order_key(form: Form) -> str:
    """Whose events must be applied one after another."""
    return _first(form, "From")[:200]


def _key(key: str, form: Form) -> str:
    # A form without a usable SID is kept too: its own hash is then what tells a repetition.
    if _PLAIN_KEY.fullmatch(key):
        return key
    digest = hashlib.sha256(repr(sorted(form)).encode("utf-8", "surrogatepass")).hexdigest()
    return f"form:{digest}"


def _first(form: Form, name: str) -> str:
    return next((value for key, value in form if key == name), "")
