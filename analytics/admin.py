from django.contrib import admin

from crm.admin_base import ReadOnlyAdmin

from .models import AuditRun, CanaryRun, HandoverVerdict, Heartbeat


@admin.register(AuditRun)
class AuditRunAdmin(ReadOnlyAdmin):
    list_display = ["id", "workspace", "started_at", "seconds", "violations"]
    list_filter = ["workspace"]
    ordering = ["-id"]


@admin.register(CanaryRun)
class CanaryRunAdmin(ReadOnlyAdmin):
    list_display = ["begun_at", "delivered_at", "stuck_at", "problem"]
    list_filter = ["stuck_at"]
    ordering = ["-begun_at"]


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    list_display = ["name", "at"]


@admin.register(HandoverVerdict)
class HandoverVerdictAdmin(ReadOnlyAdmin):
    list_display = ["at", "handover", "was_needed", "user", "workspace"]
    list_filter = ["was_needed", "workspace"]
    list_select_related = ["handover", "user", "workspace"]
    ordering = ["-at"]
