"""What a Twilio form says, in our words. Strict about identity, open about everything else.

https://www.twilio.com/docs/messaging/guides/webhook-request. Twilio adds parameters without notice:
those that have no field here are kept in `extra`.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, TypeVar

import phonenumbers
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from messaging.incoming import UnreadablePayload

from .webhook import Form, storable

MAX_MEDIA: Final = 10
WHATSAPP: Final = "whatsapp:"
_BSUID: Final = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,150}")
_DIGITS: Final = re.compile(r"\+?([0-9]{6,15})")

Sid = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,64}$")]
Address = Annotated[str, StringConstraints(min_length=1, max_length=200)]

RANKS: Final = {
    "accepted": 0,
    "scheduled": 0,
    "queued": 0,
    "sending": 1,
    "sent": 2,
    "delivered": 3,
    "partially_delivered": 3,
    "read": 4,
}
FAILURES: Final = frozenset({"failed", "undelivered", "canceled"})


class UnreadableForm(UnreadablePayload):
    """The form lacks what makes it a message or a status, or has it wrong; the text names the parameter."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


Payload = TypeVar("Payload", bound=_Frozen)


class Media(_Frozen):
    url: str
    content_type: str = ""
    file_name: str = ""


class Location(_Frozen):
    latitude: Annotated[float, Field(allow_inf_nan=False)]  # PostgreSQL's JSON has no NaN
    longitude: Annotated[float, Field(allow_inf_nan=False)]
    address: str = ""
    label: str = ""


class Button(_Frozen):
    payload: str  # the id that we gave it
    title: str


class Referral(_Frozen):
    """The advertisement that a customer came from. Twilio tells it once, with the first message."""

    source_id: str = ""
    ctwa_clid: str = ""
    source_type: str = ""
    source_url: str = ""
    headline: str = ""
    body: str = ""


class InboundMessage(_Frozen):
    message_sid: Sid
    account_sid: str = ""
    sender: Address  # as it came, `whatsapp:…`: the address to answer to
    recipient: Address
    phone: str | None = None  # E.164; absent when the customer hides it
    bsuid: str | None = None  # Meta's business-scoped user id
    profile_name: str = ""
    body: str = ""
    message_type: str = "text"
    media: tuple[Media, ...] = ()
    location: Location | None = None
    button: Button | None = None
    replied_to: str = ""  # MessageSid of the quoted message
    replied_sender: str = ""
    forwarded: bool = False
    frequently_forwarded: bool = False
    referral: Referral | None = None
    opt_out_type: str = ""  # STOP, START or HELP, when Twilio matched it itself
    messaging_service_sid: str = ""
    extra: dict[str, str] = {}

    @property
    def text(self) -> str:
        """What the customer said: a button's title where there are no words."""
        if self.media and any(media.file_name for media in self.media):
            return ""
        return self.body or (self.button.title if self.button else "")

    @classmethod
    def from_form(cls, form: Form) -> InboundMessage:
        taken = _Form(form)
        sender, external = taken.take("From"), taken.take("ExternalUserId")
        message_type, body = _message_type(taken), taken.take("Body")
        fields = {
            "message_sid": taken.take("MessageSid", "SmsMessageSid", "SmsSid"),
            "account_sid": taken.take("AccountSid"),
            "sender": sender,
            "recipient": taken.take("To"),
            "phone": phone_of(sender) or phone_of(taken.take("WaId")),
            "bsuid": bsuid_of(external) or bsuid_of(sender),
            "profile_name": taken.take("ProfileName"),
            "body": body,
            "message_type": message_type,
            "media": _media(taken, file_name=body if _names_file(sender, message_type) else ""),
            "location": _location(taken),
            "button": _button(taken),
            "replied_to": taken.take("OriginalRepliedMessageSid"),
            "replied_sender": taken.take("OriginalRepliedMessageSender"),
            "forwarded": taken.take("Forwarded").lower() == "true",
            "frequently_forwarded": taken.take("FrequentlyForwarded").lower() == "true",
            "referral": _referral(taken),
            "opt_out_type": taken.take("OptOutType").upper(),
            "messaging_service_sid": taken.take("MessagingServiceSid"),
        }
        return _validated(cls, {**fields, "extra": taken.rest()})


