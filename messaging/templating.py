"""A template's text: its variables, the providers' rules for it, and how it is filled. Pure.

Meta decides what a template may look like, whoever submits it; the sizes that differ are a channel kind's `Limits`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

NAME: Final = re.compile(r"[a-z0-9_]{1,512}")
LANGUAGE: Final = re.compile(r"[a-z]{2,3}(_[A-Z][A-Za-z]{1,3})?")
VARIABLE: Final = re.compile(r"\{\{\s*([A-Za-z0-9_]{1,64})\s*\}\}")
ANY_BRACES: Final = re.compile(r"\{\{([^{}]*)\}\}|\{\{|\}\}")
PLACEHOLDER: Final = re.compile(r"\{(\w+)(?:\|([^{}]*))?\}")
MAX_VARIABLES: Final = 100
MAX_KEY: Final = 16
MAX_VALUE: Final = 1600

WORDS: Final = {
    "first_name": "the customer's first name",
    "name": "the customer's name",
    "company": "the customer's company",
    "request": "what the customer asked for (handover)",
    "waited": "how long they have waited (handover)",
    "link": "the booking link (handover)",
    "agent": "who writes: the colleague's first name",
}
"""What a variable may be filled with: `{first_name}`, or `{first_name|there}` with a word for where it is missing."""


class Status(StrEnum):
    DRAFT = "draft"
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    PAUSED = "paused"
    DISABLED = "disabled"
    GONE = "gone"


class Category(StrEnum):
    UTILITY = "utility"
    MARKETING = "marketing"
    AUTHENTICATION = "authentication"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Button:
    """`kind`: quick_reply, url, phone, or the provider's word for another; `value` is the address or the number."""

    kind: str
    text: str
    value: str = ""

    def as_json(self) -> dict[str, str]:
        return {"kind": self.kind, "text": self.text, "value": self.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a channel kind takes."""

    body: int = 1024
    body_with_quick_replies: int = 1024
    body_with_links: int = 1024
    header: int = 60
    footer: int = 60
    quick_replies: int = 3
    links: int = 2
    button_text: int = 20
    named_variables: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A template as somebody writes it. `examples` has a sample of each variable: reviewers want to see one."""

    name: str
    language: str
    category: str
    body: str
    header: str = ""
    footer: str = ""
    buttons: tuple[Button, ...] = ()
    examples: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A template as its provider shows it. `reference` is what a message names it by, `variables` maps each key to its
    example, and `unsupported` says why Baton cannot send it."""

    provider_id: str
    reference: str
    name: str
    language: str
    category: Category = Category.UNKNOWN
    status: Status = Status.DRAFT
    quality: str = ""
    header: str = ""
    body: str = ""
    footer: str = ""
    buttons: tuple[Button, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    unsupported: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """All of an account's templates; `unreadable` names those that made no sense: none of them counts as gone."""

    templates: tuple[Listed, ...]
    unreadable: tuple[str, ...] = ()


class Unfit(ValueError):
    """A template's variables cannot be filled; the text says which and why."""


# -- text --------------------------------------------------------------------------------------------------


def variables_in(text: str) -> list[str]:
    """The keys of the text's variables, each once, in the order in which they stand."""
    return list(dict.fromkeys(VARIABLE.findall(text)))


def render(text: str, values: Mapping[str, str]) -> str:
    """Fill the text; a variable without a value stays as it is written. Braces in a value stay text."""
    return VARIABLE.sub(lambda match: values.get(match[1], match[0]), text)


def fill(patterns: Mapping[str, str], words: Mapping[str, str]) -> dict[str, str]:
    """The value of each variable from its pattern. Raises Unfit for one that would be empty or too long."""
    return {key: checked_value(key, put(pattern, words)) for key, pattern in patterns.items()}


def checked_value(key: str, value: str) -> str:
    """WhatsApp refuses line breaks, tabs and runs of blanks in a value, so that they become single blanks."""
    flat = " ".join(value.split())
    if not flat:
        raise Unfit(f"there is nothing for {{{{{key}}}}}")
    if len(flat) > MAX_VALUE:
        raise Unfit(f"the value of {{{{{key}}}}} is longer than {MAX_VALUE:,} characters")
    return flat


def put(pattern: str, words: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: words.get(match[1], "").strip() or match[2] or "", pattern)


def unknown_placeholders(pattern: str) -> list[str]:
    return [name for name, _ in PLACEHOLDER.findall(pattern) if name not in WORDS]


# -- the rules ---------------------------------------------------------------------------------------------


def problems_with(draft: Draft, limits: Limits) -> dict[str, str]:
    """What is wrong with the draft, by field, before a provider has to say it."""
    found: dict[str, str] = {}
    for name, why in _problems(draft, limits):
        found.setdefault(name, why)
    return found


def _problems(draft: Draft, limits: Limits) -> Iterator[tuple[str, str]]:
    yield from _about_names(draft)
    yield from _about_body(draft, limits)
    yield from _about_variables(draft, limits)
    yield from _about_examples(draft)
    yield from _about_margins(draft, limits)
    yield from _about_buttons(draft.buttons, limits)


def _about_names(draft: Draft) -> Iterator[tuple[str, str]]:
    if not NAME.fullmatch(draft.name):
        yield "name", f"“{draft.name}” may only have small letters, digits and _, such as order_update"
    if not LANGUAGE.fullmatch(draft.language):
        yield "language", f"“{draft.language}” is no language such as en, en_US or pt_BR"
    if draft.category == Category.AUTHENTICATION:
        yield "category", "authentication templates have a fixed text: create them in your provider's console"
    elif draft.category not in (Category.UTILITY, Category.MARKETING):
        yield "category", f"“{draft.category}” is neither utility nor marketing"


def _about_body(draft: Draft, limits: Limits) -> Iterator[tuple[str, str]]:
    kinds = {button.kind for button in draft.buttons}
    most = limits.body
    if "quick_reply" in kinds:
        most = min(most, limits.body_with_quick_replies)
    if kinds - {"quick_reply"}:
        most = min(most, limits.body_with_links)
    if not draft.body.strip():
        yield "body", "is required"
    elif len(draft.body) > most:
        yield "body", f"has {len(draft.body):,} characters; with these buttons {most:,} are allowed"
    if re.search(r"\n{3,}", draft.body.replace("\r", "")):
        yield "body", "may not have more than one empty line in a row"


def _about_variables(draft: Draft, limits: Limits) -> Iterator[tuple[str, str]]:
    for match in ANY_BRACES.finditer(draft.body):
        if not VARIABLE.fullmatch(match[0]):
            yield "body", f"“{match[0]}” is no variable; write {{{{1}}}}"
            return
    keys = variables_in(draft.body)
    if not keys:
        return
    yield from _about_keys(keys, limits)
    body = draft.body.strip()
    if VARIABLE.match(body) or re.search(r"\}\}[\W_]*$", body):
        yield "body", "may neither begin nor end with a variable"
    if re.search(r"\}\}\s*\{\{", body):
        yield "body", "has two variables side by side: put words between them"
    count, words = len(VARIABLE.findall(body)), len(re.findall(r"\w+", VARIABLE.sub(" ", body)))
    if words < 2 * count + 1:
        yield "body", f"has {words} words around {count} variables; at least {2 * count + 1} are needed"


def _about_keys(keys: list[str], limits: Limits) -> Iterator[tuple[str, str]]:
    if len(keys) > MAX_VARIABLES:
        yield "body", f"has {len(keys)} variables; {MAX_VARIABLES} are allowed"
    if all(key.isascii() and key.isdigit() for key in keys):
        expected = [str(number) for number in range(1, len(keys) + 1)]
        if sorted(keys, key=int) != expected:
            yield "body", f"has to number its variables without a gap: {', '.join(expected)}"
    elif not limits.named_variables:
        yield "body", "has to number its variables: {{1}}, {{2}}"
    elif wrong := [key for key in keys if not re.fullmatch(r"[a-z][a-z_0-9]{0,15}", key)]:
        yield "body", f"{{{{{wrong[0]}}}}} is no name of at most {MAX_KEY} small letters, digits and _"


def _about_examples(draft: Draft) -> Iterator[tuple[str, str]]:
    for key in variables_in(draft.body):
        try:
            example = draft.examples.get(key, "")
            if checked_value(key, example) != example.strip():
                yield "examples", f"{{{{{key}}}}}: an example may have no line break"
        except Unfit:
            yield "examples", f"{{{{{key}}}}} needs an example, as reviewers want to see one"
            return


def _about_margins(draft: Draft, limits: Limits) -> Iterator[tuple[str, str]]:
    for name, text, most in (("header", draft.header, limits.header), ("footer", draft.footer, limits.footer)):
        if len(text) > most:
            yield name, f"has {len(text)} characters; {most} are allowed"
        if "{{" in text:
            yield name, "may not have a variable here"
        if "\n" in text:
            yield name, "has to be one line"


def _about_buttons(buttons: tuple[Button, ...], limits: Limits) -> Iterator[tuple[str, str]]:
    replies = [button for button in buttons if button.kind == "quick_reply"]
    links = [button for button in buttons if button.kind != "quick_reply"]
    if len(replies) > limits.quick_replies or len(links) > limits.links:
        yield "buttons", f"at most {limits.quick_replies} replies or {limits.links} links are allowed"
    if replies and links:
        yield "buttons", "replies and links do not go together"
    for button in buttons:
        if not button.text.strip() or len(button.text) > limits.button_text:
            yield "buttons", f"“{button.text}”: a button has 1 to {limits.button_text} characters"
        if button.kind == "url" and not re.fullmatch(r"https://[^\s{}]+", button.value):
            yield "buttons", f"“{button.value}” is no https address"
        if button.kind == "phone" and not re.fullmatch(r"\+[0-9]{7,15}", button.value):
            yield "buttons", f"“{button.value}” is no number with + and country code"
        if button.kind not in ("quick_reply", "url", "phone"):
            yield "buttons", f"“{button.kind}” is neither quick_reply, url nor phone"
