"""The tables behind the templates; they are changed on their screens."""

from django.contrib import admin

from crm.admin_base import ReadOnlyAdmin

from .models import MessageTemplate, Reach, SendingPolicy, TemplateChange, TemplateUse


@admin.register(MessageTemplate)
class MessageTemplateAdmin(ReadOnlyAdmin):
    list_display = ["name", "language", "category", "status", "quality", "channel_kind", "account", "workspace"]
    list_filter = ["status", "category", "quality", "channel_kind", "workspace"]
    list_select_related = ["workspace"]
    search_fields = ["name", "body", "provider_id"]
    ordering = ["name", "language"]


@admin.register(TemplateChange)
class TemplateChangeAdmin(ReadOnlyAdmin):
    list_display = ["at", "template", "what", "before", "after", "reason", "workspace"]
    list_filter = ["what", "workspace"]
    list_select_related = ["template", "workspace"]
    search_fields = ["template__name", "reason"]
    ordering = ["-id"]


@admin.register(TemplateUse)
class TemplateUseAdmin(ReadOnlyAdmin):
    list_display = ["purpose", "template", "workspace"]
    list_filter = ["purpose", "workspace"]
    list_select_related = ["template", "workspace"]
    search_fields = ["template__name"]
    ordering = ["purpose"]


@admin.register(Reach)
class ReachAdmin(ReadOnlyAdmin):
    list_display = ["account", "lead", "reached_at", "workspace"]
    list_filter = ["workspace"]
    list_select_related = ["lead", "workspace"]
    search_fields = ["account"]
    ordering = ["-reached_at"]


@admin.register(SendingPolicy)
class SendingPolicyAdmin(ReadOnlyAdmin):
    list_display = ["workspace", "quiet_from", "quiet_to", "marketing_cap", "cap_days"]
    list_filter = ["workspace"]
    list_select_related = ["workspace"]
    search_fields = ["workspace__name"]
    ordering = ["workspace"]
