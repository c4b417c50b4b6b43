"""A person's choice of a template: what may be chosen for a conversation, and filling it for its customer."""

from collections.abc import Mapping

from crm.models import User
from messaging.models import Conversation, MessageTemplate
from messaging.models.templates import TemplateStatus
from messaging.templating import Unfit, checked_value, put
from project.kernel.errors import WrongValues

from .template_forms import TemplateForm, text_of, use_for, words_of
from .templates import templates_of


def choosable(conversation: Conversation) -> list[MessageTemplate]:
    """Approved, and such as Baton can fill; those that this customer can read stand first."""
    found = templates_of(conversation.channel).filter(status=TemplateStatus.APPROVED, unsupported="")
    spoken = conversation.lead.language.replace("-", "_").lower().partition("_")[0]
    return sorted(found, key=lambda each: (not each.language.lower().startswith(spoken), each.name, each.language))


def suggested(conversation: Conversation, purpose: str) -> MessageTemplate | None:
    use = use_for(purpose, channel=conversation.channel, language=conversation.lead.language)
    return use.template if use and use.template.is_usable else None


def first_values(template: MessageTemplate, conversation: Conversation, user: User) -> dict[str, str]:
    """What stands in the fields at first: as the template's uses fill them, where a word is known."""
    words = words_of(conversation.lead, {"agent": user.get_short_name()})
    use = template.uses.order_by("pk").first()
    patterns = use.values if use else {}
    return {key: put(str(patterns.get(key, "")), words) for key in template.variables}


def choose_template(template: MessageTemplate, conversation: Conversation, values: Mapping[str, str]) -> TemplateForm:
    """The form that a message is queued with. Raises WrongValues naming the variable."""
    if template not in choosable(conversation):
        raise WrongValues({"template": f"{template} cannot be sent here: {template.get_status_display()}"})
    problems, filled = {}, {}
    for key in template.variables:
        try:
            filled[key] = checked_value(key, values.get(key, ""))
        except Unfit as error:
            problems[f"value_{key}"] = str(error)
    unknown = values.keys() - template.variables.keys()
    problems |= {f"value_{key}": f"the template has no variable {{{{{key}}}}}" for key in unknown}
    if problems:
        raise WrongValues(problems)
    return TemplateForm(template=template, variables=filled, always=True)


def words_in(form: TemplateForm) -> str:
    """The template's text as the customer reads it."""
    assert form.template is not None
    return text_of(form.template, form.variables)
