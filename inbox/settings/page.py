"""What all settings screens share: their frame, saying “saved”, and putting a refused value beside its field."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import redirect, render

from inbox.desk import DeskRequest
from project.kernel.errors import problems_of

TABS = (
    ("settings", "General"),
    ("settings_handover", "Handover"),
    ("settings_hours", "Opening hours"),
    ("settings_channels", "Channels"),
    ("settings_templates", "Templates"),
    ("settings_sending", "Sending"),
    ("settings_calendly", "Calendly"),
    ("settings_knowledge", "Knowledge"),
    ("settings_consent", "Consent"),
    ("settings_links", "Links"),
    ("settings_model", "Model"),
    ("settings_tools", "Tools"),
    ("settings_members", "Members"),
    ("settings_webhooks", "Webhooks"),
    ("settings_tokens", "API tokens"),
)


@dataclass(frozen=True, slots=True)
class Tab:
    name: str
    label: str
    is_current: bool


def settings_page(request: DeskRequest, tab: str, template: str, **context: Any) -> HttpResponse:
    """422 when any form on the page was refused."""
    tabs = [Tab(f"inbox:{name}", label, name == tab) for name, label in TABS]
    is_refused = any(isinstance(value, BaseForm) and value.errors for value in context.values())
    return render(
        request,
        f"settings/{template}.html",
        {"section": "settings", "tabs": tabs, "heading": dict(TABS)[tab], **context},
        status=422 if is_refused else 200,
    )


def saved(request: DeskRequest, name: str, said: str) -> HttpResponse:
    messages.success(request, said)
    return redirect(f"inbox:{name}", request.desk.workspace.slug)


def warn(request: DeskRequest, said: str) -> None:
    messages.warning(request, said)


def refused(request: DeskRequest, name: str, error: Exception) -> HttpResponse:
    """For a button without a form of its own: the reason stands in the notice."""
    messages.error(request, ". ".join((problems_of(error) or {"": str(error)}).values()) + ".")
    return redirect(f"inbox:{name}", request.desk.workspace.slug)


class ShortNumbers:
    """A form mixin: 1, not 1.0, in the fields of a stored row."""

    initial: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, value in self.initial.items():
            if isinstance(value, float):
                self.initial[name] = f"{value:g}"


class Refusal(Exception):
    """The domain refused the form's values; the form says which and why."""


@contextmanager
def refusals_in(form: BaseForm) -> Iterator[None]:
    """Errors that name values are put beside the form's fields, and end the block by Refusal."""
    try:
        yield
    except Exception as error:
        problems = problems_of(error)
        if problems is None:
            raise
        for name, why in problems.items():
            form.add_error(name if name in form.fields else None, _sentence(name, why, form))
        raise Refusal from error


def _sentence(name: str, why: str, form: BaseForm) -> str:
    return why if name in form.fields or name == NON_FIELD_ERRORS else f"{name}: {why}"
