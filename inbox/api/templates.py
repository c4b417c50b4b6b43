"""Templates over the API: the registry, writing one, what stands in for what, and the rules of sending."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm.access import access_lead, require
from messaging.access import access_channel, access_template, access_template_use
from messaging.models import Channel, MessageTemplate, SendingPolicy, TemplateUse
from messaging.models.templates import TemplatePurpose, TemplateStatus
from messaging.services.promotion import sending_policy, set_sending_policy
from messaging.services.template_drafts import create_template, sender_of, submit_template
from messaging.services.template_uses import preview_use, remove_use, set_use
from messaging.services.templates import templates_of
from messaging.services.upkeep import list_channel_templates
from messaging.templating import Button, Draft
from project.kernel import clock

from .base import WorkspaceView
from .schema import documented


class TemplateUseSerializer(serializers.ModelSerializer[TemplateUse]):
    class Meta:
        model = TemplateUse
        fields = ["id", "purpose", "values"]


class TemplateSerializer(serializers.ModelSerializer[MessageTemplate]):
    uses = TemplateUseSerializer(many=True, read_only=True, help_text="What it stands in for, outside the window.")

    class Meta:
        model = MessageTemplate
        fields = [
            "id", "channel_kind", "account", "provider_id", "name", "language", "category", "status", "quality",
            "header", "body", "footer", "buttons", "variables", "reason", "unsupported", "paused_until", "told_at",
            "uses",
        ]  # fmt: skip


class TemplateFilter(serializers.Serializer[Any]):
    channel = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1, help_text="A channel's id.")
    status = serializers.ChoiceField(TemplateStatus.choices, required=False)


class ButtonSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(["quick_reply", "url", "phone"])
    text = serializers.CharField(max_length=60)
    value = serializers.CharField(max_length=2000, default="", allow_blank=True)


class NewTemplateSerializer(serializers.Serializer[Any]):
    channel = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="A sender of the account.")
    name = serializers.CharField(max_length=512)
    language = serializers.CharField(max_length=16)
    category = serializers.ChoiceField(["utility", "marketing"])
    body = serializers.CharField(max_length=1600)
    header = serializers.CharField(max_length=60, default="", allow_blank=True)
    footer = serializers.CharField(max_length=60, default="", allow_blank=True)
    buttons = ButtonSerializer(many=True, default=list)
    examples = serializers.DictField(child=serializers.CharField(max_length=1600), default=dict)


class SubmissionSerializer(serializers.Serializer[Any]):
    category = serializers.ChoiceField(["utility", "marketing"], default="utility")


class ListedSerializer(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    new = serializers.IntegerField()
    changed = serializers.IntegerField()
    gone = serializers.IntegerField()
    unreadable = serializers.IntegerField()


class NewUseSerializer(serializers.Serializer[Any]):
    purpose = serializers.ChoiceField(TemplatePurpose.choices)
    values = serializers.DictField(
        child=serializers.CharField(max_length=500), default=dict, help_text='`{"1": "{first_name|there}"}`'
    )


class PreviewFilter(serializers.Serializer[Any]):
    lead = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1, help_text="A lead's id.")


class PreviewSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    variables = serializers.DictField(child=serializers.CharField())
    problem = serializers.CharField(help_text="Why it would not be sent to this lead; empty when it would.")


@extend_schema_field({"type": "string", "pattern": r"^\d{2}:\d{2}(:\d{2}(\.\d+)?)?$"})
class LocalTime(serializers.TimeField):
    """Of the customer's day: what the standards call a time names its zone."""


class SendingPolicySerializer(serializers.ModelSerializer[SendingPolicy]):
    quiet_from = LocalTime(required=False, help_text="The customer's local time.")
    quiet_to = LocalTime(required=False, help_text="Equal to the beginning: no quiet hours.")

    class Meta:
        model = SendingPolicy
        fields = ["quiet_from", "quiet_to", "marketing_cap", "cap_days"]


class SettingsView(WorkspaceView):
    """Reading is for everybody, changing for those who may change settings."""

    @property
    def needed_action(self) -> str:
        return "read" if self.request.method in ("GET", "HEAD", "OPTIONS") else "configure"


