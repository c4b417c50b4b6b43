from django.contrib import admin

from crm.admin_base import ReadOnlyAdmin

from .models import AuditRun, CanaryRun, Heartbeat


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
