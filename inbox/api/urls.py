"""/api/v1/"""

from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView

from . import people
from .attachments import AttachmentContent, AttachmentDetail, AttachmentList
from .channels import ChannelDetail, ChannelKinds, ChannelList, Check, Pause, Resume
from .conversations import (
    ConversationDetail,
    ConversationList,
    Resolve,
    ReturnToAi,
    TakeOver,
    TrailOfConversation,
)
from .corrections import Correct, CorrectionList
from .documentation import Documentation
from .facts import LeadFacts, LeadTagDetail, LeadTags
from .handovers import Claim, HandoverDetail, HandoverList
from .knowledge import (
    AnswerOnce,
    DismissQuestion,
    EntryDetail,
    EntryList,
    KnowledgeSearch,
    ReadAgain,
    SourceDetail,
    SourceList,
    ToolDetail,
    ToolList,
    UnansweredList,
)
from .leads import LeadDetail, LeadList
from .links import LinkPolicyView
from .messages import MessageList
from .products import ImportProducts, ProductList, ProductStock, StockAlertList
from .quality import JudgeHandover, Quality
from .reasoning import ModelCosts, ModelLimitsView
from .templates import (
    ListTemplates,
    SendingPolicyDetail,
    SubmitTemplate,
    TemplateDetail,
    TemplateList,
    TemplatePreview,
    TemplateUseDetail,
    TemplateUses,
)
from .undelivered import Dismiss, OverrideDoubt, Replay, UndeliveredList
from .unknown import UnknownAddress
from .webhooks import (
    DisableWebhook,
    EnableWebhook,
    ReplayDelivery,
    ReplayWebhook,
    TestWebhook,
    WebhookDeliveries,
    WebhookDetail,
    WebhookList,
)
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
    path("messages/<uuid:message_id>/correct/", Correct.as_view(), name="correct"),
    path("corrections/", CorrectionList.as_view(), name="corrections"),
    path("messages/<uuid:message_id>/override-doubt/", OverrideDoubt.as_view(), name="override-doubt"),
    path("attachments/", AttachmentList.as_view(), name="attachments"),
    path("attachments/<uuid:attachment_id>/", AttachmentDetail.as_view(), name="attachment"),
    path("attachments/<uuid:attachment_id>/content/", AttachmentContent.as_view(), name="attachment-content"),
    path("channels/", ChannelList.as_view(), name="channels"),
    path("channels/kinds/", ChannelKinds.as_view(), name="channel-kinds"),
    path("channels/<int:channel_id>/", ChannelDetail.as_view(), name="channel"),
    path("channels/<int:channel_id>/check/", Check.as_view(), name="check"),
    path("channels/<int:channel_id>/pause/", Pause.as_view(), name="pause"),
    path("channels/<int:channel_id>/resume/", Resume.as_view(), name="resume"),
    path("channels/<int:channel_id>/templates/list/", ListTemplates.as_view(), name="list-templates"),
    path("templates/", TemplateList.as_view(), name="templates"),
    path("templates/<int:template_id>/", TemplateDetail.as_view(), name="template"),
    path("templates/<int:template_id>/preview/", TemplatePreview.as_view(), name="template-preview"),
    path("templates/<int:template_id>/submit/", SubmitTemplate.as_view(), name="submit-template"),
    path("templates/<int:template_id>/uses/", TemplateUses.as_view(), name="template-uses"),
    path("template-uses/<int:use_id>/", TemplateUseDetail.as_view(), name="template-use"),
    path("sending-policy/", SendingPolicyDetail.as_view(), name="sending-policy"),
    path("handovers/", HandoverList.as_view(), name="handovers"),
    path("handovers/<int:handover_id>/", HandoverDetail.as_view(), name="handover"),
    path("handovers/<int:handover_id>/claim/", Claim.as_view(), name="claim"),
    path("link-policy/", LinkPolicyView.as_view(), name="link-policy"),
    path("handovers/<int:handover_id>/verdict/", JudgeHandover.as_view(), name="verdict"),
    path("quality/", Quality.as_view(), name="quality"),
    path("leads/", LeadList.as_view(), name="leads"),
    path("leads/<int:lead_id>/", LeadDetail.as_view(), name="lead"),
    path("leads/<int:lead_id>/identities/", people.IdentityList.as_view(), name="identities"),
    path("leads/<int:lead_id>/identities/<int:identity_id>/", people.IdentityDetail.as_view(), name="identity"),
    path("leads/<int:lead_id>/consents/", people.ConsentList.as_view(), name="consents"),
    path("leads/<int:lead_id>/opt-in-request/", people.OptInRequest.as_view(), name="opt-in-request"),
    path("leads/<int:lead_id>/preferred-channel/", people.PreferredChannel.as_view(), name="preferred-channel"),
    path("leads/<int:lead_id>/merges/", people.MergeList.as_view(), name="merges"),
    path("merges/<int:merge_id>/undo/", people.UndoMerge.as_view(), name="undo-merge"),
    path("merge-proposals/", people.ProposalList.as_view(), name="merge-proposals"),
    path("merge-proposals/<int:proposal_id>/decline/", people.DeclineProposal.as_view(), name="decline-proposal"),
    path("consents/export/", people.ConsentExport.as_view(), name="consent-export"),
    path("suppressions/", people.SuppressionList.as_view(), name="suppressions"),
    path("suppressions/export/", people.SuppressionExport.as_view(), name="suppression-export"),
    path("webhooks/", WebhookList.as_view(), name="webhooks"),
    path("webhooks/<int:subscription_id>/", WebhookDetail.as_view(), name="webhook"),
    path("webhooks/<int:subscription_id>/enable/", EnableWebhook.as_view(), name="enable-webhook"),
    path("webhooks/<int:subscription_id>/disable/", DisableWebhook.as_view(), name="disable-webhook"),
    path("webhooks/<int:subscription_id>/test/", TestWebhook.as_view(), name="test-webhook"),
    path("webhooks/<int:subscription_id>/deliveries/", WebhookDeliveries.as_view(), name="webhook-deliveries"),
    path("webhooks/<int:subscription_id>/replay/", ReplayWebhook.as_view(), name="replay-webhook"),
    path("webhooks/deliveries/<uuid:delivery_id>/replay/", ReplayDelivery.as_view(), name="replay-delivery"),
    path("leads/<int:lead_id>/facts/", LeadFacts.as_view(), name="facts"),
    path("leads/<int:lead_id>/tags/", LeadTags.as_view(), name="tags"),
    path("leads/<int:lead_id>/tags/<str:name>/", LeadTagDetail.as_view(), name="tag"),
    path("reasoning/costs/", ModelCosts.as_view(), name="model-costs"),
    path("reasoning/limits/", ModelLimitsView.as_view(), name="model-limits"),
    path("knowledge/search/", KnowledgeSearch.as_view(), name="knowledge-search"),
    path("knowledge/sources/", SourceList.as_view(), name="knowledge-sources"),
    path("knowledge/sources/<int:source_id>/", SourceDetail.as_view(), name="knowledge-source"),
    path("knowledge/sources/<int:source_id>/read/", ReadAgain.as_view(), name="knowledge-read"),
    path("knowledge/entries/", EntryList.as_view(), name="knowledge-entries"),
    path("knowledge/entries/<int:entry_id>/", EntryDetail.as_view(), name="knowledge-entry"),
    path("knowledge/unanswered/", UnansweredList.as_view(), name="unanswered"),
    path("knowledge/unanswered/<int:question_id>/answer/", AnswerOnce.as_view(), name="answer"),
    path("knowledge/unanswered/<int:question_id>/dismiss/", DismissQuestion.as_view(), name="dismiss-question"),
    path("products/", ProductList.as_view(), name="products"),
    path("products/import/", ImportProducts.as_view(), name="import-products"),
    path("products/<int:product_id>/", ProductStock.as_view(), name="product"),
    path("stock-alerts/", StockAlertList.as_view(), name="stock-alerts"),
    path("tools/", ToolList.as_view(), name="tools"),
    path("tools/<int:tool_id>/", ToolDetail.as_view(), name="tool"),
    re_path("", UnknownAddress.as_view(), name="unknown"),
]
