"""What a merge of two leads asks of each floor above: whether something stands in its way, and what must be settled.

An app registers its rule in `AppConfig.ready`. Its rows need none: whatever points to a lead or to a conversation is
moved (`messaging/services/moving.py`). A rule is for what may exist only once, and for work that is under way.
"""

from dataclasses import dataclass
from datetime import datetime

from crm.models import Lead
from messaging.models import Conversation


@dataclass(frozen=True, slots=True)
class Pair:
    """`gone` becomes part of `kept`; both conversations are locked, and missing where nobody ever spoke."""

    kept: Lead
    gone: Lead
    kept_conversation: Conversation | None
    gone_conversation: Conversation | None

    @property
    def conversations(self) -> list[Conversation]:
        both = (self.kept_conversation, self.gone_conversation)
        return [conversation for conversation in both if conversation is not None]


class MergeRule:
    """Nothing stands in the way and nothing is settled, unless a floor says otherwise."""

    def obstacle(self, pair: Pair) -> str:
        """Why the two cannot be merged, or parted again, at this moment; empty when they can."""
        return ""

    def settle(self, pair: Pair, now: datetime) -> None:
        """Before the rows of `gone` move to `kept`."""

    def arrange(self, conversation: Conversation, now: datetime) -> None:
        """After rows moved here or away, by a merge or by its undoing."""


_rules: dict[str, MergeRule] = {}


def register_merge_rule(name: str, rule: MergeRule) -> None:
    _rules[name] = rule


def merge_rules() -> tuple[MergeRule, ...]:
    return tuple(_rules.values())
