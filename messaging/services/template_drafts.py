"""Creating a template at the provider, and asking for its approval. No transaction is open while it is asked."""

from datetime import datetime

from django.db import transaction

from crm.models import User
from messaging import account_port
from messaging.models import Channel, MessageTemplate
from messaging.templating import Category, Draft, Status, problems_with
from messaging.transports import ErrorKind, TransportError, capabilities_of
from project.kernel.errors import WrongValues

from .template_forms import account_of
from .templates import Told, add_listed, find_template, record_told, templates_of
from .upkeep import ask_soon


class UnableToSubmit(Exception):
    """The provider did not take it; the text says why and what to do."""


def create_template(*, channel: Channel, draft: Draft, user: User | None, now: datetime) -> MessageTemplate:
    """Create and submit. Raises WrongValues for what the providers' rules forbid, and UnableToSubmit."""
    _check(channel, draft)
    try:
        listed = account_port.create_template(channel.kind, channel.settings, channel.secrets, draft)
    except TransportError as error:
        raise _unable(channel, error, now) from error
    with transaction.atomic():
        known = find_template(channel, provider_id=listed.provider_id, name="", language="")  # a listing was quicker
        template = known or add_listed(channel=channel, listed=listed, now=now, user=user)
    if template.status == Status.DRAFT:
        submit_template(channel=channel, template=template, category=draft.category, user=user, now=now)
    return template


def sender_of(template: MessageTemplate) -> Channel:
    """A connected sender of the template's account. Raises UnableToSubmit."""
    mine = Channel.objects.filter(workspace_id=template.workspace_id, kind=template.channel_kind).order_by("pk")
    found = next((channel for channel in mine if account_of(channel) == template.account), None)
    if found is None:
        raise UnableToSubmit("No sender of this template's account is connected any more.")
    return found


def submit_template(
    *, channel: Channel, template: MessageTemplate, category: str, user: User | None, now: datetime
) -> None:
    """Ask for approval of a draft. Raises UnableToSubmit, and WrongValues for one that is past that."""
    if template.status != Status.DRAFT:
        raise WrongValues({"template": f"{template} is {template.get_status_display()}: only a draft can be submitted"})
    if category not in (Category.UTILITY, Category.MARKETING):
        raise WrongValues({"category": f"“{category}” is neither utility nor marketing"})
    asked = {"provider_id": template.provider_id, "name": template.name, "category": category}
    try:
        account_port.submit_template(channel.kind, channel.settings, channel.secrets, **asked)
    except TransportError as error:
        raise _unable(channel, error, now) from error
    with transaction.atomic():
        current = MessageTemplate.objects.select_for_update(no_key=True).get(pk=template.pk)
        told = Told(Status.PENDING, Category(category))
        record_told(channel=channel, template=current, told=told, now=now, user=user)
    template.refresh_from_db()


def _check(channel: Channel, draft: Draft) -> None:
    if not capabilities_of(channel.kind).templates:
        raise WrongValues({"channel": f"{channel} has no templates"})
    problems = problems_with(draft, account_port.template_limits(channel.kind))
    same = templates_of(channel).filter(name=draft.name, language=draft.language).exclude(status=Status.GONE)
    if "name" not in problems and same.exists():
        problems["name"] = f"“{draft.name}” exists in {draft.language} already; choose another name"
    if problems:
        raise WrongValues(problems)


def _unable(channel: Channel, error: TransportError, now: datetime) -> UnableToSubmit:
    """Whether it was taken is not known after a time-out: the list will tell, so that it is asked for at once."""
    if error.kind in (ErrorKind.UNKNOWN, ErrorKind.UNREACHABLE):
        ask_soon(channel, now)
        return UnableToSubmit("The provider did not answer. If it took the template, the list shows it in a minute.")
    return UnableToSubmit(f"The provider refused it: {error.detail or error.code}")
