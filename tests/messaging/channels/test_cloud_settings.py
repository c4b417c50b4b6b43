"""A channel's settings and Meta's codes, as data."""

import pytest

from messaging.channels.whatsapp_cloud.errors import REACTIONS
from messaging.transports import ErrorKind, Instead, InvalidSettings, capabilities_of, reaction_for, validate_settings
from tests.doubles.cloud_updates import ACCESS_TOKEN, APP_SECRET, NUMBER, NUMBER_ID, VERIFY_TOKEN, WABA_ID

CONFIG = {"sender": NUMBER, "phone_number_id": NUMBER_ID, "waba_id": WABA_ID}
SECRETS = {"access_token": ACCESS_TOKEN, "app_secret": APP_SECRET, "verify_token": VERIFY_TOKEN}
GOOD = {**CONFIG, **SECRETS}


def test_good_settings_are_parted_from_secrets():
    assert validate_settings("whatsapp_cloud", GOOD) == (CONFIG, SECRETS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sender", "14155238886"), ("sender", "+1415523888６"), ("sender", "whatsapp:+14155238886"),
        ("phone_number_id", "+14155238886"), ("phone_number_id", ""), ("waba_id", "12a45"),
        ("app_secret", "short"), ("app_secret", "X" * 32), ("verify_token", "short"), ("verify_token", "two words"),
        ("access_token", "Bearer x"), ("access_token", ""), ("graph_version", "25"), ("api_base", "ftp://x"),
        ("public_base_url", "baton.example"), ("rate_per_second", "-1"), ("pair_seconds", "soon"), ("colour", "red"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named_with_the_reason(name, value):
    with pytest.raises(InvalidSettings) as refused:
        validate_settings("whatsapp_cloud", {**GOOD, name: value})

    assert list(refused.value.problems) == [name]


def test_a_wrong_secret_is_not_repeated():
    with pytest.raises(InvalidSettings) as refused:
        validate_settings("whatsapp_cloud", {**GOOD, "app_secret": "hunter2 hunter2"})

    assert "hunter2" not in str(refused.value)
    assert "32 hexadecimal digits" in str(refused.value)


def test_there_is_a_window_and_no_list_of_messages():
    capabilities = capabilities_of("whatsapp_cloud")

    assert (capabilities.window_hours, capabilities.max_text, capabilities.lists_sent) == (24, 4096, False)


def test_every_reaction_says_what_it_means_and_what_may_be_repeated_says_when():
    for code, reaction in REACTIONS.items():
        assert reaction_for("whatsapp_cloud", code).meaning
        assert reaction.kind != ErrorKind.RATE_LIMITED or (reaction.retry_after and reaction.max_retries)


@pytest.mark.parametrize(
    ("code", "instead"), [("131047", Instead.TEMPLATE), ("131026", Instead.OTHER_CHANNEL), ("131000", None)]
)
def test_a_code_says_what_may_reach_the_customer_instead(code, instead):
    assert reaction_for("whatsapp_cloud", code).instead == instead


def test_a_declined_marketing_template_is_never_repeated_to_a_us_number():
    assert reaction_for("whatsapp_cloud", "131049", to="+5511900000001").max_retries == 1
    assert reaction_for("whatsapp_cloud", "131049", to="+14155550100").max_retries == 0


def test_an_unlisted_code_is_final_and_keeps_its_number():
    reaction = reaction_for("whatsapp_cloud", "139999")

    assert (reaction.kind, reaction.max_retries) == (ErrorKind.REJECTED, 0)
    assert "139999" in reaction.meaning
