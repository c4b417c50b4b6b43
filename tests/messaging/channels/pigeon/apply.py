from datetime import datetime

from crm.models.people import IdentityKind
from messaging.models import Channel, WebhookEvent
from messaging.models.webhooks import EventState
from messaging.services.receiving import receive_message

from .webhook import ENCLOSED, read_letter


def apply_event(event: WebhookEvent, *, now: datetime) -> EventState:
    writer, ring, letter = read_letter(bytes(event.body))
    words, _, enclosed = letter.partition(ENCLOSED)
    message = receive_message(
        channel=Channel.objects.select_related("workspace").get(pk=event.source_id),
        identities=[(IdentityKind.EMAIL, f"{writer}@pigeons.test")],
        address=writer,
        provider_id=ring,
        body=words,
        media=[{"content_type": "text/plain", "file_name": "enclosed.txt"}] if enclosed else [],
        at=event.received_at,
        now=now,
        profile_name=writer,
    )
    return EventState.APPLIED if message else EventState.IGNORED
