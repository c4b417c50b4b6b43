"""Where customers write: connecting a WhatsApp sender or a web chat, and the addresses to copy."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inbox.desk import DeskRequest, at_desk
from inbox.words import channel_label
from messaging.models import Channel
from messaging.services.channels import create_channel, doors_of, resume_channel, update_channel
from project.kernel import clock

from .page import Refusal, refusals_in, saved, settings_page

SECRET = forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"})
DOOR_LABELS = {
    "inbound_url": "When a message comes in",
    "status_url": "Status callback",
    "chat_url": "Chat page",
    "widget_url": "Widget script",
}


class ChannelForm(forms.Form):
    """`name` is the channel's own; every other field is a setting of its kind, an empty one is not given."""

    usual: ClassVar[tuple[str, ...]] = ()
    """The fields that are always shown; the rest waits behind “More settings”."""

    name = forms.CharField(max_length=100, help_text="As your team calls it.")

    def __init__(self, values: Any = None, *, channel: Channel | None = None) -> None:
        super().__init__(values, initial={"name": channel.name, **channel.settings} if channel else None)
        if channel:
            self._keep_secrets(channel)

    def _keep_secrets(self, channel: Channel) -> None:
        for name, field in self.fields.items():
            if isinstance(field.widget, forms.PasswordInput) and name in channel.secrets:
                field.required = False
                field.help_text = "Stored. Leave it empty to keep it."

    @property
    def given(self) -> dict[str, str]:
        return {name: value for name, value in self.cleaned_data.items() if value and name != "name"}


class TwilioForm(ChannelForm):
    sender = forms.CharField(label="Sender", help_text="whatsapp:+ and the number, such as whatsapp:+14155238886.")
    account_sid = forms.CharField(label="Account SID", help_text="AC and 32 digits, from Twilio's console.")
    auth_token = forms.CharField(label="Auth token", widget=SECRET, help_text="Sealed when stored, never shown again.")
    auth_token_secondary = forms.CharField(
        label="Second auth token", widget=SECRET, required=False, help_text="While the token is being rotated."
    )
    shared_keys = forms.CharField(
        label="Webhook shared keys", widget=SECRET, required=False, help_text="keyid=secret pairs parted by commas."
    )
    public_base_url = forms.CharField(
        label="Public address", required=False, help_text="When Twilio reaches this installation at another address."
    )
    api_base = forms.CharField(
        label="Twilio's address", required=False, help_text="Empty: https://api.twilio.com. For a double or a region."
    )
    rate_per_second = forms.CharField(
        label="Messages a second", required=False, help_text="Of this sender. Empty: 80, as WhatsApp allows."
    )
    account_rate_per_second = forms.CharField(
        label="Messages a second of the account", required=False, help_text="Empty: 2000, as Twilio allows."
    )
    pair_seconds = forms.CharField(
        label="Seconds between messages to one customer",
        required=False,
        help_text="Beyond a burst of 45. Empty: 6, as WhatsApp asks.",
    )
    usual = ("name", "sender", "account_sid", "auth_token")


class WebchatForm(ChannelForm):
    title = forms.CharField(
        max_length=80, required=False, help_text="Stands above the chat. Empty: the workspace's name."
    )
    greeting = forms.CharField(
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="What a visitor reads first.",
    )
    usual = ("name", "title", "greeting")


FORMS: dict[str, type[ChannelForm]] = {"whatsapp_twilio": TwilioForm, "webchat": WebchatForm}


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
    kinds = [(kind, channel_label(kind)) for kind in FORMS]
    return settings_page(request, "settings_channels", "channels", cards=cards, kinds=kinds)


@require_http_methods(["GET", "POST"])
@at_desk("configure")
def add_channel(request: DeskRequest, kind: str) -> HttpResponse:
    form = _form_of(kind)(request.POST or None)
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
    return _form_page(request, form, f"Connect {channel_label(kind)}", "Connect")


@require_http_methods(["GET", "POST"])
@at_desk("configure")
def edit_channel(request: DeskRequest, channel_id: int) -> HttpResponse:
    channel = get_object_or_404(Channel.objects, pk=channel_id)
    form = _form_of(channel.kind)(request.POST or None, channel=channel)
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


def _form_of(kind: str) -> type[ChannelForm]:
    if kind not in FORMS:
        raise Http404(f"There is no channel kind “{kind}”.")
    return FORMS[kind]


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
        label=channel_label(channel.kind),
        addresses=tuple((DOOR_LABELS.get(name, name), url) for name, url in doors.items()),
        snippet=f'<script src="{widget}" async></script>' if widget else "",
    )
