from rest_framework.request import Request
from rest_framework.response import Response

from messaging.access import access_channel
from messaging.models import Channel
from messaging.services.channels import pause_channel, resume_channel
from project.kernel import clock

from .base import WorkspaceView
from .schema import documented
from .serializers import ChannelHealthSerializer, PauseSerializer


class ChannelList(WorkspaceView):
    @documented("channels", ChannelHealthSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The workspace's senders, and whether they send: paused until somebody resumes them, resting for a while."""
        channels = Channel.objects.order_by("created_at", "id")
        return Response(ChannelHealthSerializer(channels, many=True).data)


class ChannelView(WorkspaceView):
    """Stopping and starting a sender is for those who may change settings."""

    @property
    def needed_action(self) -> str:
        return "configure"

    def channel(self) -> Channel:
        return access_channel(self.request.user, self.workspace, self.kwargs["channel_id"], self.needed_action)

    def shown(self, channel: Channel) -> Response:
        return Response(ChannelHealthSerializer(Channel.objects.get(pk=channel.pk)).data)


class Pause(ChannelView):
    @documented("channels", ChannelHealthSerializer, takes=PauseSerializer)
    def post(self, request: Request, channel_id: int) -> Response:
        """Stop the sender. What is queued waits. A sender that is paused already keeps its first reason."""
        channel = self.channel()
        reason = self.checked(PauseSerializer(data=request.data))["reason"]
        pause_channel(channel=channel, user=request.user, reason=reason, now=clock.now())
        return self.shown(channel)


class Resume(ChannelView):
    @documented("channels", ChannelHealthSerializer)
    def post(self, request: Request, channel_id: int) -> Response:
        """Let the sender send again; what waited leaves by itself."""
        channel = self.channel()
        resume_channel(channel=channel, user=request.user, now=clock.now())
        return self.shown(channel)
