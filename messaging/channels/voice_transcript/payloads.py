"""A call as it is delivered, read strictly: the scheme is ours (docs/channels/voice_transcript.md). Pure."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from crm.emails import NotAnEmail, to_email
from crm.models.people import IdentityKind
from crm.phones import NotAPhoneNumber, to_e164
from crm.services.leads import Name
from messaging.incoming import UnreadablePayload, storable

Words = Annotated[str, StringConstraints(max_length=20_000)]
Line = Annotated[str, StringConstraints(max_length=160)]


class UnreadableCall(UnreadablePayload):
    """The call lacks what makes it one; the text names the field."""


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Participant(_Read):
    """The customer. A name alone is nobody."""

    phone: Line = ""
    email: Line = ""
    name: Line = ""

    @property
    def identities(self) -> list[Name]:
        """Raises UnreadableCall."""
        try:
            phone = [(IdentityKind.PHONE, to_e164(self.phone))] if self.phone else []
            email = [(IdentityKind.EMAIL, to_email(self.email))] if self.email else []
        except (NotAPhoneNumber, NotAnEmail) as error:
            raise UnreadableCall(f"participant: {error}") from None
        if not phone and not email:
            raise UnreadableCall("participant: neither a phone number nor an e-mail address")
        return [*phone, *email]


class Turn(_Read):
    speaker: Literal["customer", "agent"]
    text: Words
    name: Line = ""


class Call(_Read):
    id: Annotated[str, StringConstraints(pattern=r"^[ -~]{1,160}$")]
    started_at: AwareDatetime
    ended_at: AwareDatetime
    participant: Participant
    consent: bool = False
    direction: Literal["inbound", "outbound"] = "inbound"
    turns: Annotated[tuple[Turn, ...], Field(max_length=5000)] = ()

    @model_validator(mode="after")
    def _has_an_order(self) -> Call:
        if self.ended_at < self.started_at:
            raise ValueError("ended_at is before started_at")
        return self

    @property
    def said(self) -> str:
        """The customer's own words, which is what can be answered."""
        return storable("\n".join(turn.text.strip() for turn in self.turns if turn.speaker == "customer")).strip()

    @property
    def as_json(self) -> dict[str, Any]:
        about = {
            "id": self.id,
            "started_at": f"{self.started_at:%Y-%m-%d %H:%M}",
            "ended_at": f"{self.ended_at:%H:%M}",
            "direction": self.direction,
        }
        if not self.consent:
            return {**about, "withheld": "the customer did not agree to it"}
        return {**about, "turns": [self._shown(turn) for turn in self.turns]}

    def _shown(self, turn: Turn) -> dict[str, str]:
        usual = (self.participant.name or "Customer") if turn.speaker == "customer" else "Agent"
        return {"speaker": storable(turn.name or usual), "text": storable(turn.text)}


def read(call: dict[str, Any]) -> Call:
    """Raises UnreadableCall; what was said is never repeated in it."""
    try:
        return Call.model_validate(call)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        problems = "; ".join(f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in found[:10])
        raise UnreadableCall(problems[:1000]) from None
