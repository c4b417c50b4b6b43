"""Connecting and changing a channel in the admin, by the same checks as everywhere else."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminSelectWidget

from crm.admin_base import SealedForm, WriteOnlyField
from project.kernel.errors import problems_of

from .models import Channel
from .transports import InvalidSettings, offered_kinds, settings_of, validate_settings

SECRETS = {
    setting.name: f"{setting.help} Blank keeps the stored one."
    for kind in offered_kinds()
    for setting in settings_of(kind)
    if setting.is_secret
}
"""The secret settings of all channel kinds."""

SecretFields = type("SecretFields", (SealedForm,), {name: WriteOnlyField(help_text=SECRETS[name]) for name in SECRETS})


class ChannelForm(SecretFields):
    kind = forms.ChoiceField(choices=[(kind, kind) for kind in offered_kinds()], widget=UnfoldAdminSelectWidget())

    class Meta:
        model = Channel
        fields = ["workspace", "kind", "name", "settings", "paused_at", "paused_reason"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        given = {**(cleaned["settings"] or {}), **self.entered_secrets(SECRETS)}
        try:
            self.instance.settings, self.instance.secrets = validate_settings(cleaned["kind"], given)
        except InvalidSettings as error:
            raise ValidationError([f"{name}: {why}" for name, why in (problems_of(error) or {}).items()]) from error
        cleaned["settings"] = self.instance.settings
        self.instance.sender = self.instance.settings.get("sender", "")
        return cleaned
