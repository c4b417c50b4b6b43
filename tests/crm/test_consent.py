"""The consent ledger: the newest line of a purpose on a channel is in force."""

from datetime import timedelta

import pytest

from crm.models import Consent, Hold
from crm.models.consent import ConsentState, Purpose
from crm.services.consent import consent_state, is_opted_out, record_consent
from crm.services.holds import holds_in_force, place_hold, release_hold
from project.kernel.scope import workspace_scope
from tests.cast import NOON, Cast, gather_cast

pytestmark = pytest.mark.django_db
BOTH = (Purpose.SERVICE, Purpose.MARKETING)


@pytest.fixture
def cast() -> Cast:
    return gather_cast()


def says(
    cast: Cast, state: ConsentState, minutes: int = 0, proof: str = "STOP", channel: str = "whatsapp_twilio"
) -> None:
    with workspace_scope(cast.acme):
        record_consent(
            lead=cast.davi,
            channel_kind=channel,
            purposes=BOTH,
            state=state,
            source="keyword",
            proof=proof,
            now=NOON + timedelta(minutes=minutes),
        )


def is_out(cast: Cast, channel: str = "whatsapp_twilio") -> bool:
    with workspace_scope(cast.acme):
        return is_opted_out(cast.davi.pk, channel, Purpose.SERVICE)


def test_nobody_is_out_who_never_said_so(cast: Cast) -> None:
    assert not is_out(cast)
    with workspace_scope(cast.acme):
        assert consent_state(cast.davi.pk, "whatsapp_twilio", Purpose.MARKETING) is None


def test_the_newest_word_counts(cast: Cast) -> None:
    says(cast, ConsentState.WITHDRAWN)
    assert is_out(cast)
    says(cast, ConsentState.GRANTED, minutes=1)
    assert not is_out(cast)
    says(cast, ConsentState.WITHDRAWN, minutes=1)
    assert is_out(cast)


def test_stopping_on_one_channel_leaves_service_on_another_and_holds_marketing_everywhere(cast: Cast) -> None:
    says(cast, ConsentState.WITHDRAWN)
    assert not is_out(cast, "webchat")
    with workspace_scope(cast.acme):
        assert holds_in_force(cast.davi.pk, NOON) == ["unsubscribed"]


def test_opting_in_again_releases_marketing(cast: Cast) -> None:
    says(cast, ConsentState.WITHDRAWN)
    says(cast, ConsentState.GRANTED, minutes=1)
    with workspace_scope(cast.acme):
        assert holds_in_force(cast.davi.pk, NOON) == []


def test_the_ledger_only_grows_and_keeps_the_words(cast: Cast) -> None:
    says(cast, ConsentState.WITHDRAWN, proof="STOP {name} {0}")
    says(cast, ConsentState.WITHDRAWN)
    with workspace_scope(cast.acme):
        assert Consent.objects.count() == 4
        assert Consent.objects.filter(proof="STOP {name} {0}").count() == 2


def hold(cast: Cast, hours: int | None) -> Hold:
    until = NOON + timedelta(hours=hours) if hours is not None else None
    with workspace_scope(cast.acme):
        return place_hold(lead=cast.davi, kind="in_conversation", reason="a test", until=until, now=NOON)


@pytest.mark.parametrize(("first", "second", "end"), [(1, 3, 3), (3, 1, 3), (1, None, None), (None, 1, None)])
def test_a_hold_is_extended_and_never_shortened(
    cast: Cast, first: int | None, second: int | None, end: int | None
) -> None:
    hold(cast, first)
    assert hold(cast, second).until == (NOON + timedelta(hours=end) if end is not None else None)
    with workspace_scope(cast.acme):
        assert Hold.objects.count() == 1


def test_a_hold_ends_by_time_or_by_release(cast: Cast) -> None:
    hold(cast, 1)
    with workspace_scope(cast.acme):
        assert holds_in_force(cast.davi.pk, NOON + timedelta(minutes=59)) == ["in_conversation"]
        assert holds_in_force(cast.davi.pk, NOON + timedelta(minutes=60)) == []
        assert release_hold(lead=cast.davi, kind="in_conversation", reason="a test", now=NOON)
        assert not release_hold(lead=cast.davi, kind="in_conversation", reason="a test", now=NOON)
        assert holds_in_force(cast.davi.pk, NOON) == []
