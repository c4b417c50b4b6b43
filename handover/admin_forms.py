"""Connecting Calendly in the admin, by the same checks as everywhere else."""

from typing import Any

from django.core.exceptions import ValidationError

from crm.admin_base import SealedForm, WriteOnlyField
from project.kernel.errors import WrongValues

from .models import CalendlyConnection
from .services.connections import checked_settings

SECRETS = ("token", "signing_key")


class CalendlyForm(SealedForm):
    token = WriteOnlyField(help_text="Blank keeps the stored one.")
    signing_key = WriteOnlyField(help_text="Blank keeps the stored one.")

    class Meta:
        model = CalendlyConnection
        fields = ["workspace", "event_type", "api_base"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        secrets = self.entered_secrets(SECRETS)
        addresses = {name: cleaned[name] for name in ("event_type", "api_base")}
        try:
            checked_settings({**addresses, **secrets})
        except WrongValues as error:
            raise ValidationError(error.problems) from error
        self.instance.secrets = secrets
        return cleaned
