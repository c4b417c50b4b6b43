"""Filling the workspace's templates: the words of the ladder, as the customer reads them."""

import re
from datetime import datetime, timedelta

from crm.models import Lead

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
    """The template with the lead's name, company, wait and request; braces in what a customer wrote stay text."""
    values = {
        "name": lead.name,
        "company": lead.company,
        "waited": in_words(waited),
        "request": quote(request),
        "link": link,
        "greeting": f"Hi {lead.name}, " if lead.name else "Hello, ",
        "name_comma": f", {first_name(lead)}" if lead.name else "",
        "for_company": f" for {lead.company}" if lead.company else "",
        "opens": opens,
    }
    return re.sub(r"{(\w+)}", lambda match: values.get(match[1], match[0]), template)


def first_name(lead: Lead) -> str:
    return lead.name.split()[0] if lead.name.split() else lead.name


def quote(request: str) -> str:
    words = " ".join(request.split())
    return words if len(words) <= QUOTE_LENGTH else words[: QUOTE_LENGTH - 1].rstrip() + "…"


def in_words(waited: timedelta) -> str:
    """“45 minutes”, “2 hours”, “30 seconds”."""
    seconds = max(0, round(waited.total_seconds()))
    if seconds < 90:
        return _count(seconds, "second")
    minutes = round(seconds / 60)
    if minutes < 120:
        return _count(minutes, "minute")
    return _count(round(minutes / 60), "hour")


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def since(start: datetime, now: datetime) -> timedelta:
    return max(now - start, timedelta(0))
