import pytest

from crm.models.people import IdentityKind
from crm.services.leads import find_or_create_lead
from crm.services.trail import record_decision
from project.kernel.scope import workspace_scope
from tests.cast import DAVIS_PHONE, NOON, Cast, gather_cast
from tests.commands import refusal, run, run_json

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    cast = gather_cast()
    with workspace_scope(cast.acme):
        identities = [(IdentityKind.PHONE, DAVIS_PHONE), (IdentityKind.WHATSAPP, "BR.1234")]
        find_or_create_lead(workspace=cast.acme, identities=identities, now=NOON)
        cast.davi.email = "davi@lead.test"
        cast.davi.save(update_fields=["email"])
        for number in range(3):
            record_decision(
                lead=cast.davi, actor="gate", kind="message.suppressed", reason=f"Reason {number}.", now=NOON, n=number
            )
    return cast


def trail(lead: str) -> list[str]:
    return ["trail", "--workspace=acme", f"--lead={lead}"]


def test_every_event_is_told_in_order_with_its_reason(cast: Cast) -> None:
    answer = run_json(*trail(DAVIS_PHONE))

    assert answer["lead"]["id"] == cast.davi.pk
    assert {"kind": "phone", "value": DAVIS_PHONE} in answer["lead"]["identities"]
    assert [event["kind"] for event in answer["events"]] == ["lead.created"] + ["message.suppressed"] * 3
    newest = answer["events"][-1]
    assert set(newest) == {"id", "at", "actor", "kind", "reason", "facts"}
    assert (newest["actor"], newest["reason"], newest["facts"]) == ("gate", "Reason 2.", {"n": 2})
    assert newest["at"] == "2026-11-20T12:00:00+00:00"


@pytest.mark.parametrize(
    "name",
    [
        "+55 11 98765-4321",
        "5511987654321",
        "+551187654321",
        "whatsapp:+5511987654321",
        "BR.1234",
        "DAVI@lead.test",
    ],
)
def test_a_lead_is_found_by_any_name(cast: Cast, name: str) -> None:
    assert run_json(*trail(name))["lead"]["id"] == cast.davi.pk


def test_a_lead_is_found_by_number(cast: Cast) -> None:
    assert run_json(*trail(f"#{cast.davi.pk}"))["lead"]["name"] == "Davi"


@pytest.mark.parametrize("name", ["+5511900000000", "nobody", "#999999", "#9999999999999999999999", "", "#"])
def test_an_unknown_lead_is_named(cast: Cast, name: str) -> None:
    assert f"nobody in this workspace is known as “{name}”" in refusal(*trail(name))


def test_a_lead_of_another_workspace_is_unknown(cast: Cast) -> None:
    assert "nobody in this workspace" in refusal("trail", "--workspace=other", f"--lead=#{cast.davi.pk}")


def test_without_json_it_reads_like_a_story(cast: Cast) -> None:
    lines = run(*trail(DAVIS_PHONE)).splitlines()
    assert lines[0].startswith(f"Davi (#{cast.davi.pk}; {DAVIS_PHONE}")
    assert lines[-1].endswith("Reason 2.")
