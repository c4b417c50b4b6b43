"""What an update says, in our words. Strict about who and which, open about everything else.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages. Meta adds types
and fields without notice: what has no name here is kept beside what has, and shown as such.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import AliasPath, BeforeValidator, Field, StringConstraints

from crm.models.people import IdentityKind
from crm.phones import NotAPhoneNumber, to_e164
from crm.services.leads import Name
from messaging.channels.meta.payloads import Instant, blank
from messaging.channels.meta.payloads import Json as Json
from messaging.channels.meta.payloads import Part as Part
from messaging.channels.meta.payloads import UnreadableUpdate as UnreadableUpdate
from messaging.channels.meta.payloads import Word as Word
from messaging.channels.meta.payloads import read as read

Wamid = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,160}$")]
PersonId = Annotated[str, BeforeValidator(blank), StringConstraints(max_length=160)]


# -- who ---------------------------------------------------------------------------------------------------


class Contact(Part):
    name: Word = Field("", validation_alias=AliasPath("profile", "name"))
    wa_id: PersonId = ""
    user_id: PersonId = ""
    parent_user_id: PersonId = ""


class Person(Part):
    """Somebody as an update names them: by phone, by business-scoped id, or by both."""

    phone: str = ""  # E.164
    user_id: str = ""
    parent_user_id: str = ""
    address: str = ""  # what an answer goes to
    name: str = ""

    @property
    def identities(self) -> list[Name]:
        names = [(IdentityKind.PHONE, self.phone)] if self.phone else []
        return names + [(IdentityKind.WHATSAPP, known) for known in (self.user_id, self.parent_user_id) if known]


def person_of(*, wa_id: str, user_id: str, contact: Contact | None) -> Person:
    """Raises UnreadableUpdate for somebody without a name to answer to."""
    contact = contact or read(Contact, {})
    digits, known = wa_id or contact.wa_id, user_id or contact.user_id
    phone = phone_of(digits)
    if not phone and not known:
        raise UnreadableUpdate("from: neither a phone number nor a user id")
    return Person(
        phone=phone,
        user_id=known,
        parent_user_id=contact.parent_user_id,
        address=f"+{digits.removeprefix('+')}" if phone else known,
        name=contact.name,
    )


def phone_of(wa_id: str) -> str:
    """E.164 of Meta's digits; "" for anything else."""
    digits = wa_id.removeprefix("+")
    if not digits.isascii() or not digits.isdigit() or not 6 <= len(digits) <= 15:
        return ""
    try:
        return to_e164(f"+{digits}")
    except NotAPhoneNumber:
        return f"+{digits}"  # a numbering plan that the library does not know yet; Meta delivered from it


# -- what --------------------------------------------------------------------------------------------------


class Context(Part):
    id: Word = ""
    forwarded: bool = False
    frequently_forwarded: bool = False


class Referral(Part):
    """The advertisement that a customer came from. Meta tells it once, with the first message."""

    source_id: Word = ""
    source_type: Word = ""
    source_url: Word = ""
    headline: Word = ""
    body: Word = ""
    ctwa_clid: Word = ""


class Error(Part):
    code: Annotated[str, StringConstraints(max_length=32)]
    title: Word = ""
    message: Word = ""
    details: Word = Field("", validation_alias=AliasPath("error_data", "details"))

    @property
    def words(self) -> str:
        return self.details or self.message or self.title


class Message(Part):
    """The envelope of every message; its content stands under the name of its type."""

    id: Wamid
    sender: PersonId = Field("", alias="from")
    from_user_id: PersonId = ""
    at: Instant = Field(alias="timestamp")
    type: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    context: Context | None = None
    referral: Referral | None = None
    errors: tuple[Error, ...] = ()

    @property
    def content(self) -> Any:
        return (self.model_extra or {}).get(self.type)


class MessageUpdate(Part):
    message: Message
    contact: Contact | None = None

    @property
    def person(self) -> Person:
        return person_of(wa_id=self.message.sender, user_id=self.message.from_user_id, contact=self.contact)


class Reaction(Part):
    message_id: Wamid
    emoji: Word = ""  # none: the reaction was taken back


class Edit(Part):
    original_message_id: Wamid
    message: Json = {}


class Revoke(Part):
    original_message_id: Wamid


class System(Part):
    type: Word = ""
    body: Word = ""
    wa_id: PersonId = ""
    user_id: PersonId = ""
    parent_user_id: PersonId = ""


# -- what became of ours -----------------------------------------------------------------------------------


class Pricing(Part):
    category: Word = ""
    type: Word = ""
    pricing_model: Word = ""
    billable: bool | None = None


class Conversation(Part):
    """Only told while the customer may be written to without charge, since they came from an advertisement."""

    expires_at: Instant | None = Field(None, alias="expiration_timestamp")
    origin: Word = Field("", validation_alias=AliasPath("origin", "type"))

    @property
    def is_free(self) -> bool:
        return self.origin == "referral_conversion"


class Status(Part):
    id: Wamid
    status: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,32}$")]
    our_id: Word = Field("", alias="biz_opaque_callback_data")
    conversation: Conversation | None = None
    pricing: Pricing | None = None
    errors: tuple[Error, ...] = ()


class StatusUpdate(Part):
    status: Status


class ErrorUpdate(Part):
    error: Error


# -- what people chose -------------------------------------------------------------------------------------


class Preference(Part):
    wa_id: PersonId = ""
    user_id: PersonId = ""
    category: Word = ""
    value: Word = ""
    detail: Word = ""
    at: Instant = Field(alias="timestamp")


class PreferenceUpdate(Part):
    preference: Preference
    contact: Contact | None = None

    @property
    def person(self) -> Person:
        return person_of(wa_id=self.preference.wa_id, user_id=self.preference.user_id, contact=self.contact)


class AccountNews(Part):
    field: Word
    value: Json


MARKETING: Final = "marketing_messages"
