"""What the API shows of each row, and which values it takes."""

from typing import Any

from rest_framework import serializers

from crm.models import Identity, Lead, TrailEntry, User, Workspace
from crm.models.workspaces import validate_timezone
from handover.models import Handover, LadderStep
from inbox.queries.fates import may_be_there, meaning_of
from messaging.models import Channel, Conversation, Floor, Message

from .attachments import AttachmentSerializer
from .links import TrackedLinkSerializer

MAX_BODY = 4096


class WorkspaceSerializer(serializers.ModelSerializer[Workspace]):
    role = serializers.SerializerMethodField(help_text="Your role in this workspace.")

    class Meta:
        model = Workspace
        fields = ["id", "slug", "name", "timezone", "role"]

    def get_role(self, workspace: Workspace) -> str:
        return str(self.context["roles"][workspace.pk])


class PersonSerializer(serializers.ModelSerializer[User]):
    """A colleague."""

    class Meta:
        model = User
        fields = ["id", "name", "email"]


class IdentitySerializer(serializers.ModelSerializer[Identity]):
    class Meta:
        model = Identity
        fields = ["kind", "value"]


class LeadSummarySerializer(serializers.ModelSerializer[Lead]):
    class Meta:
        model = Lead
        fields = ["id", "name", "company", "is_vip"]


class LeadSerializer(serializers.ModelSerializer[Lead]):
    identities = IdentitySerializer(many=True, read_only=True)
    conversation = serializers.IntegerField(
        source="conversation_id", read_only=True, allow_null=True, help_text="Id of the lead's conversation."
    )
    preferred_channel = serializers.IntegerField(
        source="preferred_channel_id", read_only=True, allow_null=True, help_text="Where the lead wants to be answered."
    )

    class Meta:
        model = Lead
        fields = [
            "id",
            "name",
            "company",
            "email",
            "language",
            "timezone",
            "is_vip",
            "identities",
            "conversation",
            "preferred_channel",
            "created_at",
        ]
        read_only_fields = ["created_at"]


class LeadChangesSerializer(serializers.ModelSerializer[Lead]):
    timezone = serializers.CharField(max_length=64, allow_blank=True, required=False, validators=[validate_timezone])

    class Meta:
        model = Lead
        fields = ["name", "company", "email", "language", "timezone", "is_vip"]

    def to_internal_value(self, data: Any) -> Any:
        """A misspelt or read-only name is refused rather than silently left out."""
        if isinstance(data, dict) and (unknown := set(data) - set(self.fields)):
            raise serializers.ValidationError({name: ["This field cannot be changed."] for name in unknown})
        return super().to_internal_value(data)


class ChannelSerializer(serializers.ModelSerializer[Channel]):
    class Meta:
        model = Channel
        fields = ["id", "kind", "name"]


class ChannelHealthSerializer(serializers.ModelSerializer[Channel]):
    """A sender, and whether it sends."""

    class Meta:
        model = Channel
        fields = [
            "id",
            "kind",
            "name",
            "sender",
            "paused_at",
            "paused_reason",
            "resumes_at",
            "rests_until",
            "rest_reason",
            "swept_at",
            "standing",
            "reach_limit",
            "templates_listed_at",
            "templates_error",
        ]


class PauseSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=255, help_text="Shown to everybody who asks why nothing leaves.")


class FloorSerializer(serializers.ModelSerializer[Floor]):
    """Who may speak to the lead now. An empty holder: nobody has asked."""

    user = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Floor
        fields = ["holder", "user", "epoch", "expires_at", "returns_at"]


class ConversationSerializer(serializers.ModelSerializer[Conversation]):
    lead = LeadSummarySerializer(read_only=True)
    channel = ChannelSerializer(read_only=True)
    assignee = PersonSerializer(read_only=True, allow_null=True)
    floor = FloorSerializer(source="lead.floor", read_only=True, allow_null=True, default=None)
    open_handover = serializers.IntegerField(
        source="open_handover_id", read_only=True, allow_null=True, help_text="Id of the handover that is open."
    )
    window_closes_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="Until when free text may be sent on this channel."
    )

    class Meta:
        model = Conversation
        fields = [
            "id",
            "status",
            "lead",
            "channel",
            "assignee",
            "floor",
            "open_handover",
            "window_closes_at",
            "seq",
            "unread",
            "last_voice",
            "last_preview",
            "last_message_at",
            "last_inbound_at",
            "created_at",
            "resolved_at",
        ]


