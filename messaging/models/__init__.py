from .channels import Channel, ChannelTrouble, SenderChange
from .conversations import Conversation, ServiceWindow
from .deliveries import Attempt
from .floor import Floor
from .links import LinkClick, LinkPolicy, TrackedLink
from .media import Attachment
from .messages import Message
from .rates import Breaker, Bucket
from .templates import MessageTemplate, Reach, SendingPolicy, TemplateChange, TemplateUse
from .webhooks import EventKey, WebhookEvent

__all__ = [
    "Attachment",
    "Attempt",
    "Breaker",
    "Bucket",
    "Channel",
    "ChannelTrouble",
    "Conversation",
    "EventKey",
    "Floor",
    "LinkClick",
    "LinkPolicy",
    "Message",
    "MessageTemplate",
    "Reach",
    "SenderChange",
    "SendingPolicy",
    "ServiceWindow",
    "TemplateChange",
    "TemplateUse",
    "TrackedLink",
    "WebhookEvent",
]
