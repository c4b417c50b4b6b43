from rest_framework.request import Request
from rest_framework.response import Response

from crm.access import require
from messaging.access import access_channel
from messaging.models import Channel
from messaging.services.channel_checks import check_channel
from messaging.services.channels import pause_channel, resume_channel
from messaging.services.connecting import change_channel, connect_channel
from messaging.transports import offered_kinds
from project.kernel import clock

from .base import WorkspaceView
from .channel_serializers import (
    ChannelDetailSerializer,
    ChannelKindSerializer,
    ChannelSettingsSerializer,
    ConnectedSerializer,
    NewChannelSerializer,
    ReportSerializer,
)
from .schema import documented
from .serializers import ChannelHealthSerializer, PauseSerializer


class ChannelKinds(WorkspaceView):
    @documented("channels", ChannelKindSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The kinds of channel that can be connected, each with its settings."""
        return Response(ChannelKindSerializer(offered_kinds(), many=True).data)


class ChannelList(WorkspaceView):
    @documented("channels", ChannelHealthSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The workspace's senders, and whether they send: paused until somebody resumes them, resting for a while."""
        channels = Channel.objects.order_by("created_at", "id")
        return Response(ChannelHealthSerializer(channels, many=True).data)

    @documented("channels", ConnectedSerializer, takes=NewChannelSerializer, code=201)
    def post(self, request: Request) -> Response:
        """Connect a channel. The provider is asked first: what it refuses is refused here, with its reason.

        A provider that does not answer refuses nothing: the channel is connected, with a warning.
        """
        require(request.user, self.workspace, "configure")
        given = self.checked(NewChannelSerializer(data=request.data))
        connected = connect_channel(
            workspace=self.workspace,
            kind=given["kind"],
            name=given["name"],
            values=given["settings"],
            now=clock.now(),
        )
        return Response(ConnectedSerializer(connected).data, status=201)


class ChannelView(WorkspaceView):
    """Stopping and starting a sender is for those who may change settings."""

    @property
    def needed_action(self) -> str:
        return "configure"

    def channel(self) -> Channel:
        return access_channel(self.request.user, self.workspace, self.kwargs["channel_id"], self.needed_action)

    def shown(self, channel: Channel) -> Response:
        return Response(ChannelHealthSerializer(Channel.objects.get(pk=channel.pk)).data)


class ChannelDetail(ChannelView):
    @documented("channels", ChannelDetailSerializer)
    def get(self, request: Request, channel_id: int) -> Response:
        """One channel with its settings and the addresses of its doors; of its secrets only which are stored."""
        return Response(ChannelDetailSerializer(self.channel()).data)

    @documented("channels", ConnectedSerializer, takes=ChannelSettingsSerializer)
    def patch(self, request: Request, channel_id: int) -> Response:
        """Change the name or some settings; null takes a setting away. The provider is asked about what changed."""
        channel = self.channel()
        given = self.checked(ChannelSettingsSerializer(data=request.data))
        wanted = {**channel.settings, **given.get("settings", {})}
        values = {name: value for name, value in wanted.items() if value is not None}
        connected = change_channel(channel=channel, name=given.get("name", channel.name), values=values)
        return Response(ConnectedSerializer(connected).data)


class Check(ChannelView):
    @documented("channels", ReportSerializer)
    def post(self, request: Request, channel_id: int) -> Response:
        """Ask the provider now, and say what is wrong and how to mend it."""
        return Response(ReportSerializer(check_channel(self.channel(), clock.now())).data)


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
