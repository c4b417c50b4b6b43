"""What is said in the outbox's machine: agents under any grant they ever had, marketing, people, customers."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from agents.coordinator import grant_floor, return_to_ai, send_as_person, take_over
from agents.models.framework import Agent
from crm.models.consent import ConsentState, Purpose
from crm.models.people import IdentityKind
from crm.services.consent import record_consent
from messaging import floor
from messaging.floor import Grant
from messaging.models import Conversation
from messaging.services.outbound import queue_message
from messaging.services.receiving import receive_message

from .outbox_followed import PHONES, FollowedOutbox
from .outbox_model import MARKETING

BODIES = ("Hello", "Still here")
"""Few, so that the provider's list shows equal words of several intents."""

SPEAKERS = sorted([Agent.PRIMARY, Agent.BRIDGE, Agent.MONITOR])
VOICES = {"primary": "ai", "bridge": "bridge", "system": "system", MARKETING: MARKETING}
"""Of each holder of the floor."""

leads = st.sampled_from(["Davi", "Davi", "Dora"])
either = st.sampled_from([0, 1])
numbers = st.integers(0, 30)


class Speech(FollowedOutbox):
    # -- words ---------------------------------------------------------------------------------------------------

    @rule(name=leads, agent=st.sampled_from(SPEAKERS), body=st.sampled_from(BODIES))
    def agent_speaks(self, name: str, agent: Agent, body: str) -> None:
        conversation = self.conversations[name]
        answer = grant_floor(conversation=conversation, agent=Agent(agent), reason="a test", now=self.clock.now)
        if isinstance(answer, Grant):
            self.heard(answer)
            self.queue(conversation, answer, body)

    @rule(name=leads, body=st.sampled_from(BODIES))
    def marketing_speaks(self, name: str, body: str) -> None:
        conversation = self.conversations[name]
        answer = floor.acquire(workspace_id=conversation.workspace_id, lead_id=conversation.lead_id, holder=MARKETING)
        if isinstance(answer, Grant):
            self.allow_marketing(conversation)
            self.heard(answer)
            self.queue(conversation, answer, body)

    @precondition(lambda self: self.grants)
    @rule(number=numbers, body=st.sampled_from(BODIES))
    def agent_says_more(self, number: int, body: str) -> None:
        """Under any grant it ever had: it may have slept in between."""
        grant = self.grants[-1 - number % len(self.grants)]
        [conversation] = [each for each in self.conversations.values() if each.lead_id == grant.lead_id]
        self.queue(conversation, grant, body)

    def queue(self, conversation: Conversation, grant: Grant, body: str) -> None:
        is_marketing = grant.holder == MARKETING
        newest = conversation.messages.filter(direction="in").order_by("-at", "-position").first()
        message = queue_message(
            conversation=conversation,
            voice=VOICES[grant.holder],
            body=body,
            intent_key=f"test:{self.next_key()}",
            grant=grant,
            now=self.clock.now,
            purpose=Purpose.MARKETING if is_marketing else Purpose.SERVICE,
            answers=None if is_marketing else newest,
        )
        self.know(message)

    # -- people --------------------------------------------------------------------------------------------------

    @rule(name=leads, person=either, does=st.sampled_from(["writes", "takes over", "returns it"]))
    def person_acts(self, name: str, person: int, does: str) -> None:
        conversation, user = self.conversations[name], self.stage.people[person]
        ear = self.expected.ears[conversation.lead_id]
        if does == "writes":
            message = send_as_person(
                conversation=conversation, user=user, body=BODIES[0], now=self.clock.now, key=self.next_key()
            )
            ear.hears(message.epoch or 0, user.pk)
            self.know(message)
        elif does == "takes over":
            ear.hears(take_over(conversation=conversation, user=user, now=self.clock.now).epoch, user.pk)
        else:
            return_to_ai(conversation=conversation, user=user, reason="a test", now=self.clock.now)
            ear.person = None

    @rule(name=leads, opts_out=st.sampled_from([False, False, True]))
    def customer_acts(self, name: str, opts_out: bool) -> None:
        conversation = self.conversations[name]
        ear = self.expected.ears[conversation.lead_id]
        if opts_out:
            self.consent(conversation, ConsentState.WITHDRAWN, Purpose.SERVICE, Purpose.MARKETING)
            ear.opted_out_at = self.clock.now
        else:
            self.receive_words_of(name)
            ear.writes(self.clock.now)

    def receive_words_of(self, name: str) -> None:
        receive_message(
            channel=self.stage.channel,
            identities=[(IdentityKind.PHONE, PHONES[name])],
            address=f"whatsapp:{PHONES[name]}",
            provider_id=f"IN{self.next_key()}",
            body="And?",
            at=self.clock.now,
            now=self.clock.now,
        )

    def allow_marketing(self, conversation: Conversation) -> None:
        if self.expected.ears[conversation.lead_id].opted_out_at is None:
            self.consent(conversation, ConsentState.GRANTED, Purpose.MARKETING)

    def consent(self, conversation: Conversation, state: ConsentState, *purposes: Purpose) -> None:
        record_consent(
            lead=conversation.lead,
            channel_kind=self.stage.channel.kind,
            purposes=purposes,
            state=state,
            source="keyword",
            proof="a test",
            now=self.clock.now,
        )
