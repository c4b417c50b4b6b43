"""Dead letters: messages that ended without arriving. A person looks, and sends them again or leaves them.

What goes again is the same message under a fresh grant of the floor for its own voice: the gate judges it anew, its
attempts go on counting in the ledger, and it has a whole allowance of tries.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from crm.models import User, Workspace
from crm.services.trail import record_decision
from messaging import floor
from messaging.floor import Busy, Grant
from messaging.gate import Outcome
from messaging.models import Attempt, Channel, Conversation, Message, ServiceWindow
from messaging.models.deliveries import AttemptState
from messaging.models.messages import MessageStatus, Voice

from .conversations import lock_conversation, next_seq
from .judging import judge
from .outbound import suppress_stale_words, withhold
from .senders import kick_sending
from .settlement import settle_overridden

DEAD = (MessageStatus.FAILED, MessageStatus.IN_DOUBT)

HOLDER_OF_VOICE = {
    Voice.AI: "primary",
    Voice.BRIDGE: "bridge",
    Voice.SYSTEM: "system",
    Voice.MARKETING: "marketing",
}

DOUBT_WARNING = "Nobody knows whether the customer has it. Sent again, they may get it twice."


class Refused(Exception):
    """A person's decision about a message cannot be carried out; the text says why."""


class NotDead(Refused):
    """It has not ended without arriving, or somebody was quicker."""


class StillInDoubt(Refused):
    """The customer may have it already: whoever sends it again says that they know."""


class FloorTaken(Refused):
    """Somebody else speaks to this customer now."""

    def __init__(self, holder: str, user: User | None) -> None:
        who = str(user or "A person") if holder == "human" else f"The {holder} agent"
        super().__init__(f"{who} holds the floor of this conversation now: nothing else can be sent.")
        self.holder = holder
        self.user = user


class NotInDoubt(Refused):
    """There is nothing to override: the provider has answered, or was not called."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of many: queued again, refused by the gate, or left because another voice has the floor."""

    queued: int
    suppressed: int
    busy: int


def dead_letters(workspace: Workspace) -> QuerySet[Message]:
    """What ended without arriving and nobody has decided on yet, newest first."""
    dead = Message.objects.filter(workspace=workspace, status__in=DEAD, dismissed_at=None)
    return dead.order_by("-at", "-id")


@transaction.atomic
def replay_message(*, message: Message, user: User, now: datetime, despite_doubt: bool = False) -> Message:
    """Queue the same message again; the gate may find that it no longer fits, and then it comes back suppressed.

    Raises NotDead, StillInDoubt, or FloorTaken.
    """
    conversation = lock_conversation(message.conversation_id)
    message = _read(message.pk)
    is_doubtful = _require_dead(message)
    if is_doubtful and not despite_doubt:
        raise StillInDoubt(DOUBT_WARNING)
    grant = _grant_of_voice(message, user)
    _replay(message, conversation, grant, user, is_doubtful, now)
    return message


def replay_all(
    *, workspace: Workspace, channel: Channel | None = None, code: str = "", user: User, now: datetime, limit: int
) -> Replayed:
    """After an outage: send again, oldest first, what surely did not arrive; what is in doubt needs a look at each.

    One transaction for each conversation, so that no customer waits for the others' locks.
    """
    surely = _surely_undelivered(workspace)
    if channel is not None:
        surely = surely.filter(channel=channel)
    if code:
        surely = surely.filter(error_code=code)
    oldest = surely.order_by("at", "position").values_list("conversation_id", "pk")[:limit]
    counts: Counter[str] = Counter()
    for conversation_id, rows in groupby(sorted(oldest, key=_conversation_of), key=_conversation_of):
        counts.update(_replay_conversation(conversation_id, [pk for _, pk in rows], user, now))
    return Replayed(queued=counts["queued"], suppressed=counts["suppressed"], busy=counts["busy"])


def override_doubt(*, message: Message, user: User, now: datetime) -> None:
    """Stop waiting for the provider's answer: the message is in doubt for good, and the lead's next words may leave.

    Raises NotInDoubt.
    """
    attempt = Attempt.objects.filter(message=message, state=AttemptState.UNKNOWN).first()
    if attempt is None or not settle_overridden(attempt_id=attempt.pk, user=user, now=now):
        raise NotInDoubt("This message is not waiting for its provider's answer.")


@transaction.atomic
def dismiss_message(*, message: Message, user: User, now: datetime) -> None:
    """Leave it as it ended. Raises NotDead."""
    conversation = lock_conversation(message.conversation_id)
    message = _read(message.pk)
    _require_dead(message)
    message.dismissed_at = now
    message.seq = next_seq(conversation)
    message.save(update_fields=["dismissed_at", "seq"])
    record_decision(
        lead=message.lead,
        actor=str(user),
        kind="message.dismissed",
        reason=f"{user} left it unsent: “{message.body[:160]}”",
        now=now,
        message=str(message.pk),
        user=user.pk,
    )


