"""Who may knock at an e-mail channel's doors: each service proves itself in its own way."""

import json
from datetime import timedelta

import pytest

from messaging.channels.email import webhook
from messaging.channels.email.source import SOURCE
from messaging.doors.sources import BadSignature, HookRequest, Knock, NoSuchDoor, SourceRow
from tests.cast import NOON
from tests.doubles.mail_service import (
    KEYS,
    Post,
    Sent,
    basic_auth,
    mailgun_mail,
    mime,
    postmark_mail,
    report,
    resend_signed,
    sendgrid_mail,
    sendgrid_signed,
)

SENT = Sent("", "id-1", "", "davi@lima.test", "", "", "", "our-id", {}, None)
REPORTS = {"mailgun": "delivered", "postmark": "Delivery", "sendgrid": "delivered", "resend": "email.delivered"}
MAILS = {
    "mailgun": mailgun_mail(mime(), at=NOON),
    "postmark": postmark_mail(mime()),
    "sendgrid": sendgrid_mail(mime()),
}


def read(provider: str, post: Post, *, door: str = "inbound", secrets: dict[str, str] | None = None) -> Knock:
    assert SOURCE.door
    headers = {"content-type": post.content_type, **{name.lower(): value for name, value in post.headers.items()}}
    request = HookRequest(door, f"/hooks/email/t/{door}/", "", headers, post.body)
    row = SourceRow(1, 1, KEYS.get(provider, {}) if secrets is None else secrets, {"provider": provider})
    return SOURCE.door.read(request, row, NOON)


@pytest.mark.parametrize("provider", MAILS)
def test_a_mail_is_stored_whole_and_in_order(provider: str) -> None:
    knock = read(provider, MAILS[provider])
    assert (knock.kind, knock.order_key) == ("mail", "mails")
    assert read(provider, MAILS[provider]).key == knock.key


@pytest.mark.parametrize("provider", REPORTS)
def test_a_report_waits_for_no_mail(provider: str) -> None:
    knock = read(provider, report(provider, REPORTS[provider], SENT, at=NOON), door="status")
    assert (knock.kind, knock.order_key) == ("status", "reports")


@pytest.mark.parametrize("provider", REPORTS)
def test_a_channel_without_the_secret_believes_nobody(provider: str) -> None:
    with pytest.raises(BadSignature):
        read(provider, report(provider, REPORTS[provider], SENT, at=NOON), door="status", secrets={})


def test_mailguns_signature_is_the_one_of_its_documentation() -> None:
    expected = "d312712a714d69a9d2554507dcfc532d4bbd883c67997e7f1bafcdda4b287bbe"
    assert webhook.sign_mailgun("mgkey", "1765000000", "tok") == expected


def test_a_mailgun_token_is_the_key_so_that_none_is_good_twice() -> None:
    first = mailgun_mail(mime("one"), at=NOON, token="t" * 50)
    again = mailgun_mail(mime("two"), at=NOON, token="t" * 50)
    assert read("mailgun", first).key == read("mailgun", again).key == f"mailgun:{'t' * 50}"


@pytest.mark.parametrize(
    "post",
    [
        mailgun_mail(mime(), at=NOON - timedelta(days=2)),
        Post(b"timestamp=1795176000&token=t&signature=0", "application/x-www-form-urlencoded", {}),
        Post(b"timestamp=now&token=t&signature=0", "application/x-www-form-urlencoded", {}),
        Post(MAILS["mailgun"].body, "text/plain", {}),
        Post(b"", "multipart/form-data; boundary=", {}),
        Post(b"{}", "application/json", {}),
        Post(b'{"signature": {"token": 7, "timestamp": [], "signature": null}}', "application/json", {}),
        Post(b"[" * 10_000, "application/json", {}),
    ],
)
def test_what_mailgun_did_not_sign_is_refused(post: Post) -> None:
    with pytest.raises(BadSignature):
        read("mailgun", post)


@pytest.mark.parametrize("headers", [{}, basic_auth("baton:wrong-word"), {"Authorization": "Bearer x"}])
@pytest.mark.parametrize("provider", ["postmark", "sendgrid"])
def test_a_wrong_login_is_refused(provider: str, headers: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        read(provider, Post(MAILS[provider].body, MAILS[provider].content_type, headers))


def test_a_sendgrid_event_with_another_body_is_refused() -> None:
    signed = sendgrid_signed(b"[]", at=NOON)
    with pytest.raises(BadSignature):
        read("sendgrid", Post(b"[{}]", signed.content_type, signed.headers), door="status")
    forged = {"X-Twilio-Email-Event-Webhook-Signature": "AAAA"}
    login = Post(signed.body, signed.content_type, {**signed.headers, **basic_auth(), **forged})
    with pytest.raises(BadSignature):
        read("sendgrid", login, door="status")


@pytest.mark.parametrize("key", ["", "no key", "AAAA", "é"])
def test_a_public_key_that_is_none_opens_nothing(key: str) -> None:
    with pytest.raises(BadSignature):
        read("sendgrid", sendgrid_signed(b"[]", at=NOON), door="status", secrets={"webhook_key": key})


def test_resend_signs_id_time_and_body() -> None:
    body = json.dumps({"type": "email.sent", "data": {}}).encode()
    signed = resend_signed(body, at=NOON, message_id="msg_7")
    assert read("resend", signed, door="status").key == "resend:msg_7"
    for changed in (
        Post(body + b" ", signed.content_type, signed.headers),
        Post(body, signed.content_type, {**signed.headers, "svix-id": "msg_8"}),
        resend_signed(body, at=NOON - timedelta(minutes=6)),
    ):
        with pytest.raises(BadSignature):
            read("resend", changed, door="status")


def test_smtp_has_no_service_that_could_knock() -> None:
    with pytest.raises(BadSignature):
        read("smtp", Post(b"{}", "application/json", basic_auth()))


def test_there_are_two_doors() -> None:
    with pytest.raises(NoSuchDoor):
        read("postmark", MAILS["postmark"], door="events")
