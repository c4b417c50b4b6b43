"""How a workspace asks for consent."""

from django.db import transaction

from crm.models import PeoplePolicy, Workspace
from project.kernel.errors import WrongValues

MOST_KEYWORDS, LONGEST_KEYWORD = 30, 40


def people_policy_of(workspace: Workspace) -> PeoplePolicy:
    """The stored policy, or the one that holds until somebody changes it."""
    return PeoplePolicy.objects.filter(workspace=workspace).first() or PeoplePolicy(workspace=workspace)


@transaction.atomic
def change_people_policy(
    *, workspace: Workspace, keywords: list[str], opt_in_text: str, double_opt_in: bool, merges_by_rule: bool
) -> PeoplePolicy:
    """Raises WrongValues for keywords that are too many or too long."""
    policy, _ = PeoplePolicy.objects.update_or_create(
        workspace=workspace,
        defaults={
            "opt_in_keywords": clean_keywords(keywords),
            "opt_in_text": opt_in_text.strip(),
            "double_opt_in": double_opt_in,
            "merges_by_rule": merges_by_rule,
        },
    )
    return policy


def clean_keywords(keywords: list[str]) -> list[str]:
    """Each once, as it will be compared."""
    words = list(dict.fromkeys(filter(None, map(folded, keywords))))
    if len(words) > MOST_KEYWORDS:
        raise WrongValues({"opt_in_keywords": f"are more than {MOST_KEYWORDS}"})
    if too_long := next((word for word in words if len(word) > LONGEST_KEYWORD), None):
        raise WrongValues({"opt_in_keywords": f"“{too_long}” is longer than {LONGEST_KEYWORD} characters"})
    return words


def folded(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .!¡")


def is_opt_in_keyword(workspace_id: int, text: str) -> bool:
    """Whether the message is one of the workspace's words for agreeing to marketing, and nothing else."""
    word = folded(text)
    if not word or len(word) > LONGEST_KEYWORD:
        return False
    return PeoplePolicy.objects.filter(workspace_id=workspace_id, opt_in_keywords__contains=[word]).exists()