def _read(pk: UUID) -> Message:
    return Message.objects.select_related("lead", "channel", "answers").get(pk=pk)


def _require_dead(message: Message) -> bool:
    """Whether the customer may have it all the same: of one of its attempts nobody knows the outcome."""
    if message.status not in DEAD or message.dismissed_at is not None:
        raise NotDead("This message is not among those that ended without arriving, or no longer.")
    return bool(
        message.status == MessageStatus.IN_DOUBT or message.attempts.filter(state=AttemptState.ABANDONED).exists()
    )


def _grant_of_voice(message: Message, user: User) -> Grant:
    """The floor for the message's own voice. A person's words go under their hold, or under a short grant."""
    ids = {"workspace_id": message.workspace_id, "lead_id": message.lead_id}
    answer: Grant | Busy
    if message.voice == Voice.HUMAN:
        answer = _held_by(message, user) or floor.lend(**ids, user_id=user.pk)
    else:
        answer = floor.acquire(**ids, holder=HOLDER_OF_VOICE[Voice(message.voice)])
    if isinstance(answer, Busy):
        raise FloorTaken(answer.holder, User.objects.get(pk=answer.user_id) if answer.user_id else None)
    return answer


def _held_by(message: Message, user: User) -> Grant | None:
    held = floor.current_floor(message.lead_id)
    if held is None or held.holder != "human" or held.user_id not in (user.pk, message.author_id):
        return None
    return Grant(message.workspace_id, message.lead_id, "human", held.priority or 1, held.epoch, held.user_id)


def _replay(
    message: Message, conversation: Conversation, grant: Grant, user: User, is_doubtful: bool, now: datetime
) -> None:
    suppress_stale_words(conversation=conversation, now=now)
    message.status = MessageStatus.QUEUED
    message.due_at = now
    message.epoch, message.priority = grant.epoch, grant.priority
    message.attempts_forgiven = message.attempts_made
    message.error_code = message.provider_id = ""
    message.sent_at = message.dismissed_at = None
    _record_replay(message, user, is_doubtful, now)
    windows = ServiceWindow.objects.filter(conversation=conversation, channel=message.channel_id)
    windows.update(invalid_at=None)  # a person knows better than an old error
    facts, verdict = judge(message, conversation, now)
    message.verdict = verdict.as_json(facts)
    if verdict.outcome == Outcome.DEFER:
        message.due_at = verdict.until
    message.seq = next_seq(conversation)
    message.save()
    if verdict.outcome == Outcome.SUPPRESS:
        withhold(message, verdict, facts, conversation, now)
    kick_sending()


def _record_replay(message: Message, user: User, is_doubtful: bool, now: datetime) -> None:
    warning = " The customer may get it twice." if is_doubtful else ""
    record_decision(
        lead=message.lead,
        actor=str(user),
        kind="message.replayed",
        reason=f"{user} sent it again: “{message.body[:160]}”{warning}",
        now=now,
        message=str(message.pk),
        epoch=message.epoch,
        attempts=message.attempts_made,
        despite_doubt=is_doubtful,
        user=user.pk,
    )


def _surely_undelivered(workspace: Workspace) -> QuerySet[Message]:
    doubts = Attempt.objects.filter(message=OuterRef("pk"), state=AttemptState.ABANDONED)
    return dead_letters(workspace).filter(~Exists(doubts), status=MessageStatus.FAILED)


def _conversation_of(row: tuple[int, UUID]) -> int:
    return row[0]


@transaction.atomic
def _replay_conversation(conversation_id: int, chosen: Iterable[UUID], user: User, now: datetime) -> Counter[str]:
    """All of one lead's under the grants of their voices: a second grant would make the first one's words stale."""
    conversation = lock_conversation(conversation_id)
    workspace_id = conversation.workspace_id
    surely = Message.objects.filter(workspace_id=workspace_id, pk__in=list(chosen), status=MessageStatus.FAILED)
    counts: Counter[str] = Counter()
    grants: dict[str, Grant] = {}
    for message in surely.select_related("lead", "channel", "answers").order_by("position"):
        try:
            grant = grants.setdefault(message.voice, grants.get(message.voice) or _grant_of_voice(message, user))
        except FloorTaken:
            counts["busy"] += 1
            continue
        _replay(message, conversation, grant, user, False, now)
        counts["suppressed" if message.status == MessageStatus.SUPPRESSED else "queued"] += 1
    return counts
