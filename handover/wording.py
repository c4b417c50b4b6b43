"""Filling the workspace's templates: the words of the ladder, as the customer reads them."""

import re
from datetime import datetime, timedelta

from babel.dates import format_date, format_skeleton, format_timedelta

from crm.models import Lead
from handover.hours import Hours
from handover.words import in_language, spoken, words_in

QUOTE_LENGTH = 200

PLACEHOLDERS = frozenset(
    {"name", "company", "waited", "request", "link", "greeting", "name_comma", "for_company", "opens"}
)


class UnknownPlaceholder(ValueError):
    """The template names something in braces that is not known."""


def check_template(template: str) -> None:
    """Raises UnknownPlaceholder naming the first one that is not known."""
    for name in re.findall(r"{([^{}]*)}", template):
        if name not in PLACEHOLDERS:
            known = ", ".join("{" + each + "}" for each in sorted(PLACEHOLDERS))
            raise UnknownPlaceholder(f"{{{name}}} is not known. Known are {known}.")


def fill(template: str, *, lead: Lead, request: str, waited: timedelta, link: str = "", opens: str = "") -> str:
    """The template in the lead's language, with name, company, wait and request.

    Braces in what a customer wrote stay text.
    """
    words = words_in(lead.language)
    values = {
        "name": lead.name,
        "company": lead.company,
        "waited": in_words(waited, lead.language),
        "request": quote(request),
        "link": link,
        "greeting": _put(words["greeting" if lead.name else "greeting_unnamed"], name=lead.name),
        "name_comma": f", {first_name(lead)}" if lead.name else "",
        "for_company": _put(words["for_company"], company=lead.company) if lead.company else "",
        "opens": opens,
    }
    return _put(in_language(template, lead.language), **values)


def _put(text: str, **values: str) -> str:
    return re.sub(r"{(\w+)}", lambda match: values.get(match[1], match[0]), text)


def first_name(lead: Lead) -> str:
    return lead.name.split()[0] if lead.name.split() else lead.name


def quote(request: str) -> str:
    words = " ".join(request.split())
    return words if len(words) <= QUOTE_LENGTH else words[: QUOTE_LENGTH - 1].rstrip() + "…"


def in_words(waited: timedelta, language: str = "en") -> str:
    """“45 minutes”, “2 hours”, “30 seconds”."""
    words = format_timedelta(max(waited, timedelta(0)), threshold=2, locale=spoken(language))
    return words.replace("\N{NO-BREAK SPACE}", " ")


def return_in_words(opening: datetime | None, hours: Hours, now: datetime, language: str = "en") -> str:
    """“ and back at 09:00 on Monday”, with its leading space; empty when nobody knows."""
    if opening is None:
        return ""
    words, locale = words_in(language), spoken(language)
    local, today = opening.astimezone(hours.zone), now.astimezone(hours.zone).date()
    time, day = f"{local:%H:%M}", format_date(local, "EEEE", locale=locale)
    if local.date() <= today + timedelta(days=1):
        return _put(words["opens_today" if local.date() == today else "opens_tomorrow"], time=time)
    if local.date() >= today + timedelta(days=7):
        day = f"{day}, {format_skeleton('MMMMd', local, locale='en_GB' if locale == 'en' else locale)}"
    return _put(words["opens_on"], day=day, time=time)


def since(start: datetime, now: datetime) -> timedelta:
    return max(now - start, timedelta(0))
