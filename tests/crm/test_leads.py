"""The person behind a name on a channel: found again, never merged by a message."""

import pytest

from crm.models import Identity, Lead, Workspace
from crm.models.people import IdentityKind
from crm.services.leads import Name, find_lead, find_or_create_lead
from project.kernel.scope import workspace_scope
from tests.cast import NOON, found

pytestmark = pytest.mark.django_db

PHONE: Name = (IdentityKind.PHONE, "+5511987654321")
OLD_PHONE: Name = (IdentityKind.PHONE, "+551187654321")
WHATSAPP: Name = (IdentityKind.WHATSAPP, "BR.100000000000001")


@pytest.fixture
def acme() -> Workspace:
    return found("acme", "ana@acme.test")


def meet(acme: Workspace, *names: Name, name: str = "") -> Lead:
    with workspace_scope(acme):
        return find_or_create_lead(workspace=acme, identities=list(names), name=name, now=NOON)


def test_the_same_phone_is_the_same_lead(acme: Workspace) -> None:
    assert meet(acme, PHONE) == meet(acme, PHONE)


def test_a_brazilian_number_without_its_ninth_digit_is_the_same_lead(acme: Workspace) -> None:
    assert meet(acme, PHONE) == meet(acme, OLD_PHONE)
    with workspace_scope(acme):
        assert Identity.objects.filter(kind="phone").count() == 2


def test_whoever_hides_the_phone_later_is_found_by_the_whatsapp_id(acme: Workspace) -> None:
    assert meet(acme, PHONE, WHATSAPP) == meet(acme, WHATSAPP)


def test_whoever_shows_the_phone_later_is_found_by_either(acme: Workspace) -> None:
    davi = meet(acme, WHATSAPP)
    assert meet(acme, PHONE, WHATSAPP) == davi
    assert meet(acme, PHONE) == davi


def test_two_known_people_are_not_merged_by_a_message_with_both_names(acme: Workspace) -> None:
    davi, other = meet(acme, PHONE), meet(acme, WHATSAPP)
    assert meet(acme, PHONE, WHATSAPP) == davi
    assert meet(acme, WHATSAPP) == other


def test_a_name_is_learned_once_and_a_correction_stays(acme: Workspace) -> None:
    meet(acme, PHONE)
    assert meet(acme, PHONE, name="Davi").name == "Davi"
    assert meet(acme, PHONE, name="dv 🚀").name == "Davi"


def test_an_endless_name_is_cut(acme: Workspace) -> None:
    assert len(meet(acme, PHONE, name="x" * 1000).name) == 255


def test_the_same_phone_in_another_workspace_is_another_lead(acme: Workspace) -> None:
    other = found("other", "clara@other.test")
    assert meet(acme, PHONE) != meet(other, PHONE)
    with workspace_scope(other):
        assert find_lead(workspace=other, identities=[WHATSAPP]) is None


def test_a_lead_without_any_name_is_refused(acme: Workspace) -> None:
    with pytest.raises(ValueError, match="identity"):
        meet(acme)
