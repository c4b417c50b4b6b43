from django.contrib import admin

from crm.admin_base import ReadOnlyAdmin

from .models import AuditRun


@admin.register(AuditRun)
class AuditRunAdmin(ReadOnlyAdmin):
    list_display = ["id", "workspace", "started_at", "seconds", "violations"]
    list_filter = ["workspace"]
    ordering = ["-id"]
