"""The template that a message may leave as: chosen by a person, or standing in for what has to be said when the
service window is closed. Which one stands in for what is the workspace's `TemplateUse`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crm.models import Lead
from crm.services.trail import record_decision
from messaging.models import Channel, Message, MessageTemplate, TemplateUse
from messaging.templating import Unfit, fill, render
from messaging.transports import capabilities_of
from messaging.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class TemplateForm:
    """Either a `purpose` with the words that its template may use, or a `template` with its variables filled.

    `always`: the template leaves inside the window too, because it was chosen, buttons and all.
    """

    purpose: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    template: MessageTemplate | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    always: bool = False

    def as_json(self) -> dict[str, Any]:
        told = {"purpose": self.purpose, "words": dict(self.words), "variables": dict(self.variables)}
        return {name: value for name, value in {**told, "always": self.always}.items() if value}


def account_of(channel: Channel) -> str:
    """The provider's account that owns the templates of this sender; empty where there are none."""
    name = capabilities_of(channel.kind).template_account_field
    return str(channel.settings.get(name, "")) if name else ""


def find_stand_in(message: Message) -> bool:
    """Give the message the template of its purpose; False when it has one, or the workspace has none for it."""
    purpose = message.template_form.get("purpose", "")
    if not purpose or message.template_id:
        return False
    use = use_for(purpose, channel=message.channel, language=message.lead.language)
    if use is None:
        return False
    message.template = use.template
    message.template_form = {**message.template_form, **_filled(use, message)}
    return True


def use_for(purpose: str, *, channel: Channel, language: str) -> TemplateUse | None:
    """One that may be sent before one that may not; then the customer's language, English, the oldest."""
    uses = TemplateUse.objects.filter(
        workspace_id=channel.workspace_id,
        purpose=purpose,
        template__channel_kind=channel.kind,
        template__account=account_of(channel),
    ).select_related("template")
    return min(uses, key=lambda use: _rank(use, language), default=None)


def _rank(use: TemplateUse, language: str) -> tuple[bool, int, int]:
    wanted, has = language.replace("-", "_").lower(), use.template.language.lower()
    near = (wanted, wanted.partition("_")[0], "en")
    place = 3
    if has == near[0]:
        place = 0
    elif has.partition("_")[0] == near[1]:
        place = 1
    elif has.partition("_")[0] == near[2]:
        place = 2
    return not use.template.is_usable, place, use.pk


def _filled(use: TemplateUse, message: Message) -> dict[str, Any]:
    words = words_of(message.lead, message.template_form.get("words", {}))
    try:
        return {"variables": fill(_patterns(use), words)}
    except Unfit as error:
        return {"problem": str(error)}


def _patterns(use: TemplateUse) -> dict[str, str]:
    """Each variable needs one, also those that the template gained since it was chosen."""
    return {key: str(use.values.get(key, "")) for key in use.template.variables}


def words_of(lead: Lead, more: Mapping[str, str]) -> dict[str, str]:
    """What `{first_name}` and the other words stand for, for this lead."""
    parts = lead.name.split()
    return {"name": lead.name, "first_name": parts[0] if parts else "", "company": lead.company, **more}


def text_of(template: MessageTemplate, variables: Mapping[str, str]) -> str:
    """As the customer reads it."""
    parts = (template.header, template.body, template.footer)
    return "\n".join(render(part, variables) for part in parts if part).strip()


def stand_in(message: Message, verdict: Verdict, now: Any) -> None:
    """From now on the message's words are the template's; what they stand for is kept beside them."""
    template = message.template
    if not verdict.as_template or template is None or "template" in message.payload:
        return
    words, form = message.body, message.template_form
    message.body = text_of(template, form.get("variables", {}))
    is_chosen = bool(form.get("always")) or words == message.body
    told = {"name": template.name, "language": template.language, "buttons": [b["text"] for b in template.buttons]}
    message.payload = {**message.payload, "template": told | ({} if is_chosen else {"instead_of": words})}
    if not is_chosen:
        record_decision(
            lead=message.lead,
            actor="gate",
            kind="message.templated",
            reason=f"The service window is closed: the template “{template.name}” goes in place of “{words[:160]}”",
            now=now,
            message=str(message.pk),
            template=template.pk,
        )


def prefer_template(message: Message) -> bool:
    """The provider says that the window is closed: a template from now on. False without one, or the second time."""
    if message.verdict.get("as_template") or not (message.template_id or find_stand_in(message)):
        return False
    message.template_form = {**message.template_form, "always": True}
    message.save(update_fields=["template", "template_form"])
    return True
