from django.contrib import admin
from unfold.admin import TabularInline

from crm.admin_base import BatonAdmin, ReadOnlyAdmin

from .admin_forms import CalendlyForm
from .models import (
    Booking,
    CalendlyConnection,
    Handover,
    HandoverPolicy,
    Holiday,
    LadderStep,
    OpeningHours,
)
from .services.connections import webhook_url_of


class LadderStepInline(TabularInline):
    model = LadderStep
    extra = 0
    can_delete = False
    ordering = ["due_at"]
    fields = readonly_fields = ["rung", "due_at", "state", "done_at", "attempts_made", "verdict"]

    def has_add_permission(self, *args: object) -> bool:
        return False


@admin.register(Handover)
class HandoverAdmin(ReadOnlyAdmin):
    list_display = ["requested_at", "lead", "state", "trigger", "urgency", "claimed_by", "ended_at", "workspace"]
    list_filter = ["state", "trigger", "urgency", "after_hours", "workspace"]
    list_select_related = ["lead", "claimed_by", "workspace"]
    search_fields = ["lead__name", "request", "reason"]
    ordering = ["-requested_at"]
    inlines = [LadderStepInline]


@admin.register(LadderStep)
class LadderStepAdmin(ReadOnlyAdmin):
    list_display = ["due_at", "handover", "rung", "state", "attempts_made", "verdict", "workspace"]
    list_filter = ["state", "rung", "workspace"]
    list_select_related = ["handover", "workspace"]
    search_fields = ["verdict"]
    ordering = ["-due_at"]


@admin.register(Booking)
class BookingAdmin(ReadOnlyAdmin):
    list_display = ["offered_at", "lead", "state", "starts_at", "invitee_email", "workspace"]
    list_filter = ["state", "workspace"]
    list_select_related = ["lead", "workspace"]
    search_fields = ["lead__name", "invitee_email", "invitee_uri"]
    ordering = ["-offered_at"]
    exclude = ["token"]


@admin.register(HandoverPolicy)
class HandoverPolicyAdmin(BatonAdmin):
    list_display = ["workspace", "__str__", "urgent_factor", "vip_factor"]
    list_select_related = ["workspace"]
    search_fields = ["workspace__name"]
    autocomplete_fields = ["workspace"]


@admin.register(OpeningHours)
class OpeningHoursAdmin(BatonAdmin):
    list_display = ["workspace", "weekday", "opens", "closes"]
    list_filter = ["workspace", "weekday"]
    list_select_related = ["workspace"]
    autocomplete_fields = ["workspace"]


@admin.register(Holiday)
class HolidayAdmin(BatonAdmin):
    list_display = ["date", "name", "workspace"]
    list_filter = ["workspace"]
    list_select_related = ["workspace"]
    search_fields = ["name"]
    autocomplete_fields = ["workspace"]


@admin.register(CalendlyConnection)
class CalendlyConnectionAdmin(BatonAdmin):
    form = CalendlyForm
    list_display = ["workspace", "event_type", "created_at"]
    list_select_related = ["workspace"]
    search_fields = ["workspace__name"]
    autocomplete_fields = ["workspace"]
    readonly_fields = ["webhook_url", "created_at"]
    fields = ["workspace", "event_type", "api_base", "token", "signing_key", "webhook_url", "created_at"]

    @admin.display(description="Address for Calendly's webhooks")
    def webhook_url(self, connection: CalendlyConnection) -> str:
        return webhook_url_of(connection) if connection.pk else "—"
