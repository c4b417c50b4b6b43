"""What the agents may quote: the workspace's own questions and answers."""

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents.knowledge.search import search_knowledge
from agents.models import KnowledgeEntry
from inbox.desk import DeskRequest, at_desk

from .page import saved, settings_page


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


@require_GET
@at_desk("configure")
def knowledge(request: DeskRequest) -> HttpResponse:
    workspace = request.desk.workspace
    form = TryForm(request.GET if request.GET.get("text") else None)
    text = form.cleaned_data["text"] if form.is_valid() else ""
    found = search_knowledge(workspace_id=workspace.pk, text=text) if text else ()
    entries = list(KnowledgeEntry.objects.defer("search").order_by("question"))
    return settings_page(
        request, "settings_knowledge", "knowledge", entries=entries, try_form=form, text=text, found=found
    )


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