class StatusCallback(_Frozen):
    message_sid: Sid
    status: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,32}$")]
    error_code: Annotated[str, StringConstraints(max_length=32)] = ""
    error_message: str = ""
    sender: str = ""
    recipient: str = ""  # may be masked, like +55119…XXXX
    bsuid: str | None = None
    extra: dict[str, str] = {}

    @property
    def rank(self) -> int | None:
        """How far the message has come; None for an end without delivery and for a status unknown to us."""
        return RANKS.get(self.status)

    @property
    def is_failure(self) -> bool:
        return self.status in FAILURES

    @classmethod
    def from_form(cls, form: Form) -> StatusCallback:
        taken = _Form(form)
        fields = {
            "message_sid": taken.take("MessageSid", "SmsSid"),
            "status": taken.take("MessageStatus", "SmsStatus").lower(),
            "error_code": taken.take("ErrorCode"),
            "error_message": taken.take("ErrorMessage", "ChannelStatusMessage"),
            "sender": taken.take("From"),
            "recipient": taken.take("To"),
            "bsuid": bsuid_of(taken.take("ExternalUserId")) or bsuid_of(taken.peek("To")),
        }
        return _validated(cls, {**fields, "extra": taken.rest()})


# -- reading the form --------------------------------------------------------------------------------------


class _Form:
    """Takes parameters out by name, so that what nobody asked for remains."""

    def __init__(self, form: Form) -> None:
        self._values: dict[str, str] = {}
        for name, value in form:
            self._values.setdefault(name, storable(value))
        self._taken: set[str] = set()

    def take(self, *names: str) -> str:
        """The first of these that is not blank; all of them count as taken."""
        self._taken.update(names)
        return next((value for name in names if (value := self.peek(name))), "")

    def peek(self, name: str) -> str:
        return self._values.get(name, "")

    def rest(self) -> dict[str, str]:
        return {storable(name): value for name, value in self._values.items() if name not in self._taken}


def phone_of(address: str) -> str | None:
    """E.164 of `whatsapp:+5511…`, `+5511…` or `5511…`; None for anything else."""
    match = _DIGITS.fullmatch(address.removeprefix(WHATSAPP).strip())
    if match is None:
        return None
    number = f"+{match[1]}"
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number  # a numbering plan that the library does not know yet; Twilio delivered from it
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def bsuid_of(address: str) -> str | None:
    candidate = address.removeprefix(WHATSAPP)
    return candidate if _BSUID.fullmatch(candidate) else None


def _message_type(taken: _Form) -> str:
    named = taken.take("MessageType").lower()[:32]
    if named:
        return named
    if taken.peek("Latitude"):
        return "location"
    family = taken.peek("MediaContentType0").partition("/")[0]
    return {"": "text", "image": "image", "audio": "audio", "video": "video"}.get(family, "document")


_FILE_TYPES: Final = frozenset({"document", "contacts"})


def _names_file(sender: str, message_type: str) -> bool:
    """On WhatsApp a document's `Body` is only its file name; in an MMS it is what the customer wrote."""
    return sender.startswith(WHATSAPP) and message_type in _FILE_TYPES


def _media(taken: _Form, *, file_name: str) -> tuple[Media, ...]:
    numbered = [
        (taken.take(f"MediaUrl{number}"), taken.take(f"MediaContentType{number}")) for number in range(MAX_MEDIA)
    ]
    taken.take("NumMedia")
    return tuple(
        Media(url=url, content_type=content_type, file_name=file_name) for url, content_type in numbered if url
    )


def _location(taken: _Form) -> Location | None:
    latitude, longitude = taken.peek("Latitude"), taken.peek("Longitude")
    try:
        place = Location(
            latitude=float(latitude),
            longitude=float(longitude),
            address=taken.peek("Address"),
            label=taken.peek("Label"),
        )
    except ValueError:
        return None  # unreadable coordinates stay in `extra`; the message itself is not lost for them
    for name in ("Latitude", "Longitude", "Address", "Label"):
        taken.take(name)
    return place


def _button(taken: _Form) -> Button | None:
    payload, title = taken.take("ButtonPayload", "ListId"), taken.take("ButtonText", "ListTitle")
    if not payload and not title:
        return None
    return Button(payload=payload, title=title or taken.peek("Body"))


def _referral(taken: _Form) -> Referral | None:
    # ReferralNumMedia=0 stands in ordinary messages too: only an id says that there was an advertisement.
    if not taken.peek("ReferralSourceId") and not taken.peek("ReferralCtwaClid"):
        return None
    return Referral(
        source_id=taken.take("ReferralSourceId"),
        ctwa_clid=taken.take("ReferralCtwaClid"),
        source_type=taken.take("ReferralSourceType"),
        source_url=taken.take("ReferralSourceUrl"),
        headline=taken.take("ReferralHeadline"),
        body=taken.take("ReferralBody"),
    )


def _validated(model: type[Payload], fields: dict[str, object]) -> Payload:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        problems = "; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors())
        raise UnreadableForm(problems) from None
