from .channels import Channel, ChannelTrouble, SenderChange
from .conversations import Conversation, ServiceWindow
from .deliveries import Attempt
from .floor import Floor
from .messages import Message
from .rates import Breaker, Bucket
from .webhooks import EventKey, WebhookEvent

__all__ = [
    "Attempt",
    "Breaker",
    "Bucket",
    "Channel",
    "ChannelTrouble",
    "Conversation",
    "EventKey",
    "Floor",
    "Message",
    "SenderChange",
    "ServiceWindow",
    "WebhookEvent",
]
