from django.contrib import admin

from crm.admin_base import BatonAdmin, ReadOnlyAdmin

from .models import AgentMessage, AgentState, KnowledgeEntry, StaffAlert, Turn


@admin.register(Turn)
class TurnAdmin(ReadOnlyAdmin):
    list_display = ["opened_at", "lead", "state", "decision", "attempts_made", "reason", "workspace"]
    list_filter = ["state", "decision", "workspace"]
    list_select_related = ["lead", "workspace"]
    search_fields = ["lead__name", "reason"]
    ordering = ["-id"]


@admin.register(AgentState)
class AgentStateAdmin(ReadOnlyAdmin):
    list_display = ["lead", "agent", "state", "changed_at", "workspace"]
    list_filter = ["agent", "state", "workspace"]
    list_select_related = ["lead", "workspace"]
    search_fields = ["lead__name"]
    ordering = ["-changed_at"]


@admin.register(AgentMessage)
class AgentMessageAdmin(ReadOnlyAdmin):
    list_display = ["at", "lead", "kind", "sender", "recipient", "reason", "workspace"]
    list_filter = ["kind", "sender", "workspace"]
    list_select_related = ["lead", "workspace"]
    search_fields = ["lead__name", "reason"]
    ordering = ["-id"]


@admin.register(StaffAlert)
class StaffAlertAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "user", "subject", "sent_at", "attempts_made", "error", "workspace"]
    list_filter = [("sent_at", admin.EmptyFieldListFilter), "workspace"]
    list_select_related = ["user", "workspace"]
    search_fields = ["user__email", "subject"]
    ordering = ["-id"]


@admin.register(KnowledgeEntry)
class KnowledgeEntryAdmin(BatonAdmin):
    list_display = ["question", "language", "is_active", "updated_at", "workspace"]
    list_filter = ["is_active", "language", "workspace"]
    list_select_related = ["workspace"]
    search_fields = ["question", "answer"]
    readonly_fields = ["updated_at"]
    autocomplete_fields = ["workspace"]
