"""A channel's form, made of what its kind says of its settings."""

from typing import Any

from django import forms

from messaging.models import Channel
from messaging.transports import Setting, settings_of


class ChannelForm(forms.Form):
    """`name` is the channel's own; every other field is a setting of its kind, an empty one is not given."""

    name = forms.CharField(max_length=100, help_text="As your team calls it.")

    def __init__(self, kind: str, values: Any = None, *, channel: Channel | None = None) -> None:
        super().__init__(values, initial={"name": channel.name, **channel.settings} if channel else None)
        stored = channel.secrets if channel else {}
        settings = settings_of(kind)
        self.fields |= {setting.name: _field(setting, is_stored=setting.name in stored) for setting in settings}
        needed = [setting.name for setting in settings if setting.is_required]
        self.usual = ("name", *(needed or [setting.name for setting in settings]))

    usual: tuple[str, ...]
    """The fields that are always shown; the rest waits behind “More settings”."""

    @property
    def given(self) -> dict[str, str]:
        return {name: value for name, value in self.cleaned_data.items() if value and name != "name"}


def _field(setting: Setting, *, is_stored: bool) -> forms.CharField:
    is_kept = setting.is_secret and is_stored
    return forms.CharField(
        label=setting.label,
        required=setting.is_required and not is_kept,
        help_text="Stored. Leave it empty to keep it." if is_kept else setting.help,
        widget=_widget(setting),
    )


def _widget(setting: Setting) -> forms.Widget:
    if setting.is_secret:
        return forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    if setting.choices:
        empty = [] if setting.is_required else [("", "")]
        return forms.Select(choices=[*empty, *((choice, choice) for choice in setting.choices)])
    return forms.Textarea(attrs={"rows": setting.rows}) if setting.rows > 1 else forms.TextInput()
