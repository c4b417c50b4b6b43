"""An e-mail channel's settings, the live check of them, and its mailbox."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from messaging.channels.email.checks import PROVIDERS
from messaging.transports import (
    ErrorKind,
    InvalidSettings,
    TransportError,
    fetch_new,
    has_mailbox,
    settings_of,
    validate_settings,
    verify,
)
from messaging.verification import Verified
from tests.doubles.mail_server import PASSWORD, ImapDouble, SmtpDouble
from tests.doubles.mail_service import API_KEY, SENDER, MailService, mime

SMTP = {"sender": SENDER, "provider": "smtp", "smtp_host": "smtp.acme.test"}


@pytest.fixture
def service() -> Iterator[MailService]:
    with MailService() as double:
        yield double


@pytest.fixture
def imap() -> Iterator[ImapDouble]:
    with ImapDouble() as double:
        yield double


@pytest.fixture
def smtp() -> Iterator[SmtpDouble]:
    with SmtpDouble() as double:
        yield double


# -- settings ------------------------------------------------------------------------------------------------------


def problems(**values: str) -> dict[str, str]:
    with pytest.raises(InvalidSettings) as refused:
        validate_settings("email", values)
    return refused.value.problems


def test_secrets_are_sealed_and_the_rest_is_not() -> None:
    config, secrets = validate_settings("email", {**SMTP, "smtp_user": "u", "smtp_password": PASSWORD})
    assert secrets == {"smtp_password": PASSWORD}
    assert config == {**SMTP, "smtp_user": "u"}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_a_provider_needs_is_required(provider: str) -> None:
    needed = "smtp_host" if provider == "smtp" else "api_key"
    assert problems(sender=SENDER, provider=provider) == {needed: "is required"}


def test_a_mailbox_needs_a_password() -> None:
    assert problems(**SMTP, imap_host="imap.acme.test") == {"imap_password": "is required"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sender", "Acme <sales@acme.test>"),
        ("sender", ""),
        ("provider", "pigeon"),
        ("smtp_host", "smtp.acme.test\r\nx"),
        ("smtp_host", "-"),
        ("smtp_port", "0"),
        ("smtp_port", "65536"),
        ("smtp_port", "²"),
        ("smtp_security", "ssl3"),
        ("from_name", "Acme\r\nBcc: x@y.test"),
        ("subject", "   "),
        ("webhook_login", "no-password"),
        ("webhook_login", "baton:short"),
        ("count_opens", "maybe"),
        ("reply_address", "nobody"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(name: str, value: str) -> None:
    assert name in problems(**{**SMTP, name: value})


def test_a_secret_is_never_repeated() -> None:
    assert "hunter2" not in str(problems(**SMTP, webhook_login="hunter2"))


def test_a_form_offers_what_may_be_chosen() -> None:
    choices = {setting.name: setting.choices for setting in settings_of("email") if setting.choices}
    assert choices["provider"] == PROVIDERS
    assert choices["smtp_security"] == ("starttls", "tls", "none")


# -- the live check ------------------------------------------------------------------------------------------------


def check(values: dict[str, str]) -> Verified:
    config, secrets = validate_settings("email", values)
    return verify("email", config, secrets, {})


@pytest.mark.parametrize("provider", ["mailgun", "postmark", "sendgrid", "resend"])
def test_a_service_is_asked_about_its_key(service: MailService, provider: str) -> None:
    good = check(service.settings(provider))
    assert (good.problems, good.doubts) == ((), ())
    assert good.found.endswith("knows the API key.")
    [problem] = check({**service.settings(provider), "api_key": "wrong"}).problems
    assert (problem.setting, "does not accept the API key" in problem.what) == ("api_key", True)
    assert API_KEY not in str(good) + str(problem)


@pytest.mark.parametrize("provider", ["mailgun", "resend"])
def test_a_domain_that_is_not_verified_is_a_doubt(service: MailService, provider: str) -> None:
    service.is_verified = False
    found = check(service.settings(provider))
    assert found.problems == ()
    assert "has not verified acme.test" in found.doubts[0].what


def test_a_domain_that_mailgun_does_not_know_is_a_problem(service: MailService) -> None:
    [problem] = check({**service.settings("mailgun"), "mailgun_domain": "other.test"}).problems
    assert (problem.setting, problem.what) == ("mailgun_domain", "Mailgun does not know the domain other.test.")


def test_a_service_that_says_nothing_refuses_nobody(service: MailService) -> None:
    values = service.settings("postmark")
    service.stop()
    found = check(values)
    assert (found.problems, "did not answer" in found.doubts[0].what) == ((), True)


def test_a_channel_that_believes_nobody_is_told(service: MailService) -> None:
    values = {name: value for name, value in service.settings("postmark").items() if name != "webhook_login"}
    assert "Nothing that the service tells is believed" in check(values).doubts[0].what


def test_a_mail_server_and_its_mailbox_are_tried(smtp: SmtpDouble, imap: ImapDouble) -> None:
    values = {**SMTP, **smtp.settings(), **imap.settings()}
    good = check(values)
    assert good.found == "127.0.0.1 lets us send. The mailbox at 127.0.0.1 is open."
    assert (good.problems, good.doubts) == ((), ())
    wrong = check({**values, "smtp_password": "wrong", "imap_password": "wrong"})
    assert [problem.setting for problem in wrong.problems] == ["smtp_password", "imap_password"]
    [folder] = check({**values, "imap_folder": "Sales"}).problems
    assert (folder.setting, folder.what) == ("imap_folder", "In the mailbox there is no folder Sales.")


def test_a_mail_server_without_a_mailbox_hears_no_answers(smtp: SmtpDouble) -> None:
    assert check({**SMTP, **smtp.settings()}).doubts[0].what == "Answers to this address are not taken in."


def test_encryption_that_is_not_there_is_a_problem(smtp: SmtpDouble) -> None:
    [problem] = check({**SMTP, **smtp.settings(), "smtp_security": "starttls"}).problems
    assert problem.setting == "smtp_security"


def test_a_server_that_is_away_refuses_nobody(smtp: SmtpDouble) -> None:
    values = {**SMTP, **smtp.settings()}
    smtp.fault("drop_at_greeting")
    found = check(values)
    assert (found.problems, "did not answer" in found.doubts[0].what) == ((), True)


# -- the mailbox ---------------------------------------------------------------------------------------------------


def look(imap: ImapDouble, cursor: Any = None, **changes: str) -> Any:
    config, secrets = validate_settings("email", {**SMTP, **imap.settings(), **changes})
    assert has_mailbox("email", config)
    return fetch_new("email", config, secrets, cursor or {})


def test_a_channel_without_imap_has_no_mailbox() -> None:
    assert not has_mailbox("email", SMTP)
    assert not has_mailbox("telegram", {"imap_host": "x"})


def test_what_lay_there_before_is_not_taken_in_and_what_comes_is_once(imap: ImapDouble) -> None:
    imap.deliver(mime("old"))
    first = look(imap)
    assert (first.events, imap.read) == ((), [])
    imap.deliver(mime("new", message_id="<new@lima.test>"))
    second = look(imap, first.cursor)
    assert [(event.kind, event.key, event.order_key) for event in second.events] == [
        ("mime", "<new@lima.test>", "mails")
    ]
    third = look(imap, second.cursor)
    assert (third.events, imap.read) == ((), [2])


def test_many_are_read_some_at_a_time(imap: ImapDouble) -> None:
    cursor = look(imap).cursor
    for number in range(45):
        imap.deliver(mime(f"{number}", message_id=f"<{number}@lima.test>"))
    keys, more = [], True
    while more:
        found = look(imap, cursor)
        keys += [event.key for event in found.events]
        cursor, more = found.cursor, found.has_more
    assert keys == [f"<{number}@lima.test>" for number in range(45)]


def test_mails_that_were_numbered_anew_are_read_again_and_known_by_their_ids(imap: ImapDouble) -> None:
    cursor = look(imap).cursor
    imap.deliver(mime(message_id="<1@lima.test>"))
    before = look(imap, cursor)
    imap.renumber()
    after = look(imap, before.cursor)
    assert [event.key for event in after.events] == [event.key for event in before.events]
    assert look(imap, after.cursor).events == ()


def test_a_mail_without_an_id_is_known_by_its_number(imap: ImapDouble) -> None:
    cursor = look(imap).cursor
    imap.deliver(b"From: davi@lima.test\r\n\r\nMessage-ID: <in-the-body@lima.test>")
    [event] = look(imap, cursor).events
    assert event.key == "7:1"


def test_a_mail_that_was_taken_away_meanwhile_stops_nobody(imap: ImapDouble) -> None:
    cursor = look(imap).cursor
    imap.deliver(b"")
    imap.deliver(mime(message_id="<2@lima.test>"))
    assert [event.key for event in look(imap, cursor).events] == ["<2@lima.test>"]


def test_a_mailbox_that_refuses_or_is_away_says_which(imap: ImapDouble, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(TransportError) as refused:
        look(imap, imap_password="hunter2")
    assert refused.value.kind == ErrorKind.SENDER_BLOCKED
    imap.is_down = True
    with pytest.raises(TransportError) as away:
        look(imap)
    assert away.value.kind == ErrorKind.UNREACHABLE
    assert "hunter2" not in f"{refused.value} {caplog.text}"
