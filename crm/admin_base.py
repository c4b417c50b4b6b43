"""What the admin pages of every floor share."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminPasswordWidget


class BatonAdmin(ModelAdmin):
    """Counts nothing it need not: the tables grow for years."""

    show_full_result_count = False
    list_per_page = 50


class ReadOnlyAdmin(BatonAdmin):
    """Rows that only the services write: ledgers, leases, due rows. The admin shows them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class WriteOnlyField(forms.CharField):
    """A secret: it can be entered and replaced, and is never shown again. Blank keeps what is stored."""

    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminPasswordWidget(render_value=False, attrs={"autocomplete": "new-password"})
        super().__init__(required=False, strip=False, widget=widget, **kwargs)


class SealedForm(forms.ModelForm):
    """A form over a row with sealed `secrets`, which are no field of it."""

    def entered_secrets(self, names: Iterable[str]) -> dict[str, str]:
        """The stored secrets, with those replaced that were entered."""
        entered = {name: self.cleaned_data[name] for name in names if self.cleaned_data.get(name)}
        return {**(self.instance.secrets or {}), **entered}
