from django.contrib import admin

from crm.admin_base import BatonAdmin, ReadOnlyAdmin

from .models import (
    AgentMessage,
    AgentState,
    Asking,
    Correction,
    Extraction,
    KnowledgeChunk,
    KnowledgeEntry,
    KnowledgeSource,
    LeadFact,
    LeadScore,
    LeadTag,
    ModelCall,
    ModelDay,
    ModelLimits,
    ModelTrouble,
    StaffAlert,
    ToolCall,
    TrainedLayer,
    Turn,
    TurnQuality,
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


@admin.register(LeadFact)
class LeadFactAdmin(ReadOnlyAdmin):
    list_display = ["at", "lead", "field", "value", "source", "confidence", "superseded_at", "workspace"]
    list_filter = ["field", "source", ("superseded_at", admin.EmptyFieldListFilter), "workspace"]
    list_select_related = ["lead", "workspace"]
    search_fields = ["lead__name", "value"]
    ordering = ["-id"]


@admin.register(LeadScore)
class LeadScoreAdmin(ReadOnlyAdmin):
    list_display = ["lead", "engagement", "intent", "fit", "computed_at", "due_at", "workspace"]
    list_filter = ["workspace"]
    list_select_related = ["lead", "workspace"]
    search_fields = ["lead__name"]
    ordering = ["-computed_at"]


@admin.register(Extraction)
class ExtractionAdmin(ReadOnlyAdmin):
    list_display = ["due_at", "lead", "state", "why", "attempts_made", "error", "workspace"]
    list_filter = ["state", "workspace"]
    list_select_related = ["lead", "workspace"]
    search_fields = ["lead__name", "error"]
    ordering = ["-id"]


@admin.register(TurnQuality)
class TurnQualityAdmin(ReadOnlyAdmin):
    list_display = ["at", "turn", "intent", "step", "coherence", "groundedness", "appropriateness", "workspace"]
    list_filter = ["step", "tier", "intent", "workspace"]
    list_select_related = ["turn", "workspace"]
    search_fields = ["turn__lead__name"]
    ordering = ["-id"]


@admin.register(LeadTag)
class LeadTagAdmin(ReadOnlyAdmin):
    list_display = ["name", "lead", "source", "at", "removed_at", "workspace"]
    list_filter = ["source", "workspace"]
    list_select_related = ["lead", "workspace"]
    search_fields = ["name", "lead__name"]
    ordering = ["-id"]


@admin.register(ModelCall)
class ModelCallAdmin(ReadOnlyAdmin):
    list_display = ["at", "crew", "model", "endpoint", "outcome", "cost", "seconds", "workspace"]
    list_filter = ["outcome", "crew", "model", "workspace"]
    list_select_related = ["workspace"]
    ordering = ["-id"]


@admin.register(ModelDay)
class ModelDayAdmin(ReadOnlyAdmin):
    list_display = ["day", "calls", "tokens", "cost", "workspace"]
    list_filter = ["workspace"]
    list_select_related = ["workspace"]
    ordering = ["-day"]


@admin.register(ModelLimits)
class ModelLimitsAdmin(BatonAdmin):
    list_display = ["workspace", "per_conversation", "per_day", "per_month"]
    list_select_related = ["workspace"]
    autocomplete_fields = ["workspace"]


@admin.register(ModelTrouble)
class ModelTroubleAdmin(ReadOnlyAdmin):
    list_display = ["last_at", "endpoint", "model", "cause", "count", "told_at", "ended_at", "workspace"]
    list_filter = [("ended_at", admin.EmptyFieldListFilter), "cause", "workspace"]
    list_select_related = ["workspace"]
    ordering = ["-id"]


@admin.register(Correction)
class CorrectionAdmin(ReadOnlyAdmin):
    list_display = ["corrected_at", "text", "intent", "was_read_as", "corrected_by", "workspace"]
    list_filter = ["intent", "workspace"]
    list_select_related = ["corrected_by", "workspace"]
    search_fields = ["text"]
    ordering = ["-corrected_at"]


@admin.register(TrainedLayer)
class TrainedLayerAdmin(ReadOnlyAdmin):
    list_display = ["workspace", "trained_at", "corrections", "due_at", "attempts_made"]
    list_select_related = ["workspace"]
    exclude = ["weights"]
    ordering = ["workspace"]


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
