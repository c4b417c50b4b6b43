"""Asking Meta about a number and its account: what is certain refuses, what is not only warns."""

from collections.abc import Iterator

import pytest

from messaging.transports import verify
from messaging.verification import Verified
from tests.doubles.cloud import CloudDouble
from tests.doubles.cloud_updates import ACCESS_TOKEN, NUMBER, NUMBER_ID, WABA_ID

DOOR = "https://baton.acme.test/hooks/whatsapp_cloud/token/"
DOORS = {"callback_url": DOOR}


@pytest.fixture
def meta() -> Iterator[CloudDouble]:
    with CloudDouble() as double:
        double.number["webhook_configuration"] = {"application": DOOR}
        yield double


def ask(meta: CloudDouble, token: str = ACCESS_TOKEN, **changes: str) -> Verified:
    config = {"sender": NUMBER, "phone_number_id": NUMBER_ID, "waba_id": WABA_ID, "api_base": meta.url, **changes}
    return verify("whatsapp_cloud", config, {"access_token": token}, DOORS)


def test_a_good_number_is_named(meta: CloudDouble) -> None:
    assert ask(meta) == Verified(found="Meta knows +1 415-523-8886 as “Acme”.")


@pytest.mark.parametrize(
    ("changes", "setting", "said"),
    [
        ({"token": "wrong"}, "access_token", "does not accept the access token"),
        ({"phone_number_id": "999999999"}, "phone_number_id", "does not know this phone number ID"),
        ({"sender": "+5511400000000"}, "sender", r"belongs to \+1 415-523-8886"),
    ],
)
def test_what_is_certainly_wrong_names_the_setting(
    meta: CloudDouble, changes: dict[str, str], setting: str, said: str
) -> None:
    [problem] = ask(meta, **changes).problems
    assert problem.setting == setting
    assert problem.what.endswith(".") and said.replace("\\", "") in problem.what


def doubts(meta: CloudDouble, **changes: str) -> list[str]:
    asked = ask(meta, **changes)
    assert asked.problems == ()
    return [str(doubt) for doubt in asked.doubts]


def test_what_may_be_wrong_is_a_doubt(meta: CloudDouble) -> None:
    meta.number |= {"quality_rating": "RED", "webhook_configuration": {"application": "https://old.test/"}}
    meta.subscribed_apps = []
    quality, address, apps = doubts(meta)

    assert quality.startswith("The number's quality is low.")
    assert address == f"Meta calls https://old.test/. Enter {DOOR} as the callback URL of the app's webhook."
    assert apps.startswith("No app is subscribed")


def test_another_account_is_a_doubt(meta: CloudDouble) -> None:
    assert doubts(meta, waba_id="999999999") == ["Meta does not know this WhatsApp business account ID. Copy it again."]


def test_a_provider_that_is_away_refuses_nobody(meta: CloudDouble) -> None:
    meta.stop()
    [doubt] = doubts(meta)
    assert doubt.startswith("Meta did not answer")
