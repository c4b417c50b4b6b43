"""Where customers write: connecting a channel, its health, and the addresses to copy."""

from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inbox.desk import DeskRequest, at_desk
from messaging.access import access_channel
from messaging.models import Channel
from messaging.services.channel_checks import Report, check_channel
from messaging.services.channels import doors_of, pause_channel, resume_channel
from messaging.services.connecting import Connected, change_channel, connect_channel
from messaging.transports import about, capabilities_of, offered_kinds
from project.kernel import clock

from .channel_forms import ChannelForm
from .page import Refusal, refusals_in, saved, settings_page, warn

DOOR_LABELS = {
    "inbound_url": "When a message comes in",
    "status_url": "Status callback",
    "callback_url": "Callback URL",
    "chat_url": "Chat page",
    "widget_url": "Widget script",
}
NO_REASON = "an operator paused it"


@dataclass(frozen=True, slots=True)
class Card:
    """`report` is there when the channel has just been checked."""

    channel: Channel
    label: str
    addresses: tuple[tuple[str, str], ...]
    snippet: str
    is_told: bool
    report: Report | None


@require_GET
@at_desk("configure")
def channels(request: DeskRequest) -> HttpResponse:
    return _cards_page(request)


@require_POST
@at_desk("configure")
def check(request: DeskRequest, channel_id: int) -> HttpResponse:
    return _cards_page(request, check_channel(_channel(request, channel_id), clock.now()))


@require_http_methods(["GET", "POST"])
@at_desk("configure")
def add_channel(request: DeskRequest, kind: str) -> HttpResponse:
    form = ChannelForm(_offered(kind), request.POST or None)
    if form.is_valid():
        try:
            with refusals_in(form):
                connected = connect_channel(
                    workspace=request.desk.workspace,
                    kind=kind,
                    name=form.cleaned_data["name"],
                    values=form.given,
                    now=clock.now(),
                )
            return _connected(request, connected, "Connected.")
        except Refusal:
            pass
    return _form_page(request, form, f"Connect {about(kind).title}", "Connect")


@require_http_methods(["GET", "POST"])
@at_desk("configure")
def edit_channel(request: DeskRequest, channel_id: int) -> HttpResponse:
    channel = _channel(request, channel_id)
    form = ChannelForm(_offered(channel.kind), request.POST or None, channel=channel)
    if form.is_valid():
        try:
            with refusals_in(form):
                connected = change_channel(channel=channel, name=form.cleaned_data["name"], values=form.given)
            return _connected(request, connected, "Saved.")
        except Refusal:
            pass
    return _form_page(request, form, channel.name, "Save")


@require_POST
@at_desk("configure")
def pause(request: DeskRequest, channel_id: int) -> HttpResponse:
    reason = request.POST.get("reason", "").strip() or NO_REASON
    channel = _channel(request, channel_id)
    pause_channel(channel=channel, user=request.desk.user, reason=reason, now=clock.now())
    return saved(request, "settings_channels", f"{channel.name} is paused: what is queued waits.")


@require_POST
@at_desk("configure")
def resume(request: DeskRequest, channel_id: int) -> HttpResponse:
    resume_channel(channel=_channel(request, channel_id), user=request.desk.user, now=clock.now())
    return saved(request, "settings_channels", "Sending again.")


def _channel(request: DeskRequest, channel_id: int) -> Channel:
    return access_channel(request.desk.user, request.desk.workspace, channel_id)


def _connected(request: DeskRequest, connected: Connected, said: str) -> HttpResponse:
    for warning in connected.warnings:
        warn(request, warning)
    return saved(request, "settings_channels", f"{said} {connected.verified.found}".strip())


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


def _cards_page(request: DeskRequest, report: Report | None = None) -> HttpResponse:
    offered = Channel.objects.filter(kind__in=offered_kinds()).order_by("created_at", "pk")
    cards = [_card(channel, report if report and report.channel.pk == channel.pk else None) for channel in offered]
    kinds = [(kind, about(kind).title) for kind in offered_kinds()]
    return settings_page(request, "settings_channels", "channels", cards=cards, kinds=kinds)


def _card(channel: Channel, report: Report | None) -> Card:
    doors = doors_of(channel)
    widget = doors.get("widget_url")
    return Card(
        channel=channel,
        label=about(channel.kind).title,
        addresses=tuple((DOOR_LABELS.get(name, name), url) for name, url in doors.items()),
        snippet=f'<script src="{widget}" async></script>' if widget else "",
        is_told=capabilities_of(channel.kind).registers_doors,
        report=report,
    )
