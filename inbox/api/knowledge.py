from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from agents.knowledge.search import search_knowledge
from agents.knowledge.sources import add_source, read_again, remove_source, switch_source
from agents.knowledge.unanswered import answer_question, dismiss_question
from agents.models import KnowledgeEntry, KnowledgeSource, UnansweredQuestion, WorkspaceTool
from agents.models.unanswered import UnansweredState
from agents.tools.workspace_tools import add_tool, remove_tool
from crm.access import require
from project.kernel import clock

from .base import WorkspaceView
from .knowledge_serializers import (
    AnswerSerializer,
    EntrySerializer,
    FoundSerializer,
    MadeToolSerializer,
    NewSourceSerializer,
    NewToolSerializer,
    SearchSerializer,
    SourceChangesSerializer,
    SourceSerializer,
    ToolSerializer,
    UnansweredSerializer,
)
from .pagination import MostAsked
from .schema import CONFLICT, documented


class ConfigureView(WorkspaceView):
    """Changing what the agents know or may do is for those who may change settings; every member may look."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.needed_action != "read":
            require(request.user, self.workspace, "configure")


class SourceList(ConfigureView):
    @documented("knowledge", SourceSerializer(many=True))
    def get(self, request: Request) -> Response:
        """What the agents read: each source with its state, its passages, and why it could not be read."""
        return Response(SourceSerializer(KnowledgeSource.objects.defer("original"), many=True).data)

    @documented("knowledge", SourceSerializer, takes=NewSourceSerializer, code=201)
    def post(self, request: Request) -> Response:
        """Add a page, a text, a PDF or a price list. It is read in a moment: look at its `state`."""
        given = NewSourceSerializer(data=request.data)
        values = self.checked(given)
        source = add_source(
            workspace=self.workspace,
            original=given.original,
            now=clock.now(),
            **{name: values[name] for name in ("kind", "title", "url", "language", "refetch_hours")},
        )
        return Response(SourceSerializer(source).data, status=201)


class SourceDetail(ConfigureView):
    def source(self) -> KnowledgeSource:
        return get_object_or_404(KnowledgeSource.objects.defer("original"), pk=self.kwargs["source_id"])

    @documented("knowledge", SourceSerializer)
    def get(self, request: Request, source_id: int) -> Response:
        """One source."""
        return Response(SourceSerializer(self.source()).data)

    @documented("knowledge", SourceSerializer, takes=SourceChangesSerializer)
    def patch(self, request: Request, source_id: int) -> Response:
        """Whether the agents may quote it."""
        given = self.checked(SourceChangesSerializer(data=request.data))
        switch_source(source=self.source(), is_active=given["is_active"])
        return Response(SourceSerializer(self.source()).data)

    @documented("knowledge", None, code=204)
    def delete(self, request: Request, source_id: int) -> Response:
        """Remove it, with everything that was read of it."""
        remove_source(source=self.source())
        return Response(status=204)


class ReadAgain(SourceDetail):
    http_method_names = ["post", "options"]

    @documented("knowledge", SourceSerializer)
    def post(self, request: Request, source_id: int) -> Response:
        """Read it again now."""
        read_again(source=self.source(), now=clock.now())
        return Response(SourceSerializer(self.source()).data)


class EntryList(ConfigureView):
    @documented("knowledge", EntrySerializer(many=True))
    def get(self, request: Request) -> Response:
        """Questions and answers, as they are quoted."""
        entries = KnowledgeEntry.objects.defer("search", "embedding").order_by("id")
        return Response(EntrySerializer(entries, many=True).data)

    @documented("knowledge", EntrySerializer, takes=EntrySerializer, code=201)
    def post(self, request: Request) -> Response:
        """Add one."""
        entry = KnowledgeEntry.objects.create(
            workspace=self.workspace, **self.checked(EntrySerializer(data=request.data))
        )
        return Response(EntrySerializer(entry).data, status=201)


class EntryDetail(ConfigureView):
    def entry(self) -> KnowledgeEntry:
        return get_object_or_404(KnowledgeEntry.objects, pk=self.kwargs["entry_id"])

    @documented("knowledge", EntrySerializer, takes=EntrySerializer(partial=True))
    def patch(self, request: Request, entry_id: int) -> Response:
        """Change one."""
        changes = EntrySerializer(self.entry(), data=request.data, partial=True)
        changes.is_valid(raise_exception=True)
        changes.save()
        return Response(changes.data)

    @documented("knowledge", None, code=204)
    def delete(self, request: Request, entry_id: int) -> Response:
        """Remove one: the agents no longer quote it."""
        self.entry().delete()
        return Response(status=204)


class KnowledgeSearch(WorkspaceView):
    @documented("knowledge", FoundSerializer(many=True), parameters=[SearchSerializer])
    def get(self, request: Request) -> Response:
        """What the agents would find for a customer's question."""
        given = self.checked(SearchSerializer(data=request.query_params))
        found = search_knowledge(
            workspace_id=self.workspace.pk, text=given["text"], language=given["language"] or None, limit=5
        )
        return Response(FoundSerializer(found, many=True).data)


