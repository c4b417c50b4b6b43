"""The outbox under any order of events: two processes that send and settle, a provider, people, and time."""

import sys

from agents.lost_words import alert_of_one_lost_message
from agents.models import StaffAlert
from analytics.audit.consent import CONSENT
from analytics.audit.outbox import OUTBOX
from analytics.audit.statuses import STATUSES
from analytics.audit.voices import VOICES
from crm.models import TrailEntry
from crm.models.consent import Purpose
from messaging.models import Message
from project.kernel.due import drain

from .outbox_followed import statuses
from .outbox_model import ENDS, HAS_LEFT, ON_ITS_WAY
from .outbox_sending import SWEEPS, Sending
from .outbox_speech import Speech

DAY = 86_400


class OutboxMachine(Speech, Sending):
    def teardown(self) -> None:
        """Unless it failed: whoever lives goes on, time passes, and everything must come to an end."""
        if sys.exc_info()[0] is not None:
            self.stage.stop_processes()
            return
        for process in self.stage.processes:
            self.end(process, arrives=True)
        self.everything_is_as_it_may_be()
        self.recover()
        self.judge()

    def recover(self) -> None:
        self.operator_resumes_sender()
        for seconds in (*[31] * 60, *[DAY] * 8):  # marketing may have to wait for a week
            for sweep in SWEEPS:
                while self.works_once(self.stage.processes[0], sweep):
                    pass
            if not Message.objects.filter(status__in=ON_ITS_WAY).exists():
                return
            self.clock.advance(seconds)
        raise AssertionError(f"these never end: {[row[:2] for row in statuses() if row[1] in ON_ITS_WAY]}")

    def judge(self) -> None:
        drain(alert_of_one_lost_message, clock=lambda: self.clock.now)
        for message in Message.objects.filter(direction="out"):
            assert message.status in ENDS
            has_it = any(entry.message_id == str(message.pk) for entry in self.provider.book)
            failed = self.expected.failed_at_provider[str(message.pk)]
            if message.status in HAS_LEFT:
                assert has_it, "nobody has it"
            elif message.status == "suppressed":
                assert message.verdict["reason"], "withheld without a reason"
                assert not has_it or failed, "withheld, and the provider has it"
            else:
                self.is_told(message)
        broken = self.stage.audited(OUTBOX, VOICES, STATUSES, CONSENT)
        assert not broken, broken

    def is_told(self, message: Message) -> None:
        told = TrailEntry.objects.filter(kind="message.failed", facts__message=str(message.pk))
        assert told.exists(), f"{message.status}, and the trail does not say why"
        if message.purpose == Purpose.SERVICE and message.status == "in_doubt":
            alerts = StaffAlert.objects.filter(key__startswith=f"message:{message.pk}:in_doubt")
            assert alerts.exists(), "nobody was asked to decide"
