from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from crm.admin_base import BatonAdmin, ReadOnlyAdmin
from project.kernel import clock

from . import admin_templates  # noqa: F401  registers its tables
from .admin_forms import SECRETS, ChannelForm
from .models import (
    Attachment,
    Attempt,
    Breaker,
    Bucket,
    Channel,
    ChannelTrouble,
    Conversation,
    EventKey,
    Floor,
    LinkClick,
    LinkPolicy,
    Message,
    SenderChange,
    ServiceWindow,
    TrackedLink,
    WebhookEvent,
)
from .services.channels import doors_of
from .services.inbox import replay_event
from .webhook_bodies import readable_body


@admin.register(Channel)
class ChannelAdmin(BatonAdmin):
    form = ChannelForm
    list_display = ["name", "kind", "sender", "workspace", "paused_at", "paused_reason"]
    list_filter = ["kind", ("paused_at", admin.EmptyFieldListFilter), "workspace"]
    list_select_related = ["workspace"]
    search_fields = ["name", "sender", "token"]
    autocomplete_fields = ["workspace"]
    readonly_fields = ["sender", "doors", "stored_secrets", "created_at"]
    fields = [
        "workspace",
        "kind",
        "name",
        "sender",
        "settings",
        "stored_secrets",
        *SECRETS,
        "doors",
        "paused_at",
        "paused_reason",
        "created_at",
    ]

    @admin.display(description="Addresses")
    def doors(self, channel: Channel) -> str:
        return "\n".join(doors_of(channel).values()) if channel.pk else "—"

    @admin.display(description="Secrets that are set")
    def stored_secrets(self, channel: Channel) -> str:
        return ", ".join(sorted(channel.secrets or {})) or "none"


@admin.register(ChannelTrouble)
class ChannelTroubleAdmin(ReadOnlyAdmin):
    list_display = ["last_at", "channel", "code", "meaning", "count", "told_at", "workspace"]
    list_filter = ["code", "workspace"]
    list_select_related = ["channel", "workspace"]
    search_fields = ["code", "meaning"]
    ordering = ["-last_at"]


@admin.register(SenderChange)
class SenderChangeAdmin(ReadOnlyAdmin):
    list_display = ["at", "channel", "sending", "actor", "reason", "workspace"]
    list_filter = ["sending", "workspace"]
    list_select_related = ["channel", "workspace"]
    search_fields = ["actor", "reason"]
    ordering = ["-at"]


@admin.register(Breaker)
class BreakerAdmin(ReadOnlyAdmin):
    list_display = ["channel", "failures", "rests", "rests_until", "probe_until", "workspace"]
    list_filter = ["workspace"]
    list_select_related = ["channel", "workspace"]
    search_fields = ["channel__name"]
    ordering = ["-id"]


@admin.register(Bucket)
class BucketAdmin(ReadOnlyAdmin):
    list_display = ["key", "full_at", "workspace"]
    list_filter = ["workspace"]
    list_select_related = ["workspace"]
    search_fields = ["key"]
    ordering = ["-full_at"]


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    list_display = ["id", "lead", "status", "assignee", "last_voice", "last_message_at", "workspace"]
    list_filter = ["status", "workspace"]
    list_select_related = ["lead", "assignee", "workspace"]
    search_fields = ["lead__name", "lead__identities__value"]
    ordering = ["-last_message_at"]


@admin.register(ServiceWindow)
class ServiceWindowAdmin(ReadOnlyAdmin):
    list_display = ["conversation", "channel", "opened_at", "closes_at", "workspace"]
    list_filter = ["workspace"]
    list_select_related = ["conversation", "channel", "workspace"]
    ordering = ["-id"]


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ["at", "lead", "voice", "status", "verdict_code", "error_code", "body_start", "workspace"]
    list_filter = ["status", "direction", "voice", "purpose", "workspace"]
    list_select_related = ["lead", "workspace"]
    search_fields = ["lead__name", "body", "provider_id"]
    ordering = ["-at"]

    @admin.display(description="Verdict")
    def verdict_code(self, message: Message) -> str:
        return str(message.verdict.get("code", "")) if message.verdict else ""

    @admin.display(description="Body")
    def body_start(self, message: Message) -> str:
        return message.body[:80]


@admin.register(Attachment)
class AttachmentAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "file_name", "content_type", "size", "state", "reason", "due_at", "workspace"]
    list_filter = ["state", "content_type", "workspace"]
    list_select_related = ["workspace"]
    search_fields = ["file_name", "reason"]
    ordering = ["-created_at"]
    exclude = ["file", "thumbnail"]  # read in the thread, by members


@admin.register(LinkPolicy)
class LinkPolicyAdmin(BatonAdmin):
    list_display = ["workspace", "tracks_marketing", "tracks_service", "adds_utm", "valid_days"]
    list_select_related = ["workspace"]
    search_fields = ["workspace__name"]
    autocomplete_fields = ["workspace"]


@admin.register(TrackedLink)
class TrackedLinkAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "shown", "lead", "expires_at", "workspace"]
    list_filter = ["workspace"]
    list_select_related = ["lead", "workspace"]
    search_fields = ["shown", "token"]
    ordering = ["-id"]


@admin.register(LinkClick)
class LinkClickAdmin(ReadOnlyAdmin):
    list_display = ["at", "link", "day", "workspace"]
    list_filter = ["workspace"]
    list_select_related = ["link", "workspace"]
    search_fields = ["link__shown"]
    ordering = ["-id"]


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    list_display = ["started_at", "message", "number", "state", "error_code", "settle_at", "workspace"]
    list_filter = ["state", "error_code", "workspace"]
    list_select_related = ["message", "workspace"]
    search_fields = ["provider_id", "detail"]
    ordering = ["-id"]


@admin.register(Floor)
class FloorAdmin(ReadOnlyAdmin):
    list_display = ["lead", "holder", "user", "epoch", "expires_at", "returns_at", "workspace"]
    list_filter = ["holder", "workspace"]
    list_select_related = ["lead", "user", "workspace"]
    search_fields = ["lead__name"]
    ordering = ["-changed_at"]


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "source", "kind", "state", "attempts_made", "order_key", "error_start"]
    list_filter = ["state", "source", "kind"]
    search_fields = ["key", "order_key", "error"]
    ordering = ["-id"]
    actions = ["replay"]
    readonly_fields = ["readable_body"]

    @admin.display(description="Body")
    def readable_body(self, event: WebhookEvent) -> str:
        return readable_body(bytes(event.body))

    @admin.display(description="Error")
    def error_start(self, event: WebhookEvent) -> str:
        return event.error[:100]

    @admin.action(description="Replay selected events")
    def replay(self, request: HttpRequest, events: QuerySet[WebhookEvent]) -> None:
        """Only parked events are given another round; the message tells how many that were."""
        replayed = sum(replay_event(event, now=clock.now()) for event in events)
        self.message_user(
            request, f"{replayed} parked events are tried again.", messages.SUCCESS if replayed else messages.WARNING
        )


@admin.register(EventKey)
class EventKeyAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "source", "source_id", "key"]
    list_filter = ["source"]
    search_fields = ["key"]
    ordering = ["-id"]
