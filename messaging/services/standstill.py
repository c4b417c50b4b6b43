"""Two conversations are joined, or parted, only while nothing is under way in them: there are never two voices."""

from datetime import datetime

from django.db import connection

from messaging.floor import LOCK_DELAY
from messaging.gate import Outcome, Verdict
from messaging.merging import Pair
from messaging.models import Attempt, Conversation, Floor, Message
from messaging.models.deliveries import AttemptState
from messaging.models.messages import Direction, MessageStatus, Voice

from .facts import gather_facts
from .outbound import withhold

IN_FLIGHT = (AttemptState.CALLING, AttemptState.UNKNOWN)
AGAIN = "Try again in a moment."


def obstacle_of(pair: Pair) -> str:
    """What is under way; empty when everything stands still. A person may hold the floor of the one who is kept."""
    lead_ids = [pair.kept.pk, pair.gone.pk]
    if Attempt.objects.filter(lead__in=lead_ids, state__in=IN_FLIGHT).exists():
        return f"A message to one of them is on its way, or nobody knows yet whether it arrived. {AGAIN}"
    for floor in _held_floors(lead_ids):
        if floor.holder != "human":
            return f"An agent is speaking with one of them. {AGAIN}"
        if floor.lead_id == pair.gone.pk:
            return f"{floor.user or 'A person'} holds the conversation with {pair.gone}. Return it to the AI first."
    queued = Message.objects.filter(lead=pair.gone, status=MessageStatus.QUEUED, voice=Voice.HUMAN)
    if word := queued.select_related("author").first():
        return f"Words of {word.author or 'a colleague'} to {pair.gone} still wait to be sent. {AGAIN}"
    return ""


def _held_floors(lead_ids: list[int]) -> list[Floor]:
    """Whoever holds one, or held one until a moment ago and may not know yet that the lease is over."""
    held = Floor.objects.filter(lead__in=lead_ids).exclude(holder="").select_related("user")
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp() - %s::interval", [LOCK_DELAY])
        (since,) = cursor.fetchone()
    return [floor for floor in held if floor.expires_at is None or floor.expires_at > since]


def withhold_waiting_words(conversation: Conversation, now: datetime) -> None:
    """What agents have queued there was meant for another conversation than the one that goes on."""
    queued = Message.objects.filter(conversation=conversation, status=MessageStatus.QUEUED, direction=Direction.OUT)
    for message in queued.select_related("channel", "answers", "lead"):
        verdict = Verdict(Outcome.SUPPRESS, "merged", "The conversation became part of another before it left.")
        withhold(message, verdict, gather_facts(message, conversation, now), conversation, now)
