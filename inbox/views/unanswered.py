"""What customers asked and nobody had an answer for: a colleague answers once, and the agents know it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from agents.knowledge.unanswered import AlreadySettled, answer_question, dismiss_question
from agents.models import UnansweredQuestion
from agents.models.unanswered import UnansweredState
from inbox.desk import DeskRequest, at_desk
from project.kernel import clock
from project.kernel.errors import WrongValues

SHOWN = 50
EXAMPLES = 3


@require_GET
@at_desk()
def unanswered(request: DeskRequest) -> HttpResponse:
    return _page(request)


@require_POST
@at_desk("reply")
def answer(request: DeskRequest, question_id: int) -> HttpResponse:
    question = _question(question_id)
    given, wording = request.POST.get("answer", ""), request.POST.get("question", "")
    try:
        answer_question(question=question, answer=given, wording=wording, user=request.desk.user, now=clock.now())
    except WrongValues as wrong:
        return _page(request, refused={question.pk: (given, wording, "; ".join(wrong.problems.values()))})
    except AlreadySettled as late:
        messages.info(request, str(late))
    else:
        messages.success(request, "Learned. Whoever asks this from now on gets your answer.")
    return _back(request)


@require_POST
@at_desk("reply")
def dismiss(request: DeskRequest, question_id: int) -> HttpResponse:
    try:
        dismiss_question(question=_question(question_id), user=request.desk.user, now=clock.now())
    except AlreadySettled as late:
        messages.info(request, str(late))
    return _back(request)


def _question(question_id: int) -> UnansweredQuestion:
    return get_object_or_404(UnansweredQuestion.objects, pk=question_id)


def _back(request: DeskRequest) -> HttpResponse:
    return redirect("inbox:unanswered", request.desk.workspace.slug)


def _page(request: DeskRequest, refused: dict[int, tuple[str, str, str]] | None = None) -> HttpResponse:
    open_ones = UnansweredQuestion.objects.filter(state=UnansweredState.OPEN)
    rows = list(open_ones.order_by("-times_asked", "-id").prefetch_related("askings__lead")[:SHOWN])
    for row in rows:
        row.examples = list(row.askings.all())[-EXAMPLES:]
        row.given, row.wording, row.problem = (refused or {}).get(row.pk, ("", "", ""))
    learned = UnansweredQuestion.objects.filter(state=UnansweredState.ANSWERED).select_related("entry", "settled_by")
    context = {
        "section": "unanswered",
        "questions": rows,
        "total": open_ones.count(),
        "learned": learned.order_by("-settled_at")[:5],
    }
    return render(request, "inbox/unanswered.html", context, status=422 if refused else 200)