class TemplateList(SettingsView):
    @documented("templates", TemplateSerializer(many=True), parameters=[TemplateFilter])
    def get(self, request: Request) -> Response:
        """The templates of the workspace's accounts, by name; as the providers last told of them."""
        wanted = self.checked(TemplateFilter(data=request.query_params))
        rows = MessageTemplate.objects.all()
        if "channel" in wanted:
            rows = templates_of(access_channel(request.user, self.workspace, wanted["channel"], "read"))
        if "status" in wanted:
            rows = rows.filter(status=wanted["status"])
        rows = rows.prefetch_related("uses").order_by("name", "language", "pk")
        return Response(TemplateSerializer(rows, many=True).data)

    @documented("templates", TemplateSerializer, takes=NewTemplateSerializer, code=201)
    def post(self, request: Request) -> Response:
        """Create a template at the provider, and ask for its approval. What its rules forbid is refused before."""
        require(request.user, self.workspace, self.needed_action)
        given = self.checked(NewTemplateSerializer(data=request.data))
        channel = access_channel(request.user, self.workspace, given.pop("channel"))
        buttons = tuple(Button(**button) for button in given.pop("buttons"))
        draft = Draft(buttons=buttons, **given)
        made = create_template(channel=channel, draft=draft, user=request.user, now=clock.now())
        return Response(TemplateSerializer(made).data, status=201)


class TemplateView(SettingsView):
    def template(self) -> MessageTemplate:
        return access_template(self.request.user, self.workspace, self.kwargs["template_id"], self.needed_action)


class TemplateDetail(TemplateView):
    @documented("templates", TemplateSerializer)
    def get(self, request: Request, template_id: int) -> Response:
        """One template."""
        return Response(TemplateSerializer(self.template()).data)


class TemplatePreview(TemplateView):
    @documented("templates", PreviewSerializer, parameters=[PreviewFilter])
    def get(self, request: Request, template_id: int) -> Response:
        """How it reads: with a lead's own words, or with the examples."""
        template = self.template()
        wanted = self.checked(PreviewFilter(data=request.query_params))
        lead = access_lead(request.user, self.workspace, wanted["lead"]) if "lead" in wanted else None
        use = template.uses.order_by("purpose").first()
        shown = preview_use(template=template, values=use.values if use else {}, lead=lead)
        return Response(PreviewSerializer(shown).data)


class SubmitTemplate(TemplateView):
    @documented("templates", TemplateSerializer, takes=SubmissionSerializer)
    def post(self, request: Request, template_id: int) -> Response:
        """Ask for the approval of a draft that is at the provider."""
        template = self.template()
        category = self.checked(SubmissionSerializer(data=request.data))["category"]
        asked: dict[str, Any] = {"template": template, "category": category, "user": request.user}
        submit_template(channel=sender_of(template), now=clock.now(), **asked)
        return Response(TemplateSerializer(template).data)


class TemplateUses(TemplateView):
    @documented("templates", TemplateUseSerializer, takes=NewUseSerializer, code=201)
    def post(self, request: Request, template_id: int) -> Response:
        """Let it stand in for something outside the window; once more changes how its variables are filled."""
        template = self.template()
        given = self.checked(NewUseSerializer(data=request.data))
        return Response(TemplateUseSerializer(set_use(template=template, **given)).data, status=201)


class TemplateUseDetail(SettingsView):
    @documented("templates", None, code=204)
    def delete(self, request: Request, use_id: int) -> Response:
        """It stands in for that no more."""
        remove_use(use=access_template_use(request.user, self.workspace, use_id))
        return Response(status=204)


class ListTemplates(SettingsView):
    @documented("templates", ListedSerializer)
    def post(self, request: Request, channel_id: int) -> Response:
        """Read the provider's list now. It is read every fifteen minutes anyway."""
        channel: Channel = access_channel(request.user, self.workspace, channel_id)
        return Response(ListedSerializer(list_channel_templates(channel, clock.now())).data)


class SendingPolicyDetail(SettingsView):
    @documented("sending", SendingPolicySerializer)
    def get(self, request: Request) -> Response:
        """Quiet hours and the cap, for marketing."""
        return Response(SendingPolicySerializer(sending_policy(self.workspace.pk)).data)

    @documented("sending", SendingPolicySerializer, takes=SendingPolicySerializer(partial=True))
    def patch(self, request: Request) -> Response:
        """Change some of it; a cap of null is no cap."""
        require(request.user, self.workspace, self.needed_action)
        given = self.checked(SendingPolicySerializer(data=request.data, partial=True))
        return Response(SendingPolicySerializer(set_sending_policy(workspace_id=self.workspace.pk, changes=given)).data)
