"""The webhook doors over real HTTP, on real PostgreSQL."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from twilio.request_validator import RequestValidator

from messaging.channels.whatsapp_twilio.source import KIND
from messaging.models import Channel, EventKey, WebhookEvent
from project.kernel.scope import across_workspaces
from tests.doubles.twilio_forms import FORM_TYPE, inbound_form, sign, status_form

from .hooks import AUTH_TOKEN, PUBLIC, make_channel, post_form, running_doors

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with running_doors() as client:
        yield client


@pytest.fixture
def channel() -> Channel:
    return make_channel()


def test_a_signed_message_is_stored_before_it_is_answered(client: httpx.Client, channel: Channel) -> None:
    form = inbound_form("Hello", message_sid="SM01")
    answer = post_form(client, channel, form, query="?from=double")
    event = WebhookEvent.objects.get()
    assert (answer.status_code, answer.content) == (204, b"")
    assert (event.workspace_id, event.source_id, event.kind) == (channel.workspace_id, channel.pk, "inbound")
    assert (event.key, event.order_key, event.state) == ("SM01", form["From"], "received")
    assert event.query == "from=double"
    assert b"Body=Hello" in bytes(event.body)
    assert set(event.headers) == {"content-type", "user-agent"}
    assert event.due_at == event.received_at


def test_a_repeated_message_is_answered_and_adds_nothing(client: httpx.Client, channel: Channel) -> None:
    form = inbound_form(message_sid="SM02")
    assert [post_form(client, channel, form).status_code for _ in range(3)] == [204, 204, 204]
    assert (WebhookEvent.objects.count(), EventKey.objects.count()) == (1, 1)


def test_one_message_sent_many_times_at_once_is_stored_once(client: httpx.Client, channel: Channel) -> None:
    form = inbound_form(message_sid="SM03")
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: post_form(client, channel, form).status_code, range(64)))
    assert set(answers) == {204}
    assert WebhookEvent.objects.count() == 1


def test_messages_that_arrive_together_are_all_stored(client: httpx.Client, channel: Channel) -> None:
    with ThreadPoolExecutor(16) as threads:
        answers = list(
            threads.map(
                lambda n: post_form(client, channel, inbound_form(f"{n}", message_sid=f"SM{n}")).status_code,
                range(200),
            )
        )
    assert set(answers) == {204}
    assert WebhookEvent.objects.count() == 200


def test_one_sid_at_two_channels_is_two_events(client: httpx.Client, channel: Channel) -> None:
    form = inbound_form(message_sid="SM04")
    assert post_form(client, channel, form).status_code == 204
    assert post_form(client, make_channel(), form).status_code == 204
    assert WebhookEvent.objects.count() == 2


def test_a_status_waits_for_its_own_message_only(client: httpx.Client, channel: Channel) -> None:
    for status in ("sent", "delivered", "delivered"):
        form = status_form(message_sid="SM05", status=status, to="whatsapp:+5511900000001", sender=channel.sender)
        assert post_form(client, channel, form, door="status/", query="?mid=9f1c2d3e-0000").status_code == 204
    events = WebhookEvent.objects.order_by("id")
    assert [(event.kind, event.key, event.order_key) for event in events] == [
        ("status", "SM05:sent", "SM05"),
        ("status", "SM05:delivered", "SM05"),
    ]
    assert events[0].query == "mid=9f1c2d3e-0000"


def test_a_bad_a_missing_and_a_stranger_s_signature_are_refused(client: httpx.Client, channel: Channel) -> None:
    form = inbound_form()
    assert post_form(client, channel, form, auth_token="another").status_code == 403
    assert post_form(client, channel, form, **{"X-Twilio-Signature": ""}).status_code == 403
    assert post_form(client, channel, form, **{"X-Twilio-Signature": "é"}).status_code == 403
    clara = make_channel("clara", auth_token="clara's own")
    signed_for_clara = sign(f"{PUBLIC}/hooks/{KIND}/{clara.token}/inbound/", form, "clara's own")
    assert post_form(client, channel, form, **{"X-Twilio-Signature": signed_for_clara}).status_code == 403
    assert not WebhookEvent.objects.exists()


def test_the_signature_is_checked_against_the_public_address_never_the_host_header(
    client: httpx.Client, channel: Channel
) -> None:
    form = inbound_form()
    path = f"/hooks/{KIND}/{channel.token}/inbound/"
    forged = sign(f"https://forged.example{path}", form, AUTH_TOKEN)
    answer = post_form(client, channel, form, Host="forged.example", **{"X-Twilio-Signature": forged})
    assert answer.status_code == 403
    assert post_form(client, channel, form, Host="forged.example").status_code == 204


def test_a_channel_without_a_public_address_uses_the_installation_s(client: httpx.Client, settings: object) -> None:
    channel = make_channel(public_base_url="")
    form = inbound_form()
    path = f"/hooks/{KIND}/{channel.token}/inbound/"
    signature = sign(f"{settings.PUBLIC_BASE_URL}{path}", form, AUTH_TOKEN)  # type: ignore[attr-defined]
    assert post_form(client, channel, form, **{"X-Twilio-Signature": signature}).status_code == 204


def test_unknown_doors_are_not_found(client: httpx.Client, channel: Channel) -> None:
    hooks, known = f"/hooks/{KIND}", channel.token
    paths = [
        "/hooks/", f"{hooks}/", f"{hooks}/{'x' * 24}/inbound/", f"{hooks}/%00/inbound/", f"{hooks}/{known}/",
        f"{hooks}/{known}/billing/", f"{hooks}/{known}%2Finbound/x/", f"/hooks/carrier_pigeon/{known}/",
        f"/hooks/webchat/{known}/", f"/hooks/calendly/{known}/",
    ]  # fmt: skip
    assert {path: client.post(path, data={"a": "b"}).status_code for path in paths} == dict.fromkeys(paths, 404)


def test_another_method_is_not_allowed(client: httpx.Client, channel: Channel) -> None:
    path = f"/hooks/{KIND}/{channel.token}/inbound/"
    for method in ("GET", "PUT", "DELETE", "OPTIONS", "HEAD"):
        answer = client.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_what_is_not_under_hooks_reaches_the_application_behind(client: httpx.Client) -> None:
    assert [client.get(path).status_code for path in ("/", "/hooks", "/w/acme/inbox/")] == [299] * 3


def test_a_body_that_is_no_form_is_refused(client: httpx.Client, channel: Channel) -> None:
    path = f"/hooks/{KIND}/{channel.token}/inbound/"
    for body, kind in [
        (b'{"a": 1}', "application/json"), (b"", FORM_TYPE), (b"not a form", FORM_TYPE), (b"a=b", "text/plain"),
        (b"&&&", FORM_TYPE), (b"%00=1", FORM_TYPE), (b"a=b", "multipart/form-data; boundary=x"),
    ]:  # fmt: skip
        signature = RequestValidator(AUTH_TOKEN).compute_signature(PUBLIC + path, {})
        answer = client.post(path, content=body, headers={"Content-Type": kind, "X-Twilio-Signature": signature})
        assert answer.status_code == 400, (body, kind)
    assert not WebhookEvent.objects.exists()


def test_a_body_over_the_limit_is_refused_whether_announced_or_not(client: httpx.Client, channel: Channel) -> None:
    form = inbound_form("x" * 3_000_000)
    assert post_form(client, channel, form).status_code == 413
    path = f"/hooks/{KIND}/{channel.token}/inbound/"
    chunks = (b"Body=" + b"x" * 65_536 for _ in range(48))
    answer = client.post(path, content=chunks, headers={"Content-Type": FORM_TYPE})
    assert answer.status_code == 413
    assert post_form(client, channel, inbound_form("still served")).status_code == 204


def test_a_body_just_under_the_limit_is_stored(client: httpx.Client, channel: Channel) -> None:
    assert post_form(client, channel, inbound_form("x" * 1_040_000)).status_code == 204


def test_a_channel_created_after_its_door_was_tried_opens_within_a_second(client: httpx.Client) -> None:
    channel = make_channel()
    token = channel.token
    with across_workspaces():
        Channel.objects.filter(pk=channel.pk).update(token="not-yet-there")
        form = inbound_form()
        assert post_form(client, channel, form).status_code == 404
        Channel.objects.filter(pk=channel.pk).update(token=token)
    time.sleep(1.05)
    assert post_form(client, channel, form).status_code == 204


def test_a_secret_that_was_replaced_is_used_within_a_second(client: httpx.Client, channel: Channel) -> None:
    assert post_form(client, channel, inbound_form()).status_code == 204
    channel.secrets = {"auth_token": "rotated"}
    channel.save(update_fields=["secrets"])
    time.sleep(1.05)
    assert post_form(client, channel, inbound_form(), auth_token="rotated").status_code == 204
    assert post_form(client, channel, inbound_form()).status_code == 403


def test_a_caller_who_hangs_up_in_the_middle_leaves_nothing_behind(client: httpx.Client, channel: Channel) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port or 80)) as caller:
        caller.sendall(
            f"POST /hooks/{KIND}/{channel.token}/inbound/ HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM_TYPE}\r\n"
            "Content-Length: 500\r\n\r\nMessageSid=SM1&Bo".encode()
        )
    assert post_form(client, channel, inbound_form()).status_code == 204
    assert WebhookEvent.objects.count() == 1
