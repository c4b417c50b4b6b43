"""Davi writes a mail: the answer in his thread, what becomes of it, machines that write back, and his goodbye."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from crm.models import Consent, Identity, Lead
from crm.models.people import IdentityKind
from crm.services.leads import find_or_create_lead
from messaging.models import Channel, Message, WebhookEvent
from messaging.services.channels import create_channel
from messaging.services.conversations import open_conversation
from messaging.services.inbox import store_event
from messaging.services.opt_in import CannotAsk, ask_for_opt_in
from project.kernel.scope import across_workspaces, workspace_scope
from tests.cast import NOON
from tests.doubles.mail_server import ImapDouble, SmtpDouble
from tests.doubles.mail_service import (
    DAVI,
    SENDER,
    MailService,
    Post,
    mailgun_mail,
    mime,
    report,
    sendgrid_signed,
)
from tests.journeys.world import World
from tests.messaging.channels.mail import connect, deliver
from tests.messaging.channels.test_email_letters import DSN


class MailWorld(World):
    """Acme with an address at Mailgun."""

    twilio: Any

    def _connect(self) -> Channel:
        return connect(self.acme, self.service.settings("mailgun"), now=self.now)

    @property
    def service(self) -> MailService:
        return self.twilio  # type: ignore[no-any-return]

    def davi_mails(self, text: str = "Hello", **options: Any) -> bool:
        return self.comes(mime(text, **options))

    def comes(self, raw: bytes, *, to: str = SENDER) -> bool:
        is_new = deliver(self.channel, mailgun_mail(raw, at=self.now, to=to), now=self.now)
        self.settle()
        return is_new

    def tells(self, what: str, **more: Any) -> None:
        """Mailgun reports on the newest mail."""
        post = report("mailgun", what, self.service.book[-1], at=self.now, **more)
        deliver(self.channel, post, now=self.now, door="status")
        self.settle()

    def answers(self) -> list[Message]:
        return self.messages(direction="out")

    def said(self) -> list[Message]:
        return self.messages(direction="in")

    def heard(self) -> list[str]:
        return [sent.text for sent in self.service.book]


@pytest.fixture
def world(db: None) -> Iterator[MailWorld]:
    with MailService() as service:
        yield MailWorld(service, NOON)  # type: ignore[arg-type]


def test_a_mail_is_answered_in_its_thread_and_the_answer_finds_the_conversation(world: MailWorld) -> None:
    world.davi_mails("Hello, how much is the basic plan?", subject="Plans", message_id="<1@lima.test>")
    [answer], [sent] = world.answers(), world.service.book
    assert (answer.status, sent.to, sent.subject) == ("accepted", DAVI, "Re: Plans")
    assert (sent.headers["in-reply-to"], sent.our_id) == ("<1@lima.test>", str(answer.pk))

    world.tells("delivered")
    assert world.answers()[0].status == "delivered"
    world.tells("opened")
    assert world.answers()[0].status == "delivered", "opens are of no interest"

    world.wait(minutes=5)
    reply = f"And the other?\n\nOn Fri, Acme <{SENDER}> wrote:\n> {answer.body}\n"
    world.comes(mime(reply, subject="Re: Plans", message_id="<2@lima.test>"), to=sent.reply_to)
    said = world.said()[-1]
    assert (said.body, "wrote:" in said.payload["full_text"]) == ("And the other?", True)
    assert said.payload["quoted"] == answer.body[:120]
    assert world.conversation.lead.name == "Davi Lima"
    world.bruno_takes_over()
    world.bruno_says("I will call you.")
    newest = world.service.book[-1]
    assert (newest.sender, newest.subject) == (f"Bruno <{SENDER}>", "Re: Plans")
    assert newest.headers["in-reply-to"] == "<2@lima.test>"


@pytest.mark.parametrize("names", [[(IdentityKind.EMAIL, DAVI)], []])
def test_who_never_wrote_a_mail_is_asked_for_consent_where_they_are_known_to_be(
    world: MailWorld, names: list[tuple[IdentityKind, str]]
) -> None:
    with workspace_scope(world.acme):
        chat = create_channel(workspace=world.acme, kind="webchat", name="Site", values={}, now=world.now)
        lead = find_or_create_lead(
            workspace=world.acme, identities=[(IdentityKind.VISITOR, "v-1"), *names], name="Davi", now=world.now
        )
        open_conversation(lead=lead, channel=chat, now=world.now)
        asking = {"lead": lead, "source": "form", "reason": "newsletter", "user": world.bruno, "now": world.now}
        if not names:
            with pytest.raises(CannotAsk, match="no e-mail address"):
                ask_for_opt_in(**asking)
            Lead.objects.filter(pk=lead.pk).update(email=DAVI)
        ask_for_opt_in(**asking)
    world.settle()
    [mail] = world.service.book
    assert mail.to == DAVI
    assert "/p/" in mail.text
    assert world.conversation.channel == chat, "answers stay where they write"


def test_a_mail_that_comes_twice_is_said_once(world: MailWorld) -> None:
    raw = mime("Hello", message_id="<1@lima.test>")
    assert world.comes(raw)
    assert world.comes(raw), "Mailgun signs a repetition anew"
    assert len(world.said()) == len(world.answers()) == 1


def test_a_bounce_fails_the_mail_and_advises_another_channel(world: MailWorld) -> None:
    world.davi_mails()
    world.tells("failed", severity="permanent", **{"delivery-status": {"enhanced-code": "5.1.1", "message": "no user"}})
    [answer] = world.answers()
    assert (answer.status, answer.error_code) == ("failed", "5.1.1")
    [entry] = world.trail("message.failed")
    assert entry.reason == "Not delivered: no user Another channel may reach them."


def consents() -> set[tuple[str, str]]:
    with across_workspaces():
        return set(Consent.objects.values_list("purpose", "state"))


@pytest.mark.parametrize("what", ["complained", "unsubscribed"])
def test_who_calls_it_spam_gets_no_marketing_and_still_gets_answers(world: MailWorld, what: str) -> None:
    world.davi_mails()
    world.tells(what)
    world.tells(what)
    assert consents() == {("marketing", "withdrawn")}
    assert len(world.trail("consent.withdrawn")) == 1
    world.wait(minutes=5)
    world.davi_mails("How much is it?", message_id="<2@lima.test>")
    assert len(world.heard()) == 2


def test_stop_is_confirmed_once_and_ends_what_is_said(world: MailWorld) -> None:
    world.davi_mails()
    world.wait(minutes=1)
    world.davi_mails("STOP")
    assert ("service", "withdrawn") in consents()
    heard = len(world.heard())
    world.wait(minutes=1)
    world.davi_mails("STOP")
    assert len(world.heard()) == heard


def test_an_answer_that_was_lost_is_settled_by_what_mailgun_tells(world: MailWorld) -> None:
    world.service.fault("reset_after_accept")
    world.davi_mails()
    assert [message.status for message in world.answers()] == ["unknown"]
    world.tells("delivered")
    assert [message.status for message in world.answers()] == ["delivered"]
    assert len(world.heard()) == 1


# -- machines ------------------------------------------------------------------------------------------------------


def test_a_note_of_absence_stands_in_the_thread_and_is_not_answered(world: MailWorld) -> None:
    world.davi_mails()
    world.wait(minutes=1)
    world.davi_mails("I am away.", subject="Away", Auto_Submitted="auto-replied")
    assert [message.payload.get("automatic") for message in world.said()] == [None, "an automatic answer"]
    assert len(world.heard()) == 1
    assert world.conversation.last_preview == "I am away."
    assert world.trail("message.noted")[0].reason == "Noted, and nothing follows from it: “I am away.”"
    world.bruno_takes_over()
    world.bruno_says("Welcome back.")
    assert world.service.book[-1].subject == "Re: Plans", "the thread is not the machine's"


@pytest.mark.parametrize("headers", [{"Precedence": "bulk"}, {"sender": "mailer-daemon@lima.test"}, {"sender": SENDER}])
def test_a_machine_that_nobody_knows_makes_no_lead(world: MailWorld, headers: dict[str, str]) -> None:
    world.comes(mime("Buy now", **headers))
    with across_workspaces():
        assert Lead.objects.count() == 0
    assert WebhookEvent.objects.get().state == "ignored"


def test_two_machines_stop_writing_to_each_other(world: MailWorld) -> None:
    for number in range(12):
        world.davi_mails(f"Your mail {number} has arrived.", message_id=f"<{number}@lima.test>")
        world.wait(seconds=30)
    assert len(world.said()) == 12
    assert len(world.heard()) <= 8
    assert "more than 8 within 10 minutes" in world.said()[8].payload["automatic"]
    heard = len(world.heard())
    world.wait(minutes=15)
    world.davi_mails("What does it cost?", message_id="<later@lima.test>")
    assert world.said()[-1].payload.get("automatic") is None
    assert heard <= len(world.heard()) <= heard + 1  # an agent that had repeated itself asked for a person before


# -- who is who ----------------------------------------------------------------------------------------------------


def test_a_display_name_joins_nobody(world: MailWorld) -> None:
    world.davi_mails(sender=f"Davi <{DAVI}>")
    world.davi_mails(sender="Davi <davi@other.test>", message_id="<2@other.test>")
    with across_workspaces():
        assert Lead.objects.count() == 2


def test_case_and_alphabet_of_a_domain_make_no_other_person(world: MailWorld) -> None:
    world.davi_mails(sender="Davi@CAFÉ.example")
    world.davi_mails(sender="davi@xn--caf-dma.example", message_id="<2@lima.test>")
    with across_workspaces():
        assert list(Identity.objects.values_list("kind", "value")) == [("email", "davi@xn--caf-dma.example")]


def test_whoever_was_forwarded_a_mail_is_shown_and_answers_stay_with_the_lead(world: MailWorld) -> None:
    world.davi_mails()
    to = world.service.book[-1].reply_to
    world.wait(minutes=1)
    world.comes(mime("I am his wife.", sender="eva@lima.test", message_id="<2@lima.test>"), to=to)
    assert world.said()[-1].payload["written_from"] == "eva@lima.test"
    assert [sent.to for sent in world.service.book] == [DAVI] * len(world.service.book)
    assert world.conversation.lead.name == "Davi Lima"
    with across_workspaces():
        assert Lead.objects.count() == Identity.objects.count() == 1


def test_an_address_that_belongs_to_another_lead_is_theirs_whatever_they_answer(world: MailWorld) -> None:
    world.davi_mails("Hi")
    to = world.service.book[-1].reply_to
    world.comes(mime("Hello", sender="eva@lima.test", message_id="<2@lima.test>"))
    world.comes(mime("To his mail", sender="eva@lima.test", message_id="<3@lima.test>"), to=to)
    with across_workspaces():
        davi, eva, evas = (Message.objects.get(body=text).lead for text in ("Hi", "Hello", "To his mail"))
    assert eva == evas != davi


def test_a_token_of_another_workspaces_message_finds_nothing(world: MailWorld) -> None:
    world.comes(mime("Hello", In_Reply_To=f"<{UUID(int=7)}@acme.test>"), to=f"sales+{UUID(int=8).hex}@acme.test")
    assert len(world.said()) == 1


# -- what a mail holds ---------------------------------------------------------------------------------------------


def test_files_and_html_are_kept_with_the_message(world: MailWorld) -> None:
    files = (("plano.pdf", "application/pdf", b"%PDF"),)
    world.davi_mails("See here", html="<p onclick=x()>See <b>here</b></p>", files=files)
    [said] = world.said()
    assert said.media == [
        {
            "url": "",
            "file_id": "part:0",
            "content_type": "application/pdf",
            "file_name": "plano.pdf",
            "size": 4,
            "shape": "multipart/form-data; boundary=xYzZY",
        }
    ]
    assert said.payload["html"].strip() == "<p>See <b>here</b></p>"
    assert said.payload["subject"] == "Plans"


# -- many reports at once ------------------------------------------------------------------------------------------


def test_sendgrids_reports_come_many_at_once_and_each_counts_once(world: MailWorld) -> None:
    values = world.service.settings("sendgrid")
    world.channel.settings = {**world.channel.settings, "provider": "sendgrid", "api_base": values["api_base"]}
    world.channel.secrets = values
    world.channel.save(update_fields=["settings", "secrets"])
    store(world, mime("Hello"))
    [sent] = world.service.book
    told = [f'{{"event": "{word}", "baton_message": "{sent.our_id}"}}' for word in ("processed", "delivered", "open")]
    for body in (f"[{told[0]}, {told[1]}]", f"[{told[1]}, {told[2]}, 7, null]"):
        deliver(world.channel, sendgrid_signed(body.encode(), at=world.now), now=world.now, door="status")
        world.settle()
    assert [message.status for message in world.answers()] == ["delivered"]
    states = dict(WebhookEvent.objects.filter(key__startswith="status:").values_list("body", "state"))
    assert sorted(states.values()) == ["applied", "ignored", "ignored", "parked", "parked"]


def store(world: MailWorld, raw: bytes) -> None:
    """A mail as a mailbox gives it."""
    store_event(
        workspace_id=world.acme.pk,
        source="email",
        source_id=world.channel.pk,
        kind="mime",
        key=f"raw:{len(raw)}",
        order_key="mails",
        body=raw,
        now=world.now,
    )
    world.settle()


# -- a mail server of one's own ------------------------------------------------------------------------------------


class ServerWorld(MailWorld):
    """Acme with a mail server and a mailbox."""

    def __init__(self, smtp: SmtpDouble, imap: ImapDouble) -> None:
        self.smtp, self.imap = smtp, imap
        super().__init__(None, NOON)  # type: ignore[arg-type]
        self.settle()

    def _connect(self) -> Channel:
        values = {"sender": SENDER, "provider": "smtp", **self.smtp.settings(), **self.imap.settings()}
        return connect(self.acme, values, now=self.now)

    def comes(self, raw: bytes, *, to: str = SENDER) -> bool:
        self.imap.deliver(raw)
        self.wait(seconds=61)
        return True


@pytest.fixture
def server(db: None) -> Iterator[ServerWorld]:
    with SmtpDouble() as smtp, ImapDouble() as imap:
        imap.deliver(mime("An old mail that somebody answered"))
        yield ServerWorld(smtp, imap)


def test_a_mailbox_is_looked_into_each_minute_and_answered_by_smtp(server: ServerWorld) -> None:
    server.davi_mails("How much is it?", subject="Plans", message_id="<1@lima.test>")
    [taken], [said] = server.smtp.mails, server.said()
    assert (said.body, said.provider_id) == ("How much is it?", "<1@lima.test>")
    assert (taken.to, taken.mail["Subject"], taken.mail["In-Reply-To"]) == (DAVI, "Re: Plans", "<1@lima.test>")
    server.wait(minutes=3)
    assert len(server.said()) == 1


def test_a_mail_servers_report_fails_the_mail_that_it_names(server: ServerWorld) -> None:
    server.davi_mails()
    [answer] = server.answers()
    server.comes(DSN.format(action="failed", status="5.1.1", ours=answer.pk).encode())
    assert [(message.status, message.error_code) for message in server.answers()] == [("failed", "5.1.1")]
    assert len(server.said()) == 1


def test_a_mailbox_that_refuses_is_told_once_and_looked_into_again(server: ServerWorld) -> None:
    with workspace_scope(server.acme):
        server.channel.secrets = {**server.channel.secrets, "imap_password": "wrong"}
        server.channel.save(update_fields=["secrets"])
    server.davi_mails()
    server.wait(minutes=2)
    with workspace_scope(server.acme):
        [trouble] = server.channel.troubles.all()
        assert (trouble.code, "refused the login" in trouble.meaning) == ("mailbox", True)
        server.channel.secrets = {**server.channel.secrets, **server.imap.settings()}
        server.channel.save(update_fields=["secrets"])
    server.wait(minutes=2)
    assert len(server.said()) == 1


def test_a_mailbox_that_is_away_for_long_is_told(server: ServerWorld) -> None:
    server.imap.is_down = True
    server.wait(minutes=2)
    with workspace_scope(server.acme):
        assert not server.channel.troubles.exists()
        server.wait(minutes=20)
        assert server.channel.troubles.get().code == "mailbox"
    server.imap.is_down = False
    server.davi_mails()
    assert len(server.said()) == 1


def test_a_service_that_keeps_the_mail_has_the_mailbox_looked_into_at_once(server: ServerWorld) -> None:
    server.imap.deliver(mime("Hello", message_id="<1@lima.test>"))
    server.wait(seconds=5)
    assert server.said() == []
    notice = Post(b'{"type": "email.received", "data": {"email_id": "x"}}', "application/json", {})
    store_event(
        workspace_id=server.acme.pk,
        source="email",
        source_id=server.channel.pk,
        kind="status",
        key="notice",
        order_key="reports",
        body=notice.body,
        headers={"content-type": notice.content_type},
        now=server.now,
    )
    server.settle()
    server.wait(seconds=1)
    assert len(server.said()) == 1


def test_time_of_a_mail_is_its_own(server: ServerWorld) -> None:
    written = NOON - timedelta(hours=1)
    server.davi_mails(Date=f"{written:%a, %d %b %Y %H:%M:%S} +0000")
    assert server.said()[0].at == written
