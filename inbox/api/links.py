from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm.access import require
from messaging.models import LinkPolicy, TrackedLink
from messaging.services.links import change_link_policy, link_policy_of

from .base import WorkspaceView
from .schema import documented


class TrackedLinkSerializer(serializers.ModelSerializer[TrackedLink]):
    """A short link in a message, and whether the customer followed it."""

    clicked_days = serializers.IntegerField(read_only=True, help_text="On how many days.")
    clicked_at = serializers.DateTimeField(read_only=True, allow_null=True, help_text="The last time that counted.")

    class Meta:
        model = TrackedLink
        fields = ["token", "shown", "destination", "expires_at", "clicked_days", "clicked_at"]


class LinkPolicySerializer(serializers.ModelSerializer[LinkPolicy]):
    valid_days = serializers.IntegerField(min_value=1, max_value=730, help_text="How long a link leads somewhere.")

    class Meta:
        model = LinkPolicy
        fields = ["tracks_marketing", "tracks_service", "adds_utm", "valid_days", "untracked_hosts"]


class LinkPolicyView(WorkspaceView):
    @documented("links", LinkPolicySerializer)
    def get(self, request: Request) -> Response:
        """Which messages carry tracked links."""
        return Response(LinkPolicySerializer(link_policy_of(self.workspace.pk)).data)

    @documented("links", LinkPolicySerializer, takes=LinkPolicySerializer(partial=True))
    def patch(self, request: Request) -> Response:
        """Change it for messages that are queued from now on; links that were sent stay what they are."""
        require(request.user, self.workspace, "configure")
        given: dict[str, Any] = self.checked(LinkPolicySerializer(data=request.data, partial=True))
        return Response(LinkPolicySerializer(change_link_policy(workspace=self.workspace, changes=given)).data)
