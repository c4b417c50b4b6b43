"""Tools of the workspace's own: addresses that the agents may call, signed, with inputs that are checked."""

import json
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents.models import ToolCall, WorkspaceTool
from agents.models.tools import Caller
from agents.tools.registry import tools_for
from agents.tools.workspace_tools import add_tool, remove_tool
from inbox.desk import DeskRequest, at_desk
from project.kernel import clock

from .page import Refusal, refusals_in, saved, settings_page

EXAMPLE = {
    "type": "object",
    "properties": {"order": {"type": "string", "description": "The order number."}},
    "required": ["order"],
}


class ToolForm(forms.Form):
    name = forms.CharField(max_length=48, help_text="Small letters, digits and _, such as order_status.")
    description = forms.CharField(
        max_length=500,
        help_text="What it tells or does, as the agents read it.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    url = forms.CharField(
        max_length=1000,
        label="Address",
        help_text="A public address that answers a signed POST.",
        widget=forms.URLInput(),
    )
    inputs = forms.JSONField(
        label="Inputs",
        help_text="The JSON schema of an object.",
        initial=EXAMPLE,
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    callers = forms.MultipleChoiceField(
        choices=Caller.choices,
        label="Who may cause a call",
        initial=[Caller.CUSTOMER],
        widget=forms.CheckboxSelectMultiple,
        help_text="Without customers, no message of a customer ever leads to a call.",
    )
    timeout_seconds = forms.FloatField(min_value=0.5, max_value=8, initial=4, label="Wait at most (seconds)")


@require_GET
@at_desk("configure")
def tools(request: DeskRequest) -> HttpResponse:
    workspace = request.desk.workspace
    return settings_page(
        request,
        "settings_tools",
        "tools",
        own=list(WorkspaceTool.objects.order_by("name")),
        built_in=[tool for tool in tools_for(workspace.pk, Caller.CUSTOMER) if not _is_own(tool.name)],
        calls=list(ToolCall.objects.select_related("lead").order_by("-id")[:15]),
    )


def _is_own(name: str) -> bool:
    return WorkspaceTool.objects.filter(name=name).exists()


@require_http_methods(["GET", "POST"])
@never_cache  # the answer to the POST shows the signing key, this once
@at_desk("configure")
def new_tool(request: DeskRequest) -> HttpResponse:
    form = ToolForm(request.POST or None)
    made: WorkspaceTool | None = None
    if form.is_valid():
        try:
            with refusals_in(form):
                made = add_tool(workspace=request.desk.workspace, now=clock.now(), **form.cleaned_data)
        except Refusal:
            pass
    context: dict[str, Any] = {"form": form, "made": made, "key": made.secrets["signing_key"] if made else ""}
    return settings_page(request, "settings_tools", "tool", example=json.dumps(EXAMPLE), **context)


@require_POST
@at_desk("configure")
def drop_tool(request: DeskRequest, tool_id: int) -> HttpResponse:
    remove_tool(tool=get_object_or_404(WorkspaceTool.objects, pk=tool_id))
    return saved(request, "settings_tools", "Removed. The agents no longer call it.")
