from django.contrib import admin

from crm.admin_base import BatonAdmin, ReadOnlyAdmin

from .models import (
    AgentMessage,
    AgentState,
    Asking,
    KnowledgeChunk,
    KnowledgeEntry,
    KnowledgeSource,
    StaffAlert,
    ToolCall,
    Turn,
    UnansweredQuestion,
    WorkspaceTool,
)


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


@admin.register(KnowledgeSource)
class KnowledgeSourceAdmin(ReadOnlyAdmin):
    """Added on the settings screen, which checks what is given and shows what was read."""

    list_display = ["title", "kind", "state", "chunk_count", "fetched_at", "error", "workspace"]
    list_filter = ["kind", "state", "workspace"]
    list_select_related = ["workspace"]
    search_fields = ["title", "url"]


@admin.register(KnowledgeChunk)
class KnowledgeChunkAdmin(ReadOnlyAdmin):
    list_display = ["title", "position", "language", "is_active", "workspace"]
    list_filter = ["is_active", "language", "workspace"]
    list_select_related = ["workspace"]
    search_fields = ["title", "text"]


@admin.register(UnansweredQuestion)
class UnansweredQuestionAdmin(ReadOnlyAdmin):
    list_display = ["text", "times_asked", "state", "last_asked_at", "workspace"]
    list_filter = ["state", "language", "workspace"]
    list_select_related = ["workspace"]
    search_fields = ["text"]
    ordering = ["-times_asked", "-id"]


@admin.register(Asking)
class AskingAdmin(ReadOnlyAdmin):
    list_display = ["text", "lead", "at", "workspace"]
    list_filter = ["workspace"]
    list_select_related = ["lead", "workspace"]
    search_fields = ["text", "lead__name"]
    ordering = ["-id"]


@admin.register(WorkspaceTool)
class WorkspaceToolAdmin(ReadOnlyAdmin):
    """Added on the settings screen, which makes the key; the key is never shown again."""

    list_display = ["name", "url", "is_active", "created_at", "workspace"]
    list_filter = ["is_active", "workspace"]
    list_select_related = ["workspace"]
    search_fields = ["name", "description"]
    exclude = ["secrets"]


@admin.register(ToolCall)
class ToolCallAdmin(ReadOnlyAdmin):
    list_display = ["at", "tool", "caller", "state", "lead", "seconds", "workspace"]
    list_filter = ["tool", "state", "workspace"]
    list_select_related = ["lead", "workspace"]
    search_fields = ["tool", "lead__name", "result"]
    ordering = ["-id"]
