"""What ended without arriving and waits for a person's decision: the newest first, by channel and by reason."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from inbox import words
from inbox.desk import Desk
from inbox.queries.fates import UNTOLD, may_be_there, meaning_of, with_doubts
from inbox.queries.names import names_of
from inbox.queries.speech import speaker_of
from messaging.models import Message
from messaging.models.messages import MessageStatus
from messaging.services.dead_letters import dead_letters

PAGE = 50
MOST_COUNTED = 99
IN_DOUBT = "in-doubt"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UnreadableCursor(ValueError):
    """A cursor that this list did not hand out."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The filters: a channel's id, and a reason, which is an error code or IN_DOUBT."""

    channel: int | None = None
    reason: str = ""

    @property
    def query(self) -> str:
        chosen = {"channel": self.channel, "reason": self.reason}
        return urlencode({name: value for name, value in chosen.items() if value})

    def of_channel(self) -> Q:
        return Q(channel=self.channel) if self.channel else Q()

    def of_reason(self) -> Q:
        if self.reason == IN_DOUBT:
            return Q(status=MessageStatus.IN_DOUBT)
        return Q(status=MessageStatus.FAILED, error_code=self.reason) if self.reason else Q()


@dataclass(frozen=True, slots=True)
class Letter:
    id: UUID
    conversation_id: int
    who: str
    company: str
    words: str
    why: str
    notes: tuple[str, ...]
    when: str
    may_be_there: bool


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    count: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Undelivered:
    chosen: Chosen
    letters: tuple[Letter, ...]
    channels: tuple[Choice, ...]
    reasons: tuple[Choice, ...]
    older: str

    @property
    def reason(self) -> Choice | None:
        """The one reason that all shown have, when it is one after which all may be sent again."""
        alike = [choice for choice in self.reasons if choice.is_chosen and choice.value != IN_DOUBT]
        return alike[0] if alike else None

    @property
    def is_narrowed(self) -> bool:
        return bool(self.chosen.query)


def count_undelivered(desk: Desk) -> str:
    """For the rail: “”, “7”, “99+”. Never looks at more rows than it can say."""
    count = dead_letters(desk.workspace).order_by()[: MOST_COUNTED + 1].count()
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count or "")


def read_undelivered(desk: Desk, chosen: Chosen, *, before: str = "", now: datetime) -> Undelivered:
    dead = dead_letters(desk.workspace)
    found = with_doubts(dead.filter(chosen.of_channel(), chosen.of_reason()))
    if before:
        found = found.filter(_older_than(before))
    page = list(found.select_related("lead", "channel", "author")[: PAGE + 1])
    shown = page[:PAGE]
    channels, reasons = _choices(dead, chosen)
    return Undelivered(
        chosen=chosen,
        letters=tuple(_letters(shown, desk, now)),
        channels=channels,
        reasons=reasons,
        older=_cursor(shown[-1]) if len(page) > PAGE else "",
    )


def _letters(page: list[Message], desk: Desk, now: datetime) -> Iterable[Letter]:
    names = names_of(message.lead for message in page)
    for message in page:
        yield Letter(
            id=message.pk,
            conversation_id=message.conversation_id,
            who=names[message.lead_id],
            company=message.lead.company,
            words=message.body or "Without words",
            why=_why(message),
            notes=tuple(_notes(message, desk)),
            when=words.list_time(message.at, now, desk.zone),
            may_be_there=may_be_there(message),
        )


def _why(message: Message) -> str:
    if message.status == MessageStatus.IN_DOUBT:
        return UNTOLD
    return meaning_of(message.channel.kind, message.error_code) or "The provider gave no reason"


def _notes(message: Message, desk: Desk) -> Iterable[str]:
    yield speaker_of(message, desk)
    yield f"{message.channel.name}, {words.channel_label(message.channel.kind)}"
    yield words.counted(message.attempts_made, "try", "tries") if message.attempts_made else "not tried"


def _choices(dead: QuerySet[Message], chosen: Chosen) -> tuple[tuple[Choice, ...], tuple[Choice, ...]]:
    """Each filter counts what the other one leaves; one query for both."""
    groups = dead.order_by().values_list("channel", "channel__name", "channel__kind", "status", "error_code")
    channels: Counter[tuple[str, str]] = Counter()
    reasons: Counter[tuple[str, str]] = Counter()
    for channel, name, kind, status, code, count in groups.annotate(count=Count("pk")):
        reason = IN_DOUBT if status == MessageStatus.IN_DOUBT else code
        if chosen.reason in ("", reason):
            channels[str(channel), name] += count
        if chosen.channel in (None, channel) and reason:
            reasons[reason, UNTOLD if reason == IN_DOUBT else meaning_of(kind, code)] += count
    return _counted(channels, str(chosen.channel or "")), _counted(reasons, chosen.reason)


def _counted(counts: Counter[tuple[str, str]], chosen: str) -> tuple[Choice, ...]:
    return tuple(Choice(value, label, count, value == chosen) for (value, label), count in counts.most_common())


def _cursor(message: Message) -> str:
    return f"{(message.at - EPOCH) // timedelta(microseconds=1)}~{message.pk}"


def _older_than(cursor: str) -> Q:
    microseconds, _, pk = cursor.partition("~")
    try:
        at, last = EPOCH + timedelta(microseconds=int(microseconds)), UUID(pk)
    except (ValueError, OverflowError) as error:
        raise UnreadableCursor(f"{cursor!r} is not a place in this list.") from error
    return Q(at__lt=at) | Q(at=at, pk__lt=last)
