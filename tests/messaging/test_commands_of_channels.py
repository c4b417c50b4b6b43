from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.conf import LazySettings

from messaging.models import Channel, WebhookEvent
from messaging.models.webhooks import EventState
from project.kernel.scope import across_workspaces
from tests.cast import NOON, TWILIO, found
from tests.commands import refusal, run, run_json
from tests.doubles.twilio import TwilioDouble

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _acme() -> None:
    found("acme", "ana@acme.test")


@pytest.fixture(autouse=True)
def twilio(monkeypatch: pytest.MonkeyPatch) -> Iterator[TwilioDouble]:
    """Twilio knows the account of the cast."""
    with TwilioDouble(account_sid=TWILIO["account_sid"], auth_token=TWILIO["auth_token"]) as double:
        monkeypatch.setitem(TWILIO, "api_base", double.url)
        yield double


def words(kind: str = "whatsapp_twilio", **settings: str | None) -> list[str]:
    values = {**TWILIO, **settings} if kind == "whatsapp_twilio" else settings
    chosen = [f"--set={name}={value}" for name, value in values.items() if value is not None]
    return ["create_channel", kind, "--workspace=acme", "--name=Sales", *chosen]


def test_a_whatsapp_channel_answers_with_its_doors(settings: LazySettings) -> None:
    settings.PUBLIC_BASE_URL = "https://baton.acme.test"
    answer = run_json(*words())

    with across_workspaces():
        channel = Channel.objects.get(pk=answer.pop("id"))
    doors = f"https://baton.acme.test/hooks/whatsapp_twilio/{channel.token}"
    assert answer == {
        "inbound_url": f"{doors}/inbound/",
        "status_url": f"{doors}/status/",
        "found": "Twilio's account “Acme” is active.",
        "warnings": [],
    }
    assert channel.secrets == {"auth_token": TWILIO["auth_token"]}
    assert "auth_token" not in channel.settings
    assert channel.sender == TWILIO["sender"]


def test_a_channel_may_have_its_own_public_address_and_provider() -> None:
    wanted = {"public_base_url": "https://hooks.acme.test/", "api_base": "http://127.0.0.1:9001"}
    answer = run_json(*words(**wanted))

    assert urlsplit(answer["inbound_url"]).netloc == "hooks.acme.test"
    assert "//hooks/" not in answer["inbound_url"].removeprefix("https://hooks.acme.test")
    with across_workspaces():
        assert Channel.objects.get().settings["api_base"] == "http://127.0.0.1:9001"


def test_a_web_chat_answers_with_its_page_and_its_widget() -> None:
    answer = run_json(*words(kind="webchat"))
    with across_workspaces():
        token = Channel.objects.get().token
    assert answer["chat_url"].endswith(f"/chat/{token}/")
    assert answer["widget_url"].endswith(f"/chat/{token}/widget.js")


def test_without_json_the_answer_is_read_by_a_person() -> None:
    assert "inbound_url: http" in run(*words())


@pytest.mark.parametrize(
    ("settings_given", "named"),
    [
        ({"account_sid": "AC1"}, "account_sid: 'AC1'"),
        ({"account_sid": None}, "account_sid: is required"),
        ({"auth_token": None}, "auth_token: is required"),
        ({"sender": "+14155238886"}, "sender: '+14155238886'"),
        ({"sender": "whatsapp:12"}, "sender: "),
        ({"colour": "red"}, "colour: is not a setting"),
        ({"api_base": "ftp://x"}, "api_base: 'ftp://x'"),
        ({"public_base_url": "https://my_host.test"}, "public_base_url: "),
        ({"auth_token": "has a space"}, "auth_token: "),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_is_written(settings_given: dict[str, str], named: str) -> None:
    assert named in refusal(*words(**settings_given))
    with across_workspaces():
        assert not Channel.objects.exists()


def test_a_wrong_secret_is_not_repeated() -> None:
    assert "p4ss phrase" not in refusal(*words(auth_token="p4ss phrase"))


def test_credentials_that_twilio_does_not_know_are_refused_in_plain_words() -> None:
    said = refusal(*words(auth_token="another-token"))
    assert said.startswith("auth_token: Twilio does not accept the account SID and auth token. Copy")
    assert "another-token" not in said
    with across_workspaces():
        assert not Channel.objects.exists()


def test_a_provider_that_does_not_answer_refuses_nobody() -> None:
    answer = run_json(*words(api_base="http://127.0.0.1:9"))
    assert answer["warnings"] == [
        "Twilio did not answer, so that the credentials could not be checked. Check the channel again in a few minutes."
    ]
    assert "warning: Twilio did not answer" in run(
        *words(api_base="http://127.0.0.1:9", sender="whatsapp:+14155238887")
    )


def test_an_unknown_kind_workspace_or_form_is_named() -> None:
    assert "kind: channel kind 'pigeon'" in refusal(*words(kind="pigeon"))
    elsewhere = [word.replace("=acme", "=nowhere") for word in words()]
    assert "workspace: there is no workspace “nowhere”" in refusal(*elsewhere)
    assert "--set: “nonsense” is not of the form name=value" in refusal(*words(), "--set=nonsense")
    assert "sender: is given twice" in refusal(*words(), "--set=sender=whatsapp:+14155238887")


def test_a_name_that_is_missing_or_too_long_is_named() -> None:
    assert "name: " in refusal(*words(), "--name=")
    assert "name: " in refusal(*words(), "--name=" + "n" * 101)


def test_a_sender_is_connected_once() -> None:
    run_json(*words())
    assert "sender: “whatsapp:+14155238886” is already connected" in refusal(*words())
    with across_workspaces():
        assert Channel.objects.count() == 1


def park(workspace_id: int, key: str, state: str = EventState.PARKED) -> WebhookEvent:
    return WebhookEvent.objects.create(
        workspace_id=workspace_id,
        source="whatsapp_twilio",
        source_id=1,
        kind="inbound",
        order_key="whatsapp:+5511987654321",
        key=key,
        body=b"Body=%",
        received_at=NOON,
        state=state,
        due_at=NOON,
        attempts_made=5,
        error="UnreadablePayload: From is missing",
    )


def test_parked_events_of_the_workspace_get_another_round() -> None:
    from crm.models import Workspace

    acme = Workspace.objects.get(slug="acme")
    ours, applied = park(acme.pk, "SM1"), park(acme.pk, "SM2", EventState.APPLIED)
    theirs = park(found("other", "clara@other.test").pk, "SM3")

    assert run_json("replay_events", "--workspace=acme", "--parked") == {"replayed": [ours.pk]}

    states = {event.pk: (event.state, event.attempts_made) for event in WebhookEvent.objects.all()}
    assert states[ours.pk] == (EventState.RECEIVED, 0)
    assert states[applied.pk] == (EventState.APPLIED, 5)
    assert states[theirs.pk] == (EventState.PARKED, 5)


def test_only_a_parked_event_of_the_workspace_can_be_named() -> None:
    theirs = park(found("other", "clara@other.test").pk, "SM3")
    assert f"no parked event here: {theirs.pk}" in refusal("replay_events", "--workspace=acme", f"--id={theirs.pk}")
    assert "no parked event here: 99999999999999999999999" in refusal(
        "replay_events", "--workspace=acme", "--id=99999999999999999999999"
    )
    assert WebhookEvent.objects.get().state == EventState.PARKED