def open_questions() -> QuerySet[UnansweredQuestion]:
    rows = UnansweredQuestion.objects.filter(state=UnansweredState.OPEN)
    return rows.select_related("settled_by").prefetch_related("askings")


class UnansweredList(WorkspaceView):
    pagination_class = MostAsked

    @documented("knowledge", UnansweredSerializer(many=True))
    def get(self, request: Request) -> Response:
        """What customers asked and the knowledge did not answer, the most asked first."""
        return self.page(open_questions(), UnansweredSerializer)


class UnansweredView(WorkspaceView):
    def question(self) -> UnansweredQuestion:
        require(self.request.user, self.workspace, self.needed_action)
        rows = UnansweredQuestion.objects.select_related("settled_by").prefetch_related("askings")
        return get_object_or_404(rows, pk=self.kwargs["question_id"])


class AnswerOnce(UnansweredView):
    @documented("knowledge", EntrySerializer, takes=AnswerSerializer, code=201, also=CONFLICT)
    def post(self, request: Request, question_id: int) -> Response:
        """Answer it once: it becomes an entry, which the agents quote from now on."""
        question = self.question()
        given = self.checked(AnswerSerializer(data=request.data))
        entry = answer_question(
            question=question, answer=given["answer"], wording=given["question"], user=request.user, now=clock.now()
        )
        return Response(EntrySerializer(entry).data, status=201)


class DismissQuestion(UnansweredView):
    @documented("knowledge", UnansweredSerializer, also=CONFLICT)
    def post(self, request: Request, question_id: int) -> Response:
        """It needs no answer."""
        dismiss_question(question=self.question(), user=request.user, now=clock.now())
        return Response(UnansweredSerializer(self.question()).data)


class ToolList(ConfigureView):
    @documented("tools", ToolSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The workspace's own tools; never their keys."""
        return Response(ToolSerializer(WorkspaceTool.objects.order_by("name"), many=True).data)

    @documented("tools", MadeToolSerializer, takes=NewToolSerializer, code=201)
    def post(self, request: Request) -> Response:
        """Add one. Its signing key is in this answer and nowhere else."""
        given = self.checked(NewToolSerializer(data=request.data))
        tool = add_tool(workspace=self.workspace, now=clock.now(), **given)
        return Response(MadeToolSerializer(tool).data, status=201)


class ToolDetail(ConfigureView):
    @documented("tools", None, code=204)
    def delete(self, request: Request, tool_id: int) -> Response:
        """Remove one: the agents no longer call it."""
        remove_tool(tool=get_object_or_404(WorkspaceTool.objects, pk=tool_id))
        return Response(status=204)
