"""Phone numbers: one spelling (E.164), and the spellings that WhatsApp uses for the same person."""

import re

import phonenumbers


class NotAPhoneNumber(ValueError):
    """The text is no phone number with a country code."""


def to_e164(text: str) -> str:
    """`+5511987654321` from any international spelling. Raises NotAPhoneNumber."""
    digits = text.strip()
    if not digits.startswith("+"):
        digits = "+" + re.sub(r"\D", "", digits)
    try:
        number = phonenumbers.parse(digits, None)
    except phonenumbers.NumberParseException as error:
        raise NotAPhoneNumber(f"“{text}” is not a phone number with its country code.") from error
    if not phonenumbers.is_possible_number(number):
        raise NotAPhoneNumber(f"“{text}” is not a possible phone number.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def variants_of(e164: str) -> list[str]:
    """All spellings of the same person's number, the given one first.

    Brazil: mobile numbers gained a ninth digit, which WhatsApp drops for older accounts. Mexico: WhatsApp
    reports 521 + 10 digits where E.164 has 52 + 10. Argentina: 549 + area code against 54 + area code.
    """
    variants = [e164]
    if match := re.fullmatch(r"\+55(\d\d)9?([6-9]\d{7})", e164):
        area, number = match.groups()
        variants += [f"+55{area}9{number}", f"+55{area}{number}"]
    elif match := re.fullmatch(r"\+521?(\d{10})", e164):
        variants += [f"+52{match[1]}", f"+521{match[1]}"]
    elif match := re.fullmatch(r"\+549?(\d{10})", e164):
        variants += [f"+54{match[1]}", f"+549{match[1]}"]
    return list(dict.fromkeys(variants))
