"""Sending mails: what stands in them, and every way in which handing one over may end."""

import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from messaging.media_rules import OutgoingFile
from messaging.transports import ErrorKind, Outgoing, Receipt, Thread, TransportError, transport_for, validate_settings
from tests.doubles.mail_server import SmtpDouble
from tests.doubles.mail_service import API_KEY, DAVI, SENDER, MailService

OURS = "0190f3c8-0000-7000-8000-000000000001"
SERVICES = ("mailgun", "postmark", "sendgrid", "resend")
THREAD = Thread("Plans", "<2@lima.test>", ("<1@lima.test>", "<2@lima.test>"))


@pytest.fixture
def smtp() -> Iterator[SmtpDouble]:
    with SmtpDouble() as double:
        yield double


@pytest.fixture
def service() -> Iterator[MailService]:
    with MailService() as double:
        yield double


def send(values: dict[str, str], text: str = "Olá!", *, to: str = DAVI, **more: Any) -> Receipt:
    config, secrets = validate_settings("email", values)
    return transport_for("email", config, secrets).send(Outgoing(message_id=OURS, to=to, body=text, **more))


def failure(values: dict[str, str], **more: Any) -> TransportError:
    with pytest.raises(TransportError) as failed:
        send(values, **more)
    return failed.value


def by_smtp(smtp: SmtpDouble, **changes: str) -> dict[str, str]:
    return {"sender": SENDER, "provider": "smtp", "from_name": "Acme", **smtp.settings(), **changes}


# -- what stands in a mail -----------------------------------------------------------------------------------------


def test_a_mail_comes_from_our_address_and_its_answer_finds_the_message(smtp: SmtpDouble) -> None:
    receipt = send(by_smtp(smtp))
    [taken] = smtp.mails
    assert (taken.sender, taken.to, taken.text) == (SENDER, DAVI, "Olá!")
    assert (taken.mail["From"], taken.mail["Subject"]) == (f"Acme <{SENDER}>", "A message from Acme")
    assert taken.mail["Message-ID"] == receipt.provider_id == f"<{OURS}@acme.test>"
    assert taken.mail["Reply-To"] == f"sales+{UUID(OURS).hex}@acme.test"
    assert taken.mail["X-Auto-Response-Suppress"] == "OOF, AutoReply"


def test_what_a_person_writes_bears_their_name_and_never_their_address(smtp: SmtpDouble) -> None:
    send(by_smtp(smtp), author="Bruno Sá <bruno@evil.test>\r\nBcc: all@acme.test")
    mail = smtp.mails[0].mail
    assert mail["From"].endswith(f"<{SENDER}>")
    assert "Bcc" not in mail


def test_an_answer_keeps_thread_and_subject(smtp: SmtpDouble) -> None:
    send(by_smtp(smtp), thread=THREAD)
    mail = smtp.mails[0].mail
    assert (mail["Subject"], mail["In-Reply-To"]) == ("Re: Plans", "<2@lima.test>")
    assert mail["References"] == "<1@lima.test> <2@lima.test>"


@pytest.mark.parametrize("subject", ["Re: Plans", "RES: Plans", "AW: Plans", "re[2]: Plans"])
def test_re_stands_there_once(smtp: SmtpDouble, subject: str) -> None:
    send(by_smtp(smtp), thread=Thread(subject, "<2@lima.test>"))
    assert smtp.mails[0].mail["Subject"] == subject


def test_a_subject_cannot_begin_another_header(smtp: SmtpDouble) -> None:
    send(by_smtp(smtp), subject="Hi\r\nBcc: all@acme.test")
    assert smtp.mails[0].mail["Subject"] == "Hi Bcc: all@acme.test"
    assert smtp.mails[0].mail["Bcc"] is None


def test_marketing_can_be_left_with_one_click(smtp: SmtpDouble) -> None:
    send(by_smtp(smtp), unsubscribe_url="https://baton.acme.test/u/abc")
    mail = smtp.mails[0].mail
    assert mail["List-Unsubscribe"] == "<https://baton.acme.test/u/abc>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_files_travel_in_the_mail_and_their_names_begin_no_header(smtp: SmtpDouble) -> None:
    file = OutgoingFile("", "application/pdf", "offer\r\nBcc: all.pdf", 4, lambda: b"%PDF")
    send(by_smtp(smtp), files=(file,))
    [taken] = smtp.mails
    [part] = [part for part in taken.mail.walk() if part.get_content_type() == "application/pdf"]
    assert (part.get_payload(decode=True), part.get_filename()) == (b"%PDF", "offer Bcc: all.pdf")
    assert "Bcc" not in taken.mail


def test_a_reply_address_of_its_own_and_a_server_without_plus_addresses(smtp: SmtpDouble) -> None:
    send(by_smtp(smtp, reply_address="in@mx.acme.test", plus_addresses="no"))
    assert smtp.mails[0].mail["Reply-To"] == "in@mx.acme.test"


def test_a_line_with_a_dot_alone_does_not_end_the_mail(smtp: SmtpDouble) -> None:
    send(by_smtp(smtp), text="before\n.\n..after")
    assert smtp.mails[0].text.replace("\r\n", "\n") == "before\n.\n..after"


# -- mail servers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["drop_at_greeting", "drop_at_mail", "drop_at_rcpt"])
def test_what_breaks_before_the_mail_was_given_may_be_done_again(smtp: SmtpDouble, fault: str) -> None:
    smtp.fault(fault)
    assert failure(by_smtp(smtp)).kind == ErrorKind.UNREACHABLE
    assert smtp.mails == []


