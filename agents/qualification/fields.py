"""What is asked about a lead: the fields of the extraction, and what a value of each may be."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from crm.phones import NotAPhoneNumber, to_e164
from project.kernel.errors import WrongValues

LONGEST_VALUE = 200
LONGEST_WORDS = 300
_UNSEEN = re.compile("[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Field:
    """`column` is the lead's own column that shows the value; `choices` bounds a value to published words.

    `to_confirm`: a way to reach somebody. It fills no column before a person has confirmed it, and is never taken for
    an identity by itself: whoever writes "my address is ana@…" may be wrong, or somebody else.
    """

    key: str
    label: str
    column: str = ""
    choices: tuple[str, ...] = ()
    to_confirm: bool = False


INDUSTRIES = (
    "healthcare",
    "retail",
    "education",
    "technology",
    "finance",
    "real_estate",
    "hospitality",
    "manufacturing",
    "logistics",
    "legal",
    "construction",
    "agriculture",
    "non_profit",
    "other",
)
LEVELS = ("non_technical", "business", "developer")
URGENCIES = ("low", "medium", "high")

FIELDS = {
    field.key: field
    for field in (
        Field("full_name", "Full name", column="name"),
        Field("company", "Company", column="company"),
        Field("email", "E-mail", column="email", to_confirm=True),
        Field("phone", "Phone", to_confirm=True),
        Field("industry", "Industry", choices=INDUSTRIES),
        Field("company_size", "Company size"),
        Field("technical_level", "Technical level", choices=LEVELS),
        Field("product_interest", "Interested in"),
        Field("budget", "Budget"),
        Field("urgency", "Urgency", choices=URGENCIES),
    )
}


def cleaned(key: str, text: str) -> str:
    """The value as it is stored. Raises WrongValues, naming the field and the reason."""
    value = tidy(text)
    if not value:
        return ""
    if len(value) > LONGEST_VALUE:
        raise WrongValues({key: f"is longer than {LONGEST_VALUE} characters"})
    choices = FIELDS[key].choices
    if choices and value not in choices:
        raise WrongValues({key: f"“{value[:40]}” is none of {', '.join(choices)}"})
    return _CHECKS.get(key, str)(value)


def tidy(text: str) -> str:
    """One line, without characters that nobody sees."""
    return " ".join(_UNSEEN.sub(" ", text).split())


def same(key: str, one: str, other: str) -> bool:
    """Whether two values say the same thing in two spellings."""
    return _spelling(key, one) == _spelling(key, other)


def _spelling(key: str, value: str) -> str:
    return re.sub(r"\D", "", value) if key == "phone" else re.sub(r"[\W_]+", " ", value).strip().casefold()


def _email(value: str) -> str:
    try:
        validate_email(value)
    except ValidationError as error:
        raise WrongValues({"email": f"“{value[:60]}” is not an e-mail address"}) from error
    return value.lower()


def _phone(value: str) -> str:
    try:
        return to_e164(value)
    except NotAPhoneNumber as error:
        raise WrongValues({"phone": str(error)}) from error


_CHECKS: dict[str, Callable[[str], str]] = {"email": _email, "phone": _phone}
