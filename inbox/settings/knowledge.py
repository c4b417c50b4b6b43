"""What the agents may quote: the workspace's own questions and answers, and the sources they read."""

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents.knowledge.search import search_knowledge
from agents.knowledge.sources import add_source, kind_of_file, read_again, remove_source, switch_source
from agents.knowledge.unanswered import count_open
from agents.models import KnowledgeEntry, KnowledgeSource
from agents.models.sources import SourceKind
from inbox.desk import DeskRequest, at_desk
from project.kernel import clock

from .page import Refusal, refusals_in, saved, settings_page


class EntryForm(forms.ModelForm):
    class Meta:
        model = KnowledgeEntry
        fields = ["question", "answer", "language", "is_active"]
        labels = {"is_active": "The agents may quote it"}
        help_texts = {"question": "As a customer would ask it.", "answer": "Quoted word for word."}
        widgets = {
            "question": forms.Textarea(attrs={"rows": 2}),
            "answer": forms.Textarea(attrs={"rows": 6}),
            "language": forms.TextInput(attrs={"placeholder": "any"}),
        }


class TryForm(forms.Form):
    text = forms.CharField(max_length=1000, label="Ask as a customer would")


class SourceForm(forms.Form):
    """One of an address, a file or a text."""

    url = forms.CharField(
        max_length=2000,
        required=False,
        label="Web page",
        help_text="A page of yours that everybody can open, such as terms. Its text is read, not its menus.",
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    refetch_hours = forms.IntegerField(
        min_value=1,
        max_value=2160,
        required=False,
        label="Read the page again every (hours)",
        help_text="Empty: never.",
    )
    file = forms.FileField(
        required=False,
        label="File",
        help_text="A PDF, a text, or a price list as CSV whose first line names the columns. Up to 8 MB.",
    )
    text = forms.CharField(
        required=False,
        max_length=200_000,
        label="Text",
        help_text="Lines that begin with # are headings.",
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    title = forms.CharField(
        max_length=200, required=False, label="Title", help_text="As your team reads it beside an answer."
    )
    language = forms.CharField(
        max_length=8,
        required=False,
        label="Language",
        help_text="A code such as en or pt-BR. Empty: recognised.",
    )


@require_GET
@at_desk("configure")
def knowledge(request: DeskRequest) -> HttpResponse:
    workspace = request.desk.workspace
    form = TryForm(request.GET if request.GET.get("text") else None)
    text = form.cleaned_data["text"] if form.is_valid() else ""
    return settings_page(
        request,
        "settings_knowledge",
        "knowledge",
        entries=list(KnowledgeEntry.objects.defer("search", "embedding").order_by("question")),
        sources=list(KnowledgeSource.objects.defer("original")),
        unanswered=count_open(workspace),
        try_form=form,
        text=text,
        found=search_knowledge(workspace_id=workspace.pk, text=text) if text else (),
    )


@require_http_methods(["GET", "POST"])
@at_desk("configure")
def new_source(request: DeskRequest) -> HttpResponse:
    form = SourceForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        try:
            with refusals_in(form):
                _add(request, form)
                return saved(request, "settings_knowledge", "Taken in. It is read in a moment.")
        except Refusal:
            pass
    return settings_page(request, "settings_knowledge", "source", form=form)


def _add(request: DeskRequest, form: SourceForm) -> None:
    given = form.cleaned_data
    common = {"workspace": request.desk.workspace, "language": given["language"], "now": clock.now()}
    upload = given["file"]
    if given["url"]:
        add_source(
            kind=SourceKind.PAGE,
            url=given["url"],
            title=given["title"],
            refetch_hours=given["refetch_hours"],
            **common,
        )
    elif upload:
        body = upload.read()
        add_source(kind=kind_of_file(upload.name, body), title=given["title"] or upload.name, original=body, **common)
    else:
        add_source(kind=SourceKind.TEXT, title=given["title"], original=given["text"].encode(), **common)


@require_GET
@at_desk("configure")
def source(request: DeskRequest, source_id: int) -> HttpResponse:
    """What was read of it, passage by passage."""
    row = _source(source_id)
    chunks = list(row.chunks.only("position", "title", "text")[:200])
    return settings_page(request, "settings_knowledge", "passages", source=row, chunks=chunks)


@require_POST
@at_desk("configure")
def reread_source(request: DeskRequest, source_id: int) -> HttpResponse:
    read_again(source=_source(source_id), now=clock.now())
    return saved(request, "settings_knowledge", "It is read again in a moment.")


@require_POST
@at_desk("configure")
def toggle_source(request: DeskRequest, source_id: int) -> HttpResponse:
    row = _source(source_id)
    switch_source(source=row, is_active=not row.is_active)
    said = "The agents no longer quote it." if row.is_active else "The agents may quote it again."
    return saved(request, "settings_knowledge", said)


@require_POST
@at_desk("configure")
def drop_source(request: DeskRequest, source_id: int) -> HttpResponse:
    remove_source(source=_source(source_id))
    return saved(request, "settings_knowledge", "Removed, with everything that was read of it.")


def _source(source_id: int) -> KnowledgeSource:
    return get_object_or_404(KnowledgeSource.objects.defer("original"), pk=source_id)


@require_http_methods(["GET", "POST"])
@at_desk("configure")
def add_entry(request: DeskRequest) -> HttpResponse:
    return _entry(request, KnowledgeEntry(workspace=request.desk.workspace), "New entry")


@require_http_methods(["GET", "POST"])
@at_desk("configure")
def edit_entry(request: DeskRequest, entry_id: int) -> HttpResponse:
    return _entry(request, get_object_or_404(KnowledgeEntry.objects, pk=entry_id), "Edit entry")


@require_POST
@at_desk("configure")
def remove_entry(request: DeskRequest, entry_id: int) -> HttpResponse:
    get_object_or_404(KnowledgeEntry.objects, pk=entry_id).delete()
    return saved(request, "settings_knowledge", "Removed. The agents no longer quote it.")


def _entry(request: DeskRequest, entry: KnowledgeEntry, title: str) -> HttpResponse:
    form = EntryForm(request.POST or None, instance=entry)
    if form.is_valid():
        form.save()
        return saved(request, "settings_knowledge", "Saved. The next answer may quote it.")
    return settings_page(request, "settings_knowledge", "entry", form=form, entry=entry, title=title)
