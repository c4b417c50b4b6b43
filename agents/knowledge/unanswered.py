"""Questions that the knowledge did not answer: collected once for all who ask alike, answered once, then known."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import F

from agents.knowledge.terms import bare_terms
from agents.models import Asking, KnowledgeEntry, Turn, UnansweredQuestion
from agents.models.unanswered import UnansweredState
from crm.models import User, Workspace
from crm.services.trail import record_decision
from project.kernel.errors import WrongValues

ALIKE = 0.7
"""How alike two questions are from which they are one."""
MOST_COMPARED = 200
LONGEST_TEXT = 2000


class AlreadySettled(Exception):
    """A colleague has answered or dismissed it."""


def note_unanswered(*, turn: Turn, text: str, language: str, now: datetime) -> UnansweredQuestion | None:
    """Count a question that nothing answered, in the transaction of its turn; None for one without any meaning."""
    terms = bare_terms(text, language)
    if not terms or Asking.objects.filter(turn=turn).exists():
        return None
    question = _alike(turn.workspace_id, terms)
    if question is None:
        question = UnansweredQuestion.objects.create(
            workspace_id=turn.workspace_id,
            text=text[:LONGEST_TEXT],
            language=language[:8],
            terms=[term[:64] for term in terms],
            first_asked_at=now,
            last_asked_at=now,
        )
    else:
        UnansweredQuestion.objects.filter(pk=question.pk).update(times_asked=F("times_asked") + 1, last_asked_at=now)
    Asking.objects.create(
        workspace_id=turn.workspace_id,
        question=question,
        lead_id=turn.lead_id,
        turn=turn,
        text=text[:LONGEST_TEXT],
        at=now,
    )
    record_decision(
        lead=turn.lead,
        actor="primary",
        kind="knowledge.unanswered",
        reason="The knowledge has no answer; the question was put on the list for the team to answer once.",
        now=now,
        question=question.pk,
        turn=turn.pk,
    )
    return question


@transaction.atomic
def answer_question(
    *, question: UnansweredQuestion, answer: str, user: User, now: datetime, wording: str = ""
) -> KnowledgeEntry:
    """A colleague answers once, and the agents know it from the next question on. Raises WrongValues, AlreadySettled.

    `wording` is the question as it should stand in the knowledge, if not as the first customer put it.
    """
    answer, wording = answer.strip(), wording.strip()
    if not answer:
        raise WrongValues({"answer": "write the answer that customers should get"})
    if len(answer) > 8000:
        raise WrongValues({"answer": "it is longer than 8000 characters"})
    if len(wording) > LONGEST_TEXT:
        raise WrongValues({"question": f"it is longer than {LONGEST_TEXT} characters"})
    current = _lock_open(question)
    entry = KnowledgeEntry.objects.create(
        workspace_id=current.workspace_id,
        question=wording or _all_wordings(current),
        answer=answer,
        language=current.language,
    )
    _settle(current, UnansweredState.ANSWERED, user, now, entry)
    return entry


@transaction.atomic
def dismiss_question(*, question: UnansweredQuestion, user: User, now: datetime) -> None:
    """It needs no answer. Raises AlreadySettled."""
    _settle(_lock_open(question), UnansweredState.DISMISSED, user, now, None)


def count_open(workspace: Workspace) -> int:
    return UnansweredQuestion.objects.filter(workspace=workspace, state=UnansweredState.OPEN).count()


def _alike(workspace_id: int, terms: Iterable[str]) -> UnansweredQuestion | None:
    wanted = set(terms)
    candidates = UnansweredQuestion.objects.filter(
        workspace_id=workspace_id, state=UnansweredState.OPEN, terms__overlap=list(wanted)
    ).order_by("-last_asked_at")[:MOST_COMPARED]
    best = max(candidates, key=lambda each: _likeness(set(each.terms), wanted), default=None)
    return best if best is not None and _likeness(set(best.terms), wanted) >= ALIKE else None


def _likeness(one: set[str], other: set[str]) -> float:
    """Half of it the share of all terms that are common, half whether the shorter one is contained in the longer."""
    common = len(one & other)
    return (common / len(one | other) + common / min(len(one), len(other))) / 2


def _all_wordings(question: UnansweredQuestion) -> str:
    """In a few customers' own words, so that it is found by any of them."""
    asked = question.askings.order_by("id").values_list("text", flat=True)[:5]
    return "\n".join(dict.fromkeys([question.text, *asked]))[:LONGEST_TEXT]


def _lock_open(question: UnansweredQuestion) -> UnansweredQuestion:
    current = UnansweredQuestion.objects.select_for_update(no_key=True).get(pk=question.pk)
    if current.state != UnansweredState.OPEN:
        raise AlreadySettled(f"This question was {current.state} by {current.settled_by or 'somebody'} already.")
    return current


def _settle(
    question: UnansweredQuestion, state: UnansweredState, user: User, now: datetime, entry: KnowledgeEntry | None
) -> None:
    question.state, question.settled_by, question.settled_at, question.entry = state, user, now, entry
    question.save(update_fields=["state", "settled_by", "settled_at", "entry"])
