"""A channel's settings: each wrong value is named, with the reason, and no secret is repeated."""

import pytest

from messaging.channels.twilio.errors import REACTIONS
from messaging.transports import (
    ErrorKind,
    InvalidSettings,
    UnknownChannelKind,
    capabilities_of,
    reaction_for,
    transport_for,
    validate_settings,
)

GOOD = {
    "account_sid": "AC" + "0" * 31 + "a",
    "auth_token": "s3cret",
    "sender": "whatsapp:+14155238886",
}


def test_good_settings_are_parted_from_secrets():
    config, secrets = validate_settings(
        "whatsapp_twilio",
        {
            **GOOD,
            "api_base": "http://127.0.0.1:9001/",
            "public_base_url": "https://baton.example",
            "shared_keys": "k=v",
        },
    )

    assert config == {
        "account_sid": GOOD["account_sid"],
        "sender": GOOD["sender"],
        "api_base": "http://127.0.0.1:9001",
        "public_base_url": "https://baton.example",
    }
    assert secrets == {"auth_token": "s3cret", "shared_keys": '{"k": "v"}'}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("account_sid", "AC123"),
        ("account_sid", "SK" + "0" * 32),
        ("account_sid", "AC" + "0" * 31 + "\n"),
        ("sender", "+14155238886"),
        ("sender", "whatsapp:14155238886"),
        ("sender", "whatsapp:+1415523888６"),
        ("sender", ""),
        ("api_base", "ftp://x"),
        ("api_base", "http://"),
        ("api_base", "http://[::1"),
        ("api_base", "http://x?y=1"),
        ("public_base_url", "https://my_host.example"),
        ("public_base_url", "baton.example"),
        ("auth_token", ""),
        ("shared_keys", "k1"),
        ("colour", "red"),
    ],
)
def test_a_wrong_setting_is_named_with_the_reason(name, value):
    with pytest.raises(InvalidSettings) as refused:
        validate_settings("whatsapp_twilio", {**GOOD, name: value})

    assert list(refused.value.problems) == [name]
    assert name in str(refused.value)


def test_every_wrong_setting_is_named_at_once():
    with pytest.raises(InvalidSettings) as refused:
        validate_settings("whatsapp_twilio", {"sender": "x"})

    assert set(refused.value.problems) == {"account_sid", "auth_token", "sender"}
    assert refused.value.problems["auth_token"] == "is required"


def test_a_wrong_secret_is_not_repeated():
    with pytest.raises(InvalidSettings) as refused:
        validate_settings("whatsapp_twilio", {**GOOD, "auth_token": "hunter2 hunter2"})

    assert "hunter2" not in str(refused.value)


def test_an_unknown_kind_is_named():
    with pytest.raises(UnknownChannelKind, match="pigeon"):
        validate_settings("pigeon", {})
    with pytest.raises(UnknownChannelKind, match="pigeon"):
        transport_for("pigeon", {}, {})


def test_a_whatsapp_sender_has_a_window_and_its_messages_can_be_listed():
    capabilities = capabilities_of("whatsapp_twilio")

    assert (capabilities.window_hours, capabilities.max_text, capabilities.lists_sent) == (24, 1600, True)


def test_every_reaction_says_what_it_means():
    for code in REACTIONS:
        assert reaction_for("whatsapp_twilio", code).meaning


def test_what_may_be_repeated_says_when_and_how_often():
    repeatable = [reaction for reaction in REACTIONS.values() if reaction.kind is ErrorKind.RATE_LIMITED]

    assert repeatable
    assert all(reaction.retry_after and reaction.max_retries for reaction in repeatable)


def test_a_declined_marketing_template_is_never_repeated_to_a_us_number():
    assert reaction_for("whatsapp_twilio", "63049", to="whatsapp:+5511900000001").max_retries == 1
    assert reaction_for("whatsapp_twilio", "63049", to="whatsapp:+14155550100").max_retries == 0


def test_an_unlisted_code_is_final_and_keeps_its_number():
    reaction = reaction_for("whatsapp_twilio", "64999")

    assert (reaction.kind, reaction.max_retries) == (ErrorKind.REJECTED, 0)
    assert "64999" in reaction.meaning
