"""Where customers write: connecting a WhatsApp sender or a web chat, and the addresses to copy."""

from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inbox.desk import DeskRequest, at_desk
from messaging.models import Channel
from messaging.services.channels import create_channel, doors_of, resume_channel, update_channel
from messaging.transports import about, offered_kinds
from project.kernel import clock

from .channel_forms import ChannelForm
from .page import Refusal, refusals_in, saved, settings_page

DOOR_LABELS = {
    "inbound_url": "When a message comes in",
    "status_url": "Status callback",
    "chat_url": "Chat page",
    "widget_url": "Widget script",
}


@dataclass(frozen=True, slots=True)
class Card:
    channel: Channel
    label: str
    addresses: tuple[tuple[str, str], ...]
    snippet: str


@require_GET
@at_desk("configure")
def channels(request: DeskRequest) -> HttpResponse:
    cards = [_card(channel) for channel in Channel.objects.order_by("created_at")]
    kinds = [(kind, about(kind).title) for kind in offered_kinds()]
    return settings_page(request, "settings_channels", "channels", cards=cards, kinds=kinds)


@require_http_methods(["GET", "POST"])
@at_desk("configure")
def add_channel(request: DeskRequest, kind: str) -> HttpResponse:
    form = ChannelForm(_offered(kind), request.POST or None)
    if form.is_valid():
        try:
            with refusals_in(form):
                create_channel(
                    workspace=request.desk.workspace,
                    kind=kind,
                    name=form.cleaned_data["name"],
                    values=form.given,
                    now=clock.now(),
                )
            return saved(request, "settings_channels", "Connected.")
        except Refusal:
            pass
    return _form_page(request, form, f"Connect {about(kind).title}", "Connect")


@require_http_methods(["GET", "POST"])
@at_desk("configure")
def edit_channel(request: DeskRequest, channel_id: int) -> HttpResponse:
    channel = get_object_or_404(Channel.objects, pk=channel_id)
    form = ChannelForm(_offered(channel.kind), request.POST or None, channel=channel)
    if form.is_valid():
        try:
            with refusals_in(form):
                update_channel(channel=channel, name=form.cleaned_data["name"], values=form.given)
            return saved(request, "settings_channels", "Saved.")
        except Refusal:
            pass
    return _form_page(request, form, channel.name, "Save")


@require_POST
@at_desk("configure")
def resume(request: DeskRequest, channel_id: int) -> HttpResponse:
    channel = get_object_or_404(Channel.objects, pk=channel_id)
    resume_channel(channel=channel, user=request.desk.user, now=clock.now())
    return saved(request, "settings_channels", "Sending again.")


def _offered(kind: str) -> str:
    if kind not in offered_kinds():
        raise Http404(f"There is no channel kind “{kind}”.")
    return kind


def _form_page(request: DeskRequest, form: ChannelForm, title: str, verb: str) -> HttpResponse:
    usual = [form[name] for name in form.usual]
    rest = [field for field in form if field.name not in form.usual]
    is_rest_open = any(field.errors for field in rest)
    context = {"title": title, "verb": verb, "usual": usual, "rest": rest, "is_rest_open": is_rest_open}
    return settings_page(request, "settings_channels", "channel", form=form, **context)


def _card(channel: Channel) -> Card:
    doors = doors_of(channel)
    widget = doors.get("widget_url")
    return Card(
        channel=channel,
        label=about(channel.kind).title,
        addresses=tuple((DOOR_LABELS.get(name, name), url) for name, url in doors.items()),
        snippet=f'<script src="{widget}" async></script>' if widget else "",
    )
