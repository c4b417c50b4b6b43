"""Asking Twilio about an account and its sender: what is certain refuses, what is not only warns."""

from collections.abc import Iterator

import pytest

from messaging.transports import verify
from messaging.verification import Verified
from tests.doubles.twilio import ACCOUNT_SID, AUTH_TOKEN, TwilioDouble
from tests.doubles.twilio_account import Listed

SANDBOX = "whatsapp:+14155238886"
OURS = "whatsapp:+5511400000000"
DOOR = "https://baton.acme.test/hooks/whatsapp_twilio/token/inbound/"


@pytest.fixture
def twilio() -> Iterator[TwilioDouble]:
    with TwilioDouble() as double:
        double.account.listed = [Listed(OURS, callback=DOOR)]
        yield double


def ask(twilio: TwilioDouble, *, sender: str = OURS, doors: bool = False, **changes: str) -> Verified:
    config = {"account_sid": ACCOUNT_SID, "sender": sender, "api_base": twilio.url, **changes}
    token = config.pop("auth_token", AUTH_TOKEN)
    return verify("whatsapp_twilio", config, {"auth_token": token}, {"inbound_url": DOOR} if doors else {})


def test_a_good_account_is_named(twilio: TwilioDouble) -> None:
    assert ask(twilio, doors=True) == Verified(found="Twilio's account “Acme” is active.")


def test_the_sandbox_needs_no_sender_of_its_own(twilio: TwilioDouble) -> None:
    assert ask(twilio, sender=SANDBOX).doubts == ()


def test_a_wrong_token_is_refused_in_plain_words(twilio: TwilioDouble) -> None:
    [problem] = ask(twilio, auth_token="wrong").problems
    assert (problem.what, problem.setting) == ("Twilio does not accept the account SID and auth token.", "auth_token")
    assert "console" in problem.mend


def test_a_suspended_account_is_refused(twilio: TwilioDouble) -> None:
    twilio.account.status = "suspended"
    [problem] = ask(twilio).problems
    assert problem.what == "Twilio says that the account is suspended."


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        ([], "has no WhatsApp sender whatsapp:+5511400000000"),
        ([Listed(OURS, callback=DOOR, status="OFFLINE")], "the sender is offline"),
        ([Listed(OURS, callback="https://old.test/")], "Twilio calls https://old.test/ when a message comes in"),
        ([Listed(OURS)], "Twilio calls nobody when a message comes in"),
    ],
)
def test_what_looks_wrong_with_the_sender_is_a_doubt(twilio: TwilioDouble, listed: list[Listed], said: str) -> None:
    twilio.account.listed = listed
    answer = ask(twilio, doors=True)
    [doubt] = answer.doubts
    assert said in doubt.what
    assert answer.problems == ()


def test_a_key_that_may_not_look_at_senders_is_no_reason_to_refuse(twilio: TwilioDouble) -> None:
    twilio.account.is_shy = True
    answer = ask(twilio)
    assert answer.problems == ()
    assert "did not show the account's senders" in answer.doubts[0].what


def test_when_nobody_answers_nothing_is_known(twilio: TwilioDouble) -> None:
    answer = ask(twilio, api_base="http://127.0.0.1:9")
    assert answer.problems == ()
    assert "did not answer" in answer.doubts[0].what
