"""Asking the gate about a message, and letting a template stand in where only that can leave."""

from datetime import datetime

from messaging import gate
from messaging.gate import Facts, Verdict
from messaging.models import Conversation, Message

from .facts import Circumstances, gather_facts
from .template_forms import find_stand_in, stand_in

FIELDS = ("template", "template_form", "body", "payload")


def judge(
    message: Message, conversation: Conversation, now: datetime, around: Circumstances | None = None
) -> tuple[Facts, Verdict]:
    """The gate's verdict on fresh facts. A message that can only leave as a template becomes one, in `FIELDS`.

    The template is looked for when it is needed: nearly every message finds its window open.
    """
    facts = gather_facts(message, conversation, now, around)
    verdict = gate.decide(facts)
    if verdict.code == gate.WINDOW_CLOSED and find_stand_in(message):
        facts = gather_facts(message, conversation, now, around)
        verdict = gate.decide(facts)
    stand_in(message, verdict, now)
    return facts, verdict
