"""The outbox followed step by step: each attempt that begins, each status that changes, the book of the provider."""

from typing import ClassVar

from django.db import connection
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from messaging.floor import Grant
from messaging.models import Channel, Message

from .outbox_model import HAS_LEFT, Ear, Expected, Word
from .stage import Stage

PHONES = {"Davi": "+5511987654321", "Dora": "+5511912345678"}


class FollowedOutbox(RuleBasedStateMachine):
    stage: ClassVar[Stage]

    @initialize()
    def begin_at_noon(self) -> None:
        self.stage.clear()
        self.clock, self.provider = self.stage.clock, self.stage.provider
        self.expected = Expected()
        self.grants: list[Grant] = []
        self.conversations = {name: self.stage.meet(phone, name) for name, phone in PHONES.items()}
        for name, conversation in self.conversations.items():
            self.expected.ears[conversation.lead_id] = Ear(f"whatsapp:{PHONES[name]}")
        self.seen_attempts = 0
        self.process_now = self.clock.now
        self.words = 0

    # -- what must hold ------------------------------------------------------------------------------------------

    @invariant()
    def everything_is_as_it_may_be(self) -> None:
        """No two events happen at the same moment: rows that are due at once would be taken in any order."""
        self.clock.advance(0.001)
        self.follow_attempts()
        self.follow_statuses()
        self.expected.is_paused = Channel.objects.filter(pk=self.stage.channel.pk, paused_at__isnull=False).exists()

    def follow_attempts(self) -> None:
        """Each attempt that appeared since the last look must have been allowed to begin."""
        for attempt_id, message_id, epoch in attempts_since(self.seen_attempts):
            self.seen_attempts = attempt_id
            word = self.expected.words[message_id]
            assert epoch == word.epoch
            objection = self.expected.objection(word, self.process_now)
            assert not objection, f"an attempt began although {objection}"

    def follow_statuses(self) -> None:
        for message_id, status, opted_out in statuses():
            before = self.expected.moves(message_id, status)
            if status in HAS_LEFT and before != status:
                assert any(entry.message_id == message_id for entry in self.provider.book), f"{status}, nobody has it"
            if opted_out:
                word = self.expected.words[message_id]
                ear = self.expected.ears[word.lead_id]
                ear.opted_out_at = ear.opted_out_at or self.clock.now
        for entry in self.provider.book:
            times = sum(each.message_id == entry.message_id for each in self.provider.book)
            assert self.expected.may_be_accepted_again(entry.message_id, times), "the provider has it twice"

    # -- what the model is told --------------------------------------------------------------------------------------

    def heard(self, grant: Grant) -> None:
        ear = self.expected.ears[grant.lead_id]
        assert grant.epoch > ear.epoch, "an epoch was granted twice"
        ear.hears(grant.epoch)
        self.grants.append(grant)

    def know(self, message: Message) -> None:
        word = Word(
            id=str(message.pk),
            lead_id=message.lead_id,
            voice=message.voice,
            epoch=message.epoch or 0,
            place=message.position,
            answers_at=message.answers.at if message.answers else None,
        )
        self.expected.words[word.id] = word
        self.expected.statuses[word.id] = message.status

    def next_key(self) -> str:
        self.words += 1
        return str(self.words)


def attempts_since(attempt_id: int) -> list[tuple[int, str, int]]:
    return _rows("SELECT id, message_id::text, epoch FROM messaging_attempt WHERE id > %s ORDER BY id", [attempt_id])


def statuses() -> list[tuple[str, str, bool]]:
    """Each outgoing message, and whether the provider said that its reader wants no more."""
    return _rows("""
        SELECT message.id::text, message.status,
               EXISTS (SELECT 1 FROM crm_consent AS consent WHERE consent.lead_id = message.lead_id
                          AND consent.source = 'provider' AND consent.state = 'withdrawn')
          FROM messaging_message AS message WHERE message.direction = 'out'
    """)


def _rows(statement: str, values: list[object] | None = None) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
