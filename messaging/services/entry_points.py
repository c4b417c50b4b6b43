"""Free entry points: a customer who came from an advertisement costs nothing for three days after our answer.

Meta counts from the answer, if it comes within a day of the click. It opens no window: what may be said is decided by
when the customer last wrote.
"""

from datetime import datetime, timedelta

from messaging.models import Message, ServiceWindow

from .facts import Circumstances

ANSWER_WITHIN = timedelta(hours=24)
FREE_FOR = timedelta(hours=72)


def begins_free_days(around: Circumstances, now: datetime) -> bool:
    """Whether a message that leaves now is the answer that they are counted from."""
    clicked, free_until = around.ad_clicked_at, around.free_until
    if clicked is None or now > clicked + ANSWER_WITHIN:
        return False
    return free_until is None or free_until <= clicked


def open_free_days(*, message_id: str, now: datetime) -> None:
    """The provider has the answer. What Meta itself says of the end, in a status, is later and stands."""
    message = Message.objects.only("conversation_id", "channel_id").get(pk=message_id)
    windows = ServiceWindow.objects.filter(conversation=message.conversation_id, channel=message.channel_id)
    windows.exclude(free_until__gt=now).update(free_until=now + FREE_FOR)
