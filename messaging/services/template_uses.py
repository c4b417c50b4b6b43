"""What a template is used for, set by a person; and how it reads for a certain customer."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from crm.models import Lead
from messaging.models import MessageTemplate, TemplateUse
from messaging.models.templates import TemplatePurpose
from messaging.templating import WORDS, Unfit, fill, unknown_placeholders
from project.kernel.errors import WrongValues

from .template_forms import text_of, words_of

EXAMPLES = {"request": "a discount", "waited": "45 minutes", "link": "https://calendly.com/d/abc", "agent": "Bruno"}


@dataclass(frozen=True, slots=True)
class Preview:
    """How it reads. `problem` says what is missing; then `text` has the examples in its place."""

    text: str
    variables: dict[str, str]
    problem: str


@transaction.atomic
def set_use(*, template: MessageTemplate, purpose: str, values: Mapping[str, str]) -> TemplateUse:
    """Let the template stand in for `purpose`, with a pattern for each variable. Raises WrongValues."""
    problems = _problems(template, purpose, values)
    if problems:
        raise WrongValues(problems)
    use, _ = TemplateUse.objects.update_or_create(
        workspace_id=template.workspace_id,
        template=template,
        purpose=purpose,
        defaults={"values": {key: values[key].strip() for key in template.variables}},
    )
    return use


def remove_use(*, use: TemplateUse) -> None:
    use.delete()


def _problems(template: MessageTemplate, purpose: str, values: Mapping[str, str]) -> dict[str, str]:
    problems = {}
    if purpose not in TemplatePurpose.values:
        problems["purpose"] = f"“{purpose}” is not one of: {', '.join(TemplatePurpose.values)}"
    for key in template.variables:
        pattern = values.get(key, "")
        unknown = unknown_placeholders(pattern)
        if not pattern.strip():
            problems[f"value_{key}"] = f"says what {{{{{key}}}}} is filled with, such as {{first_name|there}}"
        elif unknown:
            problems[f"value_{key}"] = f"{{{unknown[0]}}} is not known; known are {', '.join(WORDS)}"
    for key in values.keys() - template.variables.keys():
        problems[f"value_{key}"] = f"the template has no variable {{{{{key}}}}}"
    return problems


def preview_use(*, template: MessageTemplate, values: Mapping[str, str], lead: Lead | None) -> Preview:
    """With a real customer's words; without one, with the examples that the provider has."""
    examples = {key: str(example) for key, example in template.variables.items()}
    if lead is None:
        return Preview(text_of(template, examples), examples, "")
    patterns = {key: values.get(key) or examples.get(key, "") for key in template.variables}
    try:
        filled = fill(patterns, words_of(lead, EXAMPLES))
    except Unfit as error:
        return Preview(text_of(template, examples), examples, str(error))
    return Preview(text_of(template, filled), filled, "")
