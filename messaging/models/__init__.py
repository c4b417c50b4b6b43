from .channels import Channel
from .conversations import Conversation, ServiceWindow
from .deliveries import Attempt
from .floor import Floor
from .messages import Message
from .webhooks import EventKey, WebhookEvent

__all__ = [
    "Attempt",
    "Channel",
    "Conversation",
    "EventKey",
    "Floor",
    "Message",
    "ServiceWindow",
    "WebhookEvent",
]