@pytest.mark.parametrize("fault", ["drop_after_data", "garbage_after_data"])
def test_what_breaks_afterwards_leaves_it_open(smtp: SmtpDouble, fault: str) -> None:
    smtp.fault(fault)
    assert failure(by_smtp(smtp)).kind == ErrorKind.UNKNOWN
    assert len(smtp.mails) == 1


@pytest.mark.parametrize(
    ("command", "code", "words", "kind", "known_as"),
    [
        ("RCPT", 550, "5.1.1 no such user", ErrorKind.INVALID_RECIPIENT, "5.1.1"),
        ("RCPT", 550, "go away", ErrorKind.REJECTED, "550"),
        ("RCPT", 552, "5.2.2 mailbox full", ErrorKind.REJECTED, "5.2.2"),
        ("RCPT", 450, "4.2.1 try later", ErrorKind.RATE_LIMITED, "4.2.1"),
        ("RCPT", 451, "greylisted", ErrorKind.RATE_LIMITED, "451"),
        ("MAIL", 553, "5.7.1 not your address", ErrorKind.SENDER_BLOCKED, "sender"),
        ("MAIL", 421, "4.7.0 too many", ErrorKind.RATE_LIMITED, "4.7.0"),
        ("DATA", 554, "5.7.1 spam", ErrorKind.REJECTED, "5.7.1"),
    ],
)
def test_a_refusal_is_read_by_its_code(
    smtp: SmtpDouble, command: str, code: int, words: str, kind: ErrorKind, known_as: str
) -> None:
    smtp.refuse(command, code, words)
    error = failure(by_smtp(smtp))
    assert (error.kind, error.code, error.detail) == (kind, known_as, f"{code} {words}")
    assert smtp.mails == []


def test_a_wrong_login_stops_the_sender_and_is_told_nobody(smtp: SmtpDouble, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    error = failure(by_smtp(smtp, smtp_password="hunter2-and-more"))
    assert (error.kind, error.code) == (ErrorKind.SENDER_BLOCKED, "login")
    assert "hunter2" not in f"{error} {error.detail} {caplog.text}"


def test_nobody_listening_is_unreachable() -> None:
    gone = SmtpDouble()
    gone._server.server_close()
    assert failure(by_smtp(gone)).kind == ErrorKind.UNREACHABLE


def test_a_server_without_encryption_gets_no_password(smtp: SmtpDouble) -> None:
    assert failure(by_smtp(smtp, smtp_security="starttls")).kind == ErrorKind.MISCONFIGURED
    assert smtp.mails == []


def test_an_address_that_the_server_could_not_read_is_refused_here(smtp: SmtpDouble) -> None:
    assert failure(by_smtp(smtp), to="josé@lima.test").kind == ErrorKind.INVALID_RECIPIENT


# -- services ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", SERVICES)
def test_every_service_gets_the_same_mail(service: MailService, provider: str) -> None:
    values = service.settings(provider) | {"from_name": "Acme"}
    receipt = send(values, author="Bruno", thread=THREAD, unsubscribe_url="https://baton.acme.test/u/abc")
    [sent] = service.book
    assert (sent.provider, sent.to, sent.subject, sent.text.strip()) == (provider, DAVI, "Re: Plans", "Olá!")
    assert sent.sender == f"Bruno <{SENDER}>"
    assert sent.reply_to == f"sales+{UUID(OURS).hex}@acme.test"
    assert (sent.our_id, receipt.provider_id) == (OURS, sent.id)
    assert sent.headers["in-reply-to"] == "<2@lima.test>"
    assert sent.headers["message-id"] == f"<{OURS}@acme.test>"
    assert sent.headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize("provider", SERVICES)
@pytest.mark.parametrize("fault", ["reset_after_accept", "500_after_accept", "broken_200", "reset", "502_html"])
def test_an_answer_that_says_nothing_leaves_it_open(service: MailService, provider: str, fault: str) -> None:
    if (provider, fault) == ("sendgrid", "broken_200"):
        pytest.skip("SendGrid's answer has no body to be broken")
    service.fault(fault)
    assert failure(service.settings(provider)).kind == ErrorKind.UNKNOWN


@pytest.mark.parametrize("provider", SERVICES)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ErrorKind.REJECTED),
        (401, ErrorKind.SENDER_BLOCKED),
        (403, ErrorKind.SENDER_BLOCKED),
        (404, ErrorKind.MISCONFIGURED),
        (429, ErrorKind.RATE_LIMITED),
    ],
)
def test_a_services_refusal_is_certain(service: MailService, provider: str, status: int, kind: ErrorKind) -> None:
    service.refuse(status, {"message": "no"}, **{"Retry-After": "14"})
    error = failure(service.settings(provider))
    assert (error.kind, service.book) == (kind, [])
    assert API_KEY not in f"{error} {error.detail}"
    if status == 429:
        assert (error.retry_after, error.reaction.slows_sender) == (14.0, True)


def test_postmarks_inactive_recipient_is_an_invalid_one(service: MailService) -> None:
    service.refuse(422, {"ErrorCode": 406, "Message": f"You tried to send to inactive recipients: {DAVI}."})
    assert failure(service.settings("postmark")).kind == ErrorKind.INVALID_RECIPIENT


@pytest.mark.parametrize("provider", SERVICES)
def test_no_service_listening_is_unreachable(provider: str) -> None:
    gone = MailService().start()
    values = gone.settings(provider)
    gone.stop()
    assert failure(values).kind == ErrorKind.UNREACHABLE


def test_the_installations_own_mail_settings_are_not_looked_at(service: MailService, settings: Any) -> None:
    settings.EMAIL_HOST, settings.ANYMAIL = (
        "nowhere.test",
        {"MAILGUN_API_KEY": "another", "MAILGUN_API_URL": "http://x/"},
    )
    send(service.settings("mailgun"))
    assert len(service.book) == 1