class VerdictSerializer(serializers.Serializer[Any]):
    """The gate's latest answer: why the message went, waits, or was never sent."""

    outcome = serializers.ChoiceField(["allow", "defer", "suppress"])
    code = serializers.CharField(help_text="The rule that decided, such as `window_closed`.")
    reason = serializers.CharField(help_text="The same as a sentence.")
    facts = serializers.DictField(help_text="What the rule saw.")
    until = serializers.DateTimeField(allow_null=True, help_text="When a deferred message is looked at again.")


class MessageSerializer(serializers.ModelSerializer[Message]):
    author = PersonSerializer(read_only=True, allow_null=True)
    attachments = AttachmentSerializer(many=True, read_only=True)
    links = TrackedLinkSerializer(many=True, read_only=True)
    verdict = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = [
            "id",
            "conversation",
            "channel",
            "direction",
            "voice",
            "purpose",
            "author",
            "body",
            "media",
            "attachments",
            "links",
            "payload",
            "status",
            "verdict",
            "error_code",
            "answers",
            "position",
            "seq",
            "at",
            "sent_at",
            "delivered_at",
            "read_at",
        ]

    def get_verdict(self, message: Message) -> VerdictSerializer(allow_null=True):  # type: ignore[valid-type]
        return message.verdict or None


class UndeliveredSerializer(MessageSerializer):
    """A message that ended without arriving, with why and whether the customer may have it all the same."""

    lead = LeadSummarySerializer(read_only=True)
    reason = serializers.SerializerMethodField(help_text="What the error code says; empty where there is none.")
    may_have_arrived = serializers.SerializerMethodField(help_text="Sent again, the customer may get it twice.")

    class Meta(MessageSerializer.Meta):
        fields = [*MessageSerializer.Meta.fields, "lead", "attempts_made", "reason", "may_have_arrived"]

    def get_reason(self, message: Message) -> str:
        return meaning_of(message.channel.kind, message.error_code)

    def get_may_have_arrived(self, message: Message) -> bool:
        return may_be_there(message)


class ReplaySerializer(serializers.Serializer[Any]):
    despite_doubt = serializers.BooleanField(
        default=False, help_text="Send it although the customer may have it already and would get it twice."
    )


class NewMessageSerializer(serializers.Serializer[Any]):
    body = serializers.CharField(
        max_length=MAX_BODY,
        trim_whitespace=False,
        required=False,
        allow_blank=True,
        help_text="May be blank beside a file.",
    )
    attachments = serializers.ListField(
        child=serializers.UUIDField(), max_length=10, default=list, help_text="Ids of uploaded files."
    )
    template = serializers.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, help_text="A template's id, in place of a body."
    )
    variables = serializers.DictField(
        child=serializers.CharField(max_length=1600), default=dict, help_text="The template's variables, by key."
    )

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if "template" in given and (given.get("body") or given["attachments"]):
            raise serializers.ValidationError(
                {"template": ["Give either a body, with or without files, or a template."]}
            )
        if "template" not in given and not given.get("body", "").strip() and not given["attachments"]:
            raise serializers.ValidationError({"body": ["This field may not be blank."]})
        return given


class StepSerializer(serializers.ModelSerializer[LadderStep]):
    class Meta:
        model = LadderStep
        fields = ["rung", "due_at", "state", "done_at", "verdict", "message"]


class HandoverSerializer(serializers.ModelSerializer[Handover]):
    lead = LeadSummarySerializer(read_only=True)
    claimed_by = PersonSerializer(read_only=True, allow_null=True)
    steps = serializers.SerializerMethodField(help_text="The rungs of the ladder, in order of time.")

    class Meta:
        model = Handover
        fields = [
            "id",
            "conversation",
            "lead",
            "state",
            "trigger",
            "reason",
            "request",
            "urgency",
            "after_hours",
            "requested_at",
            "claimed_by",
            "claimed_at",
            "answered_at",
            "ladder_ended_at",
            "ended_at",
            "ended_reason",
            "steps",
        ]

    def get_steps(self, handover: Handover) -> StepSerializer(many=True):  # type: ignore[valid-type]
        steps = sorted(handover.steps.all(), key=lambda step: step.due_at)
        return StepSerializer(steps, many=True).data


class TrailEntrySerializer(serializers.ModelSerializer[TrailEntry]):
    class Meta:
        model = TrailEntry
        fields = ["id", "at", "actor", "kind", "reason", "facts"]
