"""What a mail says, in whichever shape it comes: who, what is new, which thread, and whether a machine wrote it."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from messaging.channels.email.automatic import why_automatic
from messaging.channels.email.letters import Letter, read_letter, read_mime
from messaging.channels.email.reading import Mail, media_of, newest_part, read_mail, text_of
from messaging.channels.email.reports import failure_in, read_report
from messaging.incoming import UnreadablePayload
from tests.cast import NOON
from tests.doubles.mail_service import (
    DAVI,
    SENDER,
    Post,
    Sent,
    mailgun_mail,
    mime,
    postmark_mail,
    report,
    sendgrid_mail,
)
from tests.messaging.test_hostile_bodies import hostile_names, hostile_texts

OURS = UUID("0190f3c8-0000-7000-8000-000000000001")
SHAPES: dict[str, Callable[[bytes], Post]] = {
    "mailgun": lambda raw: mailgun_mail(raw, at=NOON),
    "mailgun mime": lambda raw: mailgun_mail(raw, at=NOON, is_mime=True),
    "postmark": postmark_mail,
    "postmark mime": lambda raw: postmark_mail(raw, is_mime=True),
    "sendgrid": sendgrid_mail,
    "sendgrid mime": lambda raw: sendgrid_mail(raw, is_mime=True),
    "imap": lambda raw: Post(raw, "message/rfc822", {}),
}


def letter_of(post: Post) -> Letter:
    return read_letter(post.body, post.content_type)


def mail_of(raw: bytes) -> Mail:
    return read_mail(read_mime(raw), received_at=NOON)


# -- the shapes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_says_the_same(shape: str) -> None:
    raw = mime(
        "Olá, quanto custa?",
        subject="Preços",
        html="<p>Olá, <b>quanto custa?</b><script>x()</script></p>",
        files=(("plano.pdf", "application/pdf", b"%PDF-1.4 \r\n--xYzZ\r\n"), ("a.png", "image/png", b"\x89PNG")),
        In_Reply_To=f"<{OURS}@acme.test>",
        References=f"<first@lima.test> <{OURS}@acme.test>",
    )
    letter = letter_of(SHAPES[shape](raw))
    mail = read_mail(letter, received_at=NOON)
    assert (mail.address, mail.name, mail.subject, mail.body) == (DAVI, "Davi Lima", "Preços", "Olá, quanto custa?")
    assert (mail.references, mail.answered) == (("<first@lima.test>", f"<{OURS}@acme.test>"), (OURS,))
    assert mail.message_id.endswith("@lima.test>")
    assert "quanto custa" in mail.html and "script" not in mail.html
    assert [(item["file_name"], item["content_type"], item["file_id"]) for item in media_of(letter, "x")] == [
        ("plano.pdf", "application/pdf", "part:0"), ("a.png", "image/png", "part:1"),
    ]  # fmt: skip
    assert [file.content for file in letter.files] == [b"%PDF-1.4 \r\n--xYzZ\r\n", b"\x89PNG"]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_token_in_the_address_names_what_is_answered(shape: str) -> None:
    to = f"sales+{OURS.hex}@acme.test"
    letter = letter_of(SHAPES[shape](mime(to=to)))
    assert read_mail(letter, received_at=NOON).answered == (OURS,)


def test_the_envelope_may_name_it_where_the_header_does_not() -> None:
    to = f"sales+{OURS.hex}@acme.test"
    for post in (mailgun_mail(mime(), at=NOON, to=to), postmark_mail(mime(), to=to), sendgrid_mail(mime(), to=to)):
        assert read_mail(letter_of(post), received_at=NOON).answered == (OURS,)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"a=b", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"[]", "application/json"),
        (b'{"Headers": 7}', "application/json"),
        (b'{"Headers": [7, {"Name": 1}], "From": [], "Attachments": {}}', "application/json"),
        (b"[" * 10_000, "application/json"),
        (b"\x00", ""),
        (b"", "message/rfc822"),
        (b"\r\n\r\nno headers", "message/rfc822"),
        (b"Subject: from nobody\r\n\r\n", "message/rfc822"),
        (b"From: Davi\r\n\r\n", "message/rfc822"),
    ],
)
def test_what_is_no_mail_is_parked_with_a_reason(body: bytes, content_type: str) -> None:
    with pytest.raises(UnreadablePayload, match=r".+"):
        read_mail(read_letter(body, content_type), received_at=NOON)


def test_a_mail_nested_ten_thousand_deep_is_unreadable_and_nothing_worse() -> None:
    raw = b"From: a@b.test\r\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(10_000)
    )
    with pytest.raises(UnreadablePayload):
        read_mime(raw)


def test_hostile_words_and_names_are_read_as_they_stand() -> None:
    texts, names = hostile_texts(), hostile_names()
    for number, text in enumerate(texts):
        plain = text.encode("utf-8", "replace").decode().replace("\x00", "")
        name = names[number % len(names)].encode("utf-8", "replace").decode()
        told = {"From": f'"{name}" <{DAVI}>', "Headers": [], "Subject": plain, "TextBody": plain, "HtmlBody": plain}
        mail = read_mail(read_letter(json.dumps(told).encode(), "application/json"), received_at=NOON)
        assert mail.address == DAVI
        assert "\x00" not in mail.body + mail.html + mail.subject + mail.name


@pytest.mark.parametrize(
    "header", ["=?utf-8?b?/////w==?=", "=?x-nobody?q?=FF?=", "=?utf-8?q?=F0?=", "é" * 5000, "\ud800"]
)
def test_a_header_that_nobody_can_decode_is_shown_as_it_stands(header: str) -> None:
    raw = f"From: {DAVI}\r\nSubject: {header}\r\n\r\nHello".encode("utf-8", "surrogatepass")
    assert mail_of(raw).body == "Hello"


# -- what is new ---------------------------------------------------------------------------------------------------

QUOTED = [
    "Sim, pode ser.\n\nEm sex., 20 de nov. de 2026 às 12:00, Acme <sales@acme.test> escreveu:\n\n> Amanhã às 10h?\n",
    "Sim, pode ser.\n\nOn Fri, Nov 20, 2026 at 12:00 PM Acme <sales@acme.test> wrote:\n> Tomorrow at 10?\n",
    "Sim, pode ser.\n\n> Tomorrow at 10?\n> Yes or no\n",
    "Sim, pode ser.\n\n-----Original Message-----\nFrom: Acme\nSent: Friday\nTo: Davi\nSubject: Re: x\n\nTomorrow?\n",
    "Sim, pode ser.\n\n-----Mensagem original-----\nDe: Acme\n\nAmanhã?\n",
    "Sim, pode ser.\n\nAm Fr., 20. Nov. 2026 um 12:00 Uhr schrieb Acme <sales@acme.test>:\n\n> Morgen?\n",
    "Sim, pode ser.\r\n\r\nEl vie, 20 nov 2026 a las 12:00, Acme (<sales@acme.test>) escribió:\r\n\r\n> ¿Mañana?\r\n",
    "Sim, pode ser.\n\nLe ven. 20 nov. 2026 à 12:00, Acme <sales@acme.test> a écrit :\n\n> Demain ?\n",
]


@pytest.mark.parametrize("text", QUOTED)
def test_of_an_answer_only_what_is_new_is_said(text: str) -> None:
    assert newest_part(text) == "Sim, pode ser."


@pytest.mark.parametrize("text", ["", "Hello", "> only a quotation", "I wrote: yes", "Price: 5 > 3\nand more"])
def test_nothing_is_cut_where_nothing_is_quoted(text: str) -> None:
    assert newest_part(text) == text


def test_the_whole_text_is_kept_beside_it() -> None:
    mail = mail_of(mime(QUOTED[1]))
    assert (mail.body, "Tomorrow at 10?" in mail.text) == ("Sim, pode ser.", True)


def test_a_mail_of_html_alone_has_words() -> None:
    html = "<style>p{}</style><p>Olá &amp; bom dia,</p><div>quanto<br>custa?</div><script>alert(1)</script>"
    assert text_of(html).split("\n") == ["Olá & bom dia,", "quanto", "custa?", ""]


def test_a_mail_without_words_says_its_subject() -> None:
    assert mail_of(mime("\n", subject="Please call me")).body == "Please call me"


@pytest.mark.parametrize(
    "text",
    [
        "x" * 3_000_000,
        "> " * 100_000,
        "On " * 50_000,
        ("On " * 130 + "\n") * 60,
        "\n" * 500_000,
        "-" * 300_000,
        "<br" * 90_000,
    ],
)
def test_no_mail_is_thought_about_for_long(text: str) -> None:
    began = time.process_time()
    newest_part(text)
    text_of(text)
    assert time.process_time() - began < 5


def test_a_long_line_stays_where_it_was() -> None:
    long = "word " * 300
    assert newest_part(f"Before\n{long}\nafter\n\nOn Friday Acme wrote:\n> x") == f"Before\n{long}\nafter"


# -- who and which -------------------------------------------------------------------------------------------------


def test_a_display_name_says_nothing_about_who_wrote() -> None:
    raw = mime(sender='"ana@acme.test" <Davi@LIMA.test>')
    assert (mail_of(raw).address, mail_of(raw).name) == (DAVI, "ana@acme.test")


def test_a_mail_without_an_id_is_known_by_what_it_says() -> None:
    raw = f"From: {DAVI}\r\nSubject: x\r\n\r\nHello".encode()
    assert mail_of(raw).provider_id == mail_of(raw).provider_id
    assert mail_of(raw).provider_id != mail_of(raw + b"!").provider_id


def test_a_long_id_is_known_by_its_hash() -> None:
    mail = mail_of(mime(message_id=f"<{'x' * 500}@lima.test>"))
    assert mail.provider_id.startswith("sha256:") and len(mail.provider_id) <= 160


@pytest.mark.parametrize(
    ("date", "back"),
    [
        ("Fri, 20 Nov 2026 08:00:00 -0300", timedelta(hours=1)),
        ("Fri, 20 Nov 2026 11:00:00", timedelta(hours=1)),
        ("Sat, 21 Nov 2026 12:00:00 +0000", timedelta(0)),
        ("Thu, 1 Jan 1970 00:00:00 +0000", timedelta(0)),
        ("yesterday", timedelta(0)),
        ("Fri, 20 Nov 99999 12:00:00 +0000", timedelta(0)),
    ],
)
def test_the_time_is_the_mails_own_where_it_can_be(date: str, back: timedelta) -> None:
    assert mail_of(mime(Date=date)).at == NOON - back


# -- machines ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "headers", "why"),
    [
        (DAVI, {}, ""),
        (DAVI, {"Auto_Submitted": "no"}, ""),
        (DAVI, {"Auto_Submitted": "auto-replied; owner-email=x"}, "an automatic answer"),
        (DAVI, {"Auto_Submitted": "auto-generated"}, "an automatic answer"),
        (DAVI, {"X_Autoreply": "yes"}, "an automatic answer"),
        (DAVI, {"Precedence": "bulk"}, "a mass mailing"),
        (DAVI, {"Precedence": "List"}, "a mailing list"),
        (DAVI, {"List_Id": "<news.lima.test>"}, "a mailing list"),
        (DAVI, {"Return_Path": "<>"}, "a mail server's report"),
        ("mailer-daemon@lima.test", {}, "a mail server's report"),
        ("postmaster@lima.test", {}, "a mail server's report"),
        (SENDER, {}, "it came from this channel's own address"),
        (f"sales+{OURS.hex}@acme.test", {}, "it came from this channel's own address"),
    ],
)
def test_a_machine_is_known_by_what_it_says_of_itself(sender: str, headers: dict[str, str], why: str) -> None:
    letter = read_mime(mime(sender=sender, **headers))
    assert why_automatic(letter, sender, {SENDER}) == why


# -- what became of ours -------------------------------------------------------------------------------------------

UNSUBSCRIBED_BY_HAND = {"SuppressSending": True, "SuppressionReason": "ManualSuppression"}
SENT = Sent("", "<id@acme.test>", "", DAVI, "", "", "", str(OURS), {}, None)


@pytest.mark.parametrize(
    ("provider", "told", "more", "what", "code"),
    [
        ("mailgun", "delivered", {}, "delivered", ""),
        ("mailgun", "failed", {"delivery-status": {"enhanced-code": "5.1.1"}}, "failed", "5.1.1"),
        ("mailgun", "failed", {"severity": "permanent", "reason": "suppress-bounce"}, "failed", "suppressed"),
        ("mailgun", "failed", {"severity": "permanent", "delivery-status": None}, "failed", "bounced"),
        ("mailgun", "failed", {"severity": "temporary"}, "", ""),
        ("mailgun", "complained", {}, "complained", ""),
        ("mailgun", "unsubscribed", {}, "unsubscribed", ""),
        ("mailgun", "opened", {}, "opened", ""),
        ("mailgun", "clicked", {}, "", ""),
        ("postmark", "Delivery", {}, "delivered", ""),
        ("postmark", "Bounce", {"Type": "HardBounce"}, "failed", "bounced"),
        ("postmark", "Bounce", {"Type": "BadEmailAddress"}, "failed", "invalid"),
        ("postmark", "Bounce", {"Type": "SoftBounce"}, "", ""),
        ("postmark", "Bounce", {"Type": "AutoResponder"}, "", ""),
        ("postmark", "SpamComplaint", {}, "complained", ""),
        ("postmark", "SubscriptionChange", UNSUBSCRIBED_BY_HAND, "unsubscribed", ""),
        ("postmark", "SubscriptionChange", {"SuppressSending": True, "SuppressionReason": "HardBounce"}, "", ""),
        ("postmark", "SubscriptionChange", {"SuppressSending": False}, "", ""),
        ("postmark", "Open", {}, "opened", ""),
        ("sendgrid", "processed", {}, "", ""),
        ("sendgrid", "delivered", {}, "delivered", ""),
        ("sendgrid", "bounce", {"status": "5.1.1", "reason": "550 no such user"}, "failed", "5.1.1"),
        ("sendgrid", "bounce", {"type": "blocked", "status": "4.0.0"}, "failed", "blocked"),
        ("sendgrid", "dropped", {"reason": "Bounced Address"}, "failed", "suppressed"),
        ("sendgrid", "dropped", {"reason": "Unsubscribed Address"}, "failed", "unsubscribed"),
        ("sendgrid", "deferred", {}, "", ""),
        ("sendgrid", "spamreport", {}, "complained", ""),
        ("sendgrid", "group_unsubscribe", {}, "unsubscribed", ""),
        ("resend", "email.delivered", {}, "delivered", ""),
        ("resend", "email.bounced", {"bounce": {"message": "sent a hard bounce message"}}, "failed", "bounced"),
        ("resend", "email.bounced", {"bounce": {"message": "Resend has suppressed sending"}}, "failed", "suppressed"),
        ("resend", "email.failed", {"failed": {"reason": "quota"}}, "failed", "failed"),
        ("resend", "email.complained", {}, "complained", ""),
        ("resend", "email.delivery_delayed", {}, "", ""),
    ],
)  # fmt: skip
def test_every_report_is_understood(provider: str, told: str, more: dict[str, Any], what: str, code: str) -> None:
    content = json.loads(report(provider, told, SENT, at=NOON, **more).body)
    found = read_report(content[0] if isinstance(content, list) else content)
    assert (found.what, found.code, found.our_id, found.provider_id) == (what, code, str(OURS), SENT.id)


@pytest.mark.parametrize(
    "content", [None, 7, [], {}, {"event-data": []}, {"type": 7}, {"RecordType": None}, {"event": {}}]
)
def test_what_is_no_report_is_parked_or_concerns_nobody(content: Any) -> None:
    try:
        assert read_report(content).what == ""
    except UnreadablePayload as error:
        assert str(error)


DSN = (
    "From: mailer-daemon@mx.test\r\nTo: sales@acme.test\r\nSubject: Undeliverable\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
    "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.test\r\n\r\n"
    "Final-Recipient: rfc822; gone@lima.test\r\nAction: {action}\r\nStatus: {status}\r\n"
    "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n"
    "--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{ours}@acme.test>\r\nSubject: Hi\r\n--b--\r\n"
)


def test_a_mail_servers_report_names_the_mail_and_why_it_failed() -> None:
    letter = read_mime(DSN.format(action="failed", status="5.1.1", ours=OURS).encode())
    assert failure_in(letter) == ("5.1.1", "550 5.1.1 no such user")
    assert read_mail(letter, received_at=NOON).answered == (OURS,)


def test_a_mail_that_is_only_late_has_not_failed() -> None:
    assert failure_in(read_mime(DSN.format(action="delayed", status="4.4.1", ours=OURS).encode())) is None
    assert failure_in(read_mime(mime("Action: failed"))) is None
