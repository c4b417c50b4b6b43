"""The signature, and what a receiver can rely on."""

import hashlib
import hmac
import re

import pytest

from project.installation import CHECKOUT
from webhooks.events import EVENTS, event_of, facts_of
from webhooks.signing import is_signed, new_secret, sign

BODY = '{"event":"message.received","text":"Olá"}'.encode()
NOW = 1_795_176_000


def test_it_is_what_the_documentation_says() -> None:
    expected = hmac.new(b"whsec_x", f"{NOW}.".encode() + BODY, hashlib.sha256).hexdigest()
    assert sign("whsec_x", BODY, NOW) == f"t={NOW},v1={expected}"


def test_a_receiver_knows_it() -> None:
    assert is_signed("whsec_x", BODY, sign("whsec_x", BODY, NOW), NOW + 299)


@pytest.mark.parametrize(
    ("secret", "body", "header", "now"),
    [
        ("whsec_y", BODY, sign("whsec_x", BODY, NOW), NOW),
        ("whsec_x", BODY + b" ", sign("whsec_x", BODY, NOW), NOW),
        ("whsec_x", BODY, sign("whsec_x", BODY, NOW), NOW + 301),
        ("whsec_x", BODY, sign("whsec_x", BODY, NOW).replace(str(NOW), str(NOW + 1)), NOW),
        ("whsec_x", BODY, "", NOW),
        ("whsec_x", BODY, "t=x,v1=y", NOW),
        ("whsec_x", BODY, "t=١,v1=y", NOW),
    ],
)
def test_anything_else_is_not_ours(secret: str, body: bytes, header: str, now: int) -> None:
    assert not is_signed(secret, body, header, now)


def test_secrets_are_long_and_differ() -> None:
    assert new_secret() != new_secret()
    assert len(new_secret()) > 40


def test_no_fact_belongs_to_two_events() -> None:
    facts = [fact for event in EVENTS.values() for fact in event.facts]
    assert len(facts) == len(set(facts))
    assert all(event_of(fact) in EVENTS for fact in facts)
    assert facts_of(["handover.ended"]) == ["handover.answered", "handover.ended"]


def test_every_event_is_documented() -> None:
    text = (CHECKOUT / "docs" / "webhooks.md").read_text()
    told = set(re.findall(r"^\| `([a-z_.]+)` \|", text, re.MULTILINE))
    assert told == set(EVENTS)


def test_the_documentations_example_verifies() -> None:
    """The code that readers copy is run as it stands there."""
    text = (CHECKOUT / "docs" / "webhooks.md").read_text()
    [example] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, object] = {}
    exec(example, names)
    check = names["is_from_baton"]
    assert check("whsec_x", BODY, sign("whsec_x", BODY, NOW), now=NOW)  # type: ignore[operator]
    assert not check("whsec_x", BODY + b" ", sign("whsec_x", BODY, NOW), now=NOW)  # type: ignore[operator]
    assert not check("whsec_x", BODY, sign("whsec_x", BODY, NOW), now=NOW + 1000)  # type: ignore[operator]
