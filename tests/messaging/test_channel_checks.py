"""`channels check`: what is wrong with a channel and how to mend it, in one line each."""

import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from messaging.models import Channel
from messaging.services import connecting
from messaging.services.channel_checks import Report, check_channel
from messaging.services.connecting import change_channel, connect_channel
from messaging.services.inbox import store_event
from project.kernel import clock
from project.kernel.errors import WrongValues
from project.kernel.scope import workspace_scope
from tests.cast import NOON, found
from tests.doubles.twilio import ACCOUNT_SID, AUTH_TOKEN, TwilioDouble

pytestmark = pytest.mark.django_db

PUBLIC = "https://baton.acme.test"


@pytest.fixture(autouse=True)
def _public(settings: LazySettings) -> None:
    settings.PUBLIC_BASE_URL = PUBLIC


@pytest.fixture
def twilio() -> Iterator[TwilioDouble]:
    with TwilioDouble() as double:
        yield double


@pytest.fixture
def channel(twilio: TwilioDouble) -> Channel:
    return connect(twilio)


def connect(twilio: TwilioDouble, **changes: str) -> Channel:
    values = {
        "account_sid": ACCOUNT_SID,
        "auth_token": AUTH_TOKEN,
        "sender": "whatsapp:+14155238886",
        "api_base": twilio.url,
        **changes,
    }
    acme = found("acme", "ana@acme.test")
    with workspace_scope(acme):
        return connect_channel(workspace=acme, kind="whatsapp_twilio", name="Sales", values=values, now=NOON).channel


def check(channel: Channel, now: Any = NOON, **changes: Any) -> Report:
    with workspace_scope(channel.workspace):
        Channel.objects.filter(pk=channel.pk).update(**changes)
        return check_channel(Channel.objects.select_related("workspace").get(), now)


def run_check(*words: str) -> tuple[str, int]:
    """What is printed, and the exit code."""
    out = StringIO()
    try:
        call_command("channels", "check", *words, stdout=out)
    except CommandError as error:
        return out.getvalue(), error.returncode
    return out.getvalue(), 0


def test_a_channel_that_works_is_well(channel: Channel) -> None:
    report = check(channel)
    assert (report.is_well, report.line) == (True, "Twilio's account “Acme” is active.")


def test_a_token_that_was_replaced_at_the_provider_is_named(channel: Channel, twilio: TwilioDouble) -> None:
    twilio.auth_token = "the new one"
    assert check(channel).line.startswith("Twilio does not accept the account SID and auth token. Copy")


def test_a_paused_sender_says_why_and_what_ends_it(channel: Channel) -> None:
    report = check(channel, paused_at=NOON, paused_reason="The WhatsApp business account is locked")
    assert report.line == (
        "Paused since 2026-11-20 12:00 UTC: The WhatsApp business account is locked. Resume it when that is mended."
    )


def test_a_long_rest_is_told_and_a_breath_between_messages_is_not(channel: Channel) -> None:
    rest = {"rest_code": "silent", "rest_reason": "Twilio does not answer."}
    assert check(channel, rests_until=NOON + timedelta(seconds=30), **rest).is_well
    assert "Rests until 2026-11-20 12:05 UTC" in check(channel, rests_until=NOON + timedelta(minutes=5), **rest).line


def test_an_address_of_this_machine_is_of_no_use_to_a_provider_elsewhere(
    channel: Channel, settings: LazySettings
) -> None:
    settings.PUBLIC_BASE_URL = "http://localhost:8000"
    assert check(channel).is_well, "the double is on this machine as well"
    config = {**channel.settings, "api_base": "https://twilio.proxy.test"}
    assert "No provider can call http://localhost:8000" in check(channel, settings=config).line


def test_settings_that_a_newer_release_refuses_are_named_and_nobody_is_asked(channel: Channel) -> None:
    [problem] = check(channel, settings={**channel.settings, "colour": "red"}).problems
    assert problem.what == "The setting colour is not a setting of this channel kind."


def test_a_webhook_that_is_not_heard_for_long_is_told(channel: Channel) -> None:
    later = NOON + timedelta(days=8)
    assert "The provider has not called yet" in check(channel, later).line
    hear(channel, "SM1", headers={"content-type": "text/plain"}, days=7)
    assert check(channel, later).is_well


def test_what_came_in_only_by_the_sweep_is_told(channel: Channel) -> None:
    hear(channel, "SM1", headers={"content-type": "text/plain"}, days=0)
    hear(channel, "SM2", headers={}, days=7)
    assert "1 messages came in only because Baton asked for them" in check(channel, NOON + timedelta(days=8)).line


def hear(channel: Channel, key: str, *, headers: dict[str, str], days: int) -> None:
    store_event(
        workspace_id=channel.workspace_id,
        source=channel.kind,
        source_id=channel.pk,
        kind="inbound",
        key=key,
        order_key="davi",
        body=b"Body=Hi",
        headers=headers,
        now=NOON + timedelta(days=days),
    )


def test_the_command_has_a_line_for_each_channel_and_fails_when_one_is_ill(
    channel: Channel, twilio: TwilioDouble
) -> None:
    channel.created_at = clock.now()  # the command reads the real clock
    channel.save(update_fields=["created_at"])
    said, code = run_check("--workspace=acme")
    assert (said.strip(), code) == ("ok     acme: Sales (WhatsApp (Twilio))  Twilio's account “Acme” is active.", 0)
    twilio.auth_token = "the new one"
    said, code = run_check()
    assert said.startswith("wrong  acme: Sales (WhatsApp (Twilio))  Twilio does not accept")
    assert (len(said.splitlines()), code) == (1, 1)
    [row] = json.loads(run_check("--json")[0])
    assert (row["is_well"], row["problems"][0]["setting"]) == (False, "auth_token")


# -- connecting ----------------------------------------------------------------------------------------------------


def test_what_the_provider_refuses_is_not_connected(twilio: TwilioDouble) -> None:
    with pytest.raises(WrongValues) as refused:
        connect(twilio, auth_token="wrong")
    assert set(refused.value.problems) == {"auth_token"}
    with workspace_scope(found("other", "clara@other.test")):
        assert not Channel.objects.exists()


def test_a_channel_whose_settings_stay_is_renamed_without_asking(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting.transports, "verify", None)
    with workspace_scope(channel.workspace):
        assert change_channel(channel=channel, name="Vendas", values=channel.settings).channel.name == "Vendas"


def test_a_change_that_the_provider_refuses_leaves_the_channel_as_it_was(channel: Channel) -> None:
    with workspace_scope(channel.workspace):
        with pytest.raises(WrongValues):
            change_channel(channel=channel, name="Sales", values={**channel.settings, "auth_token": "wrong"})
        assert Channel.objects.get().secrets == {"auth_token": AUTH_TOKEN}
