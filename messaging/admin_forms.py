"""Connecting and changing a channel in the admin, by the same checks as everywhere else."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminSelectWidget

from crm.admin_base import SealedForm, WriteOnlyField
from project.kernel.errors import problems_of

from .models import Channel
from .transports import InvalidSettings, offered_kinds, validate_settings

SECRETS = ("auth_token", "auth_token_secondary", "shared_keys")
"""The secret settings of all channel kinds."""


class ChannelForm(SealedForm):
    kind = forms.ChoiceField(choices=[(kind, kind) for kind in offered_kinds()], widget=UnfoldAdminSelectWidget())
    auth_token = WriteOnlyField(help_text="Blank keeps the stored one.")
    auth_token_secondary = WriteOnlyField()
    shared_keys = WriteOnlyField(help_text="keyid=secret pairs, when Twilio signs with shared keys.")

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
