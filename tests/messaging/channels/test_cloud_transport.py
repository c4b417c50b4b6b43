"""Sending to the double of Meta over HTTP: every way in which a call may end."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from messaging.channels.whatsapp_cloud import transport as cloud_transport
from messaging.channels.whatsapp_cloud.transport import CloudTransport
from messaging.transports import ErrorKind, Outgoing, TransportError
from tests.cast import NOON
from tests.doubles.cloud import CloudDouble
from tests.doubles.cloud_updates import ACCESS_TOKEN, NUMBER_ID

DAVI = "+5511987654321"
HELLO = Outgoing(message_id="m1", to=DAVI, body="Olá, Davi")


@pytest.fixture
def meta() -> Iterator[CloudDouble]:
    with CloudDouble() as double:
        yield double


@pytest.fixture
def transport(meta: CloudDouble, monkeypatch: pytest.MonkeyPatch) -> CloudTransport:
    monkeypatch.setattr(cloud_transport, "READ_SECONDS", 1.0)
    return connected_to(meta.url)


def connected_to(api_base: str, *, access_token: str = ACCESS_TOKEN) -> CloudTransport:
    return cloud_transport.build({"phone_number_id": NUMBER_ID, "api_base": api_base}, {"access_token": access_token})


def refusal_of(transport: CloudTransport, outgoing: Outgoing = HELLO) -> TransportError:
    with pytest.raises(TransportError) as refused:
        transport.send(outgoing)
    return refused.value


def sent(meta: CloudDouble, transport: CloudTransport, **options: Any) -> dict[str, Any]:
    transport.send(Outgoing(**{"message_id": "m1", "to": DAVI, "body": "Olá", **options}))
    [accepted] = meta.messages()
    return accepted.content


def test_an_accepted_message_gives_its_id_and_carries_ours(meta, transport):
    receipt = transport.send(HELLO)

    [accepted] = meta.messages()
    assert (receipt.provider_id, receipt.status) == (accepted.id, "accepted")
    assert (accepted.to, accepted.body, accepted.our_id) == (DAVI, "Olá, Davi", "m1")


def test_somebody_who_hides_the_phone_is_written_to_by_id(meta, transport):
    content = sent(meta, transport, to="BR.13491208655302741918")

    assert content["recipient"] == "BR.13491208655302741918"
    assert "to" not in content


@pytest.mark.parametrize(
    ("url", "kind", "about"),
    [
        ("https://x.test/a.jpg?v=1", "image", {"caption": "Look"}),
        ("https://x.test/a.mp4", "video", {"caption": "Look"}),
        ("https://x.test/a.mp3", "audio", {}),
        ("https://x.test/offer.pdf", "document", {"caption": "Look", "filename": "offer.pdf"}),
        ("https://x.test/", "document", {"caption": "Look"}),
    ],
)
def test_media_leave_by_their_address_with_the_words_as_caption(meta, transport, url, kind, about):
    content = sent(meta, transport, body="Look", media=(url,))

    assert (content["type"], content[kind]) == (kind, {"link": url, **about})


def test_a_template_leaves_with_numbered_or_named_variables(meta, transport):
    content = sent(meta, transport, content_sid="order_update/pt_BR", content_variables={"1": "Ana", "first_name": "B"})

    parameters = [{"type": "text", "text": "Ana"}, {"type": "text", "text": "B", "parameter_name": "first_name"}]
    assert content["template"] == {
        "name": "order_update",
        "language": {"code": "pt_BR"},
        "components": [{"type": "body", "parameters": parameters}],
    }


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (131047, ErrorKind.WINDOW_CLOSED),
        (131050, ErrorKind.OPTED_OUT),
        (131026, ErrorKind.INVALID_RECIPIENT),
        (131048, ErrorKind.SENDER_BLOCKED),
        (131031, ErrorKind.SENDER_BLOCKED),
        (190, ErrorKind.SENDER_BLOCKED),
        (200, ErrorKind.SENDER_BLOCKED),
        (130429, ErrorKind.RATE_LIMITED),
        (131056, ErrorKind.RATE_LIMITED),
        (80007, ErrorKind.RATE_LIMITED),
        (132001, ErrorKind.MISCONFIGURED),
        (100, ErrorKind.MISCONFIGURED),
        (131049, ErrorKind.REJECTED),
        (999999, ErrorKind.REJECTED),
        (131000, ErrorKind.UNKNOWN),
        (131016, ErrorKind.UNKNOWN),
    ],
)
def test_a_refusal_is_named_by_its_code(meta, transport, code, kind):
    meta.fault("error", code=code)

    error = refusal_of(transport)

    assert (error.kind, error.code) == (kind, str(code))
    assert meta.messages() == []


def test_what_was_too_fast_was_never_carried_out(meta, transport):
    meta.fault("error", code=4, status=429)
    meta.fault("429_html")

    assert [refusal_of(transport).kind for _ in range(2)] == [ErrorKind.RATE_LIMITED] * 2
    assert meta.messages() == []


def test_a_burst_to_one_person_is_refused_by_the_pair_rate(transport, meta):
    meta.is_pair_limited = True
    for _ in range(45):
        transport.send(HELLO)

    error = refusal_of(transport)
    assert (error.kind, error.code, error.reaction.slows_sender) == (ErrorKind.RATE_LIMITED, "131056", False)


@pytest.mark.parametrize(
    "fault",
    [
        "hang_after_accept", "reset_after_accept", "503_after_accept", "broken_200", "empty_200", "cut_200",
        "unexpected_200", "id_missing", "hang_before_accept", "reset", "503_html",
    ],
)  # fmt: skip
def test_whatever_leaves_it_open_is_unknown(meta, transport, fault):
    meta.fault(fault)

    assert refusal_of(transport).kind == ErrorKind.UNKNOWN


def test_an_error_500_is_unknown_whatever_its_code(meta, transport):
    meta.fault("error", code=131026, status=500)

    assert refusal_of(transport).kind == ErrorKind.UNKNOWN


def test_nobody_at_the_address_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert refusal_of(connected_to(f"http://127.0.0.1:{port}")).kind == ErrorKind.UNREACHABLE
    assert refusal_of(connected_to("http://nowhere.invalid")).kind == ErrorKind.UNREACHABLE


def test_a_wrong_token_stops_the_sender_and_is_told_nowhere(meta, caplog):
    caplog.set_level("DEBUG")
    error = refusal_of(connected_to(meta.url, access_token="EAAG-of-somebody-else"))

    assert (error.kind, error.code) == (ErrorKind.SENDER_BLOCKED, "190")
    assert "somebody-else" not in f"{error} {error.detail} {caplog.text}"


def test_text_that_cannot_be_encoded_never_leaves(meta, transport):
    error = refusal_of(transport, Outgoing("m1", DAVI, "half an emoji \ud83d"))

    assert error.kind == ErrorKind.REJECTED
    assert meta.messages() == []


def test_messages_cannot_be_listed(transport):
    with pytest.raises(TransportError, match="no list"):
        transport.list_recent(since=NOON)
