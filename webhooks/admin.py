from django.contrib import admin

from crm.admin_base import ReadOnlyAdmin

from .models import Delivery, DeliveryTry, Subscription


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    """Made and changed under Settings, Webhooks: the secret is told there, once."""

    list_display = ["created_at", "name", "url", "is_active", "failing_since", "disabled_reason", "workspace"]
    list_filter = ["is_active", "workspace"]
    list_select_related = ["workspace"]
    search_fields = ["name", "url"]
    ordering = ["-id"]
    exclude = ["secrets"]


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ["at", "fact", "subscription", "state", "attempts_made", "status_code", "error", "workspace"]
    list_filter = ["state", "fact", "workspace"]
    list_select_related = ["subscription", "workspace"]
    search_fields = ["key", "error"]
    ordering = ["-id"]


@admin.register(DeliveryTry)
class DeliveryTryAdmin(ReadOnlyAdmin):
    list_display = ["at", "delivery", "number", "status_code", "seconds", "error", "workspace"]
    list_filter = ["status_code", "workspace"]
    list_select_related = ["delivery", "workspace"]
    search_fields = ["error"]
    ordering = ["-id"]
