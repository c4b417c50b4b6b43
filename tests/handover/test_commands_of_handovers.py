import pytest
from django.conf import LazySettings

from handover.models import CalendlyConnection, HandoverPolicy
from project.kernel.scope import across_workspaces
from tests.cast import found
from tests.commands import refusal, run_json

pytestmark = pytest.mark.django_db

CALENDLY = {
    "token": "calendly-token",
    "event_type": "https://api.calendly.com/event_types/AAAA",
    "signing_key": "signing-key",
}


@pytest.fixture(autouse=True)
def _acme() -> None:
    found("acme", "ana@acme.test")


def words(**settings: str | None) -> list[str]:
    values = {**CALENDLY, **settings}
    chosen = [f"--set={name}={value}" for name, value in values.items() if value is not None]
    return ["connect_calendly", "--workspace=acme", *chosen]


def test_connecting_answers_with_the_address_for_webhooks(settings: LazySettings) -> None:
    settings.PUBLIC_BASE_URL = "https://baton.acme.test/"
    answer = run_json(*words())

    with across_workspaces():
        connection = CalendlyConnection.objects.get()
    assert answer == {"webhook_url": f"https://baton.acme.test/hooks/calendly/{connection.door_token}/"}
    assert connection.secrets == {"token": "calendly-token", "signing_key": "signing-key"}
    assert connection.api_base == "https://api.calendly.com"


def test_connecting_again_renews_the_settings_and_keeps_the_address() -> None:
    first = run_json(*words())
    assert run_json(*words(token="another-token", api_base="http://127.0.0.1:9002")) == first
    with across_workspaces():
        connection = CalendlyConnection.objects.get()
    assert connection.secrets["token"] == "another-token"
    assert connection.api_base == "http://127.0.0.1:9002"


@pytest.mark.parametrize(
    ("settings_given", "named"),
    [
        ({"token": None}, "token: is required"),
        ({"signing_key": ""}, "signing_key: must be a non-empty token"),
        ({"event_type": "my-event"}, "event_type: must be an http or https address"),
        ({"event_type": "https://x.test/" + "a" * 200}, "event_type: "),
        ({"api_base": "localhost"}, "api_base: "),
        ({"colour": "red"}, "colour: is not a setting of Calendly"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_is_written(settings_given: dict[str, str], named: str) -> None:
    assert named in refusal(*words(**settings_given))
    with across_workspaces():
        assert not CalendlyConnection.objects.exists()


def test_the_ladder_takes_fractions_of_minutes() -> None:
    answer = run_json("set_handover_policy", "--workspace=acme", "--minutes=0.05, 0.1,0.15,0.2")

    assert answer["minutes"] == [0.05, 0.1, 0.15, 0.2]
    with across_workspaces():
        policy = HandoverPolicy.objects.get()
    assert (policy.alert_minutes, policy.update_minutes, policy.bridge_minutes, policy.resume_minutes) == (
        0.05,
        0.1,
        0.15,
        0.2,
    )


@pytest.mark.parametrize(
    ("minutes", "named"),
    [
        ("15,30,45", "minutes"),
        ("15,30,45,60,75", "minutes"),
        ("15,30,30,60", "30"),
        ("60,45,30,15", "45"),
        ("0,30,45,60", "0"),
        ("-1,30,45,60", "-1"),
        ("15,thirty,45,60", "thirty"),
        ("nan,30,45,60", "nan"),
        ("15,30,45,inf", "inf"),
        ("", "minutes"),
    ],
)
def test_a_wrong_minute_is_named_and_nothing_is_written(minutes: str, named: str) -> None:
    refused = refusal("set_handover_policy", "--workspace=acme", f"--minutes={minutes}")
    assert refused.startswith("minutes: ")
    assert named in refused
    with across_workspaces():
        assert not HandoverPolicy.objects.exclude(alert_minutes=15, resume_minutes=60).exists()
