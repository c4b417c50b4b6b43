"""/api/v1/"""

from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView

from .channels import ChannelDetail, ChannelKinds, ChannelList, Check, Pause, Resume
from .conversations import (
    ConversationDetail,
    ConversationList,
    Resolve,
    ReturnToAi,
    TakeOver,
    TrailOfConversation,
)
from .documentation import Documentation
from .handovers import Claim, HandoverDetail, HandoverList
from .leads import LeadDetail, LeadList
from .messages import MessageList
from .undelivered import Dismiss, OverrideDoubt, Replay, UndeliveredList
from .unknown import UnknownAddress
from .workspaces import WorkspaceList

app_name = "api"

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", Documentation.as_view(url_name="api:schema"), name="docs"),
    path("workspaces/", WorkspaceList.as_view(), name="workspaces"),
    path("conversations/", ConversationList.as_view(), name="conversations"),
    path("conversations/<int:conversation_id>/", ConversationDetail.as_view(), name="conversation"),
    path("conversations/<int:conversation_id>/messages/", MessageList.as_view(), name="messages"),
    path("conversations/<int:conversation_id>/take-over/", TakeOver.as_view(), name="take-over"),
    path("conversations/<int:conversation_id>/return-to-ai/", ReturnToAi.as_view(), name="return-to-ai"),
    path("conversations/<int:conversation_id>/resolve/", Resolve.as_view(), name="resolve"),
    path("conversations/<int:conversation_id>/trail/", TrailOfConversation.as_view(), name="trail"),
    path("messages/undelivered/", UndeliveredList.as_view(), name="undelivered"),
    path("messages/<uuid:message_id>/replay/", Replay.as_view(), name="replay"),
    path("messages/<uuid:message_id>/dismiss/", Dismiss.as_view(), name="dismiss"),
    path("messages/<uuid:message_id>/override-doubt/", OverrideDoubt.as_view(), name="override-doubt"),
    path("channels/", ChannelList.as_view(), name="channels"),
    path("channels/kinds/", ChannelKinds.as_view(), name="channel-kinds"),
    path("channels/<int:channel_id>/", ChannelDetail.as_view(), name="channel"),
    path("channels/<int:channel_id>/check/", Check.as_view(), name="check"),
    path("channels/<int:channel_id>/pause/", Pause.as_view(), name="pause"),
    path("channels/<int:channel_id>/resume/", Resume.as_view(), name="resume"),
    path("handovers/", HandoverList.as_view(), name="handovers"),
    path("handovers/<int:handover_id>/", HandoverDetail.as_view(), name="handover"),
    path("handovers/<int:handover_id>/claim/", Claim.as_view(), name="claim"),
    path("leads/", LeadList.as_view(), name="leads"),
    path("leads/<int:lead_id>/", LeadDetail.as_view(), name="lead"),
    re_path("", UnknownAddress.as_view(), name="unknown"),
]
