"""The public page: the link is the key, looking changes nothing, and one click stops once."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from crm.models import Consent, Lead
from crm.models.consent import ConsentState, Purpose
from crm.services.consent import consent_state, record_consent
from crm.services.holds import holds_in_force
from crm.services.opt_in import Confirmed, confirm_opt_in, confirmation_url, read_confirmation, request_opt_in
from crm.services.preferences import UnknownLink, preferences_url, read_link, unsubscribe_url
from inbox.public.pace import GUESSES_A_MINUTE, USES_A_MINUTE
from inbox.public.words import SPOKEN, words_in
from messaging.models import ServiceWindow
from project.kernel.scope import across_workspaces, workspace_scope
from tests.cast import DAVIS_PHONE, NOON, Cast, gather_cast

pytestmark = pytest.mark.django_db

WHATSAPP = "whatsapp_twilio"


@pytest.fixture
def cast() -> Cast:
    cast = gather_cast()
    with workspace_scope(cast.acme):
        ServiceWindow.objects.create(
            workspace=cast.acme, conversation=cast.conversation, channel=cast.channel, address="a", opened_at=NOON
        )
    return cast


@pytest.fixture
def stranger() -> Client:
    """A mail program, a scanner, or the person: no cookie, and CSRF checked for whoever is not exempt."""
    return Client(enforce_csrf_checks=True)


def link(cast: Cast, kind: str = WHATSAPP, base: str = "") -> str:
    return preferences_url(lead=cast.davi, channel_kind=kind, base_url=base)


def one_click(cast: Cast, kind: str = WHATSAPP) -> str:
    return unsubscribe_url(lead=cast.davi, channel_kind=kind, base_url="")


def state(cast: Cast, purpose: Purpose = Purpose.MARKETING, kind: str = WHATSAPP) -> str | None:
    with workspace_scope(cast.acme):
        return consent_state(cast.davi.pk, kind, purpose)


def agrees(cast: Cast, kind: str = WHATSAPP) -> None:
    with workspace_scope(cast.acme):
        record_consent(
            lead=cast.davi, channel_kind=kind, purposes=(Purpose.MARKETING,), state=ConsentState.GRANTED,
            source="keyword", proof="news", now=NOON,
        )  # fmt: skip


def lines(cast: Cast) -> int:
    with workspace_scope(cast.acme):
        return Consent.objects.count()


# -- the link ------------------------------------------------------------------------------------------------------


def test_the_link_names_nobody_and_is_found_by_its_own_lead_alone(cast: Cast) -> None:
    url = link(cast, base="https://baton.test/")
    assert url.startswith("https://baton.test/p/")
    assert "Davi" not in url
    assert DAVIS_PHONE.strip("+") not in url
    bearer = read_link(url.rstrip("/").rpartition("/")[2])
    assert (bearer.lead, bearer.channel_kind) == (cast.davi, WHATSAPP)


@pytest.mark.parametrize("change", [lambda token: token[:-1] + "x", lambda token: "9" + token, lambda token: "x" * 60])
def test_a_link_that_was_changed_opens_nothing(cast: Cast, stranger: Client, change: Any) -> None:
    token = link(cast).strip("/").rpartition("/")[2]
    for address in (f"/p/{change(token)}/", f"/p/{change(token)}/unsubscribe/", f"/p/confirm/{token}/"):
        for call in (stranger.get, stranger.post):
            response = call(address)
            assert response.status_code == 404
            assert "not complete" in response.content.decode()
    assert lines(cast) == 0


def test_a_lead_that_is_gone_has_no_page(cast: Cast, stranger: Client) -> None:
    address = link(cast)
    with across_workspaces():
        Lead.everything.filter(pk=cast.davi.pk).delete()
    assert stranger.get(address).status_code == 404


# -- one click (RFC 8058) ------------------------------------------------------------------------------------------


def test_one_click_stops_marketing_there_once_and_without_a_cookie(cast: Cast, stranger: Client) -> None:
    agrees(cast)
    for _ in range(3):
        response = stranger.post(one_click(cast), {"List-Unsubscribe": "One-Click"})
        assert response.status_code == 200
    assert state(cast) == "withdrawn"
    assert lines(cast) == 2
    assert state(cast, Purpose.SERVICE) is None
    with workspace_scope(cast.acme):
        assert holds_in_force(cast.davi.pk, NOON) == ["unsubscribed"]


def test_whoever_never_agreed_is_out_all_the_same(cast: Cast, stranger: Client) -> None:
    stranger.post(one_click(cast))
    assert state(cast) == "withdrawn"


def test_a_scanner_that_follows_every_link_changes_nothing(cast: Cast, stranger: Client) -> None:
    agrees(cast)
    for address in (link(cast), one_click(cast)):
        assert stranger.get(address).status_code == 200
        assert stranger.head(address).status_code == 200
    assert state(cast) == "granted"


# -- the page ------------------------------------------------------------------------------------------------------


def test_the_page_shows_what_is_allowed_and_keeps_what_is_chosen(cast: Cast, stranger: Client) -> None:
    agrees(cast)
    page = stranger.get(link(cast)).content.decode()
    assert f'name="{WHATSAPP}.marketing" checked' in page
    assert f'name="{WHATSAPP}.service" checked' in page
    stranger.post(link(cast), {f"{WHATSAPP}.service": "on"})
    assert (state(cast), state(cast, Purpose.SERVICE)) == ("withdrawn", None)
    stranger.post(link(cast), {f"{WHATSAPP}.service": "on", f"{WHATSAPP}.marketing": "on"})
    assert state(cast) == "granted"
    with workspace_scope(cast.acme):
        newest = Consent.objects.latest("id")
    assert (newest.source, newest.text_shown) == ("page", "News and offers")


def test_the_same_form_again_adds_nothing(cast: Cast, stranger: Client) -> None:
    for _ in range(2):
        stranger.post(link(cast), {f"{WHATSAPP}.service": "on", f"{WHATSAPP}.marketing": "on"})
    assert lines(cast) == 1


def test_a_channel_that_is_not_on_the_page_cannot_be_chosen(cast: Cast, stranger: Client) -> None:
    stranger.post(link(cast), {f"{WHATSAPP}.service": "on", "telegram.marketing": "on", "nonsense": "on"})
    assert lines(cast) == 0


def test_stop_everything_stops_answers_as_well(cast: Cast, stranger: Client) -> None:
    agrees(cast, "sms_twilio")
    response = stranger.post(link(cast), {"stop_all": "1"})
    assert "nothing more from Acme" in response.content.decode()
    for kind in (WHATSAPP, "sms_twilio"):
        assert {state(cast, purpose, kind) for purpose in Purpose} == {"withdrawn"}


def test_the_page_is_kept_by_nobody_and_runs_no_script(cast: Cast, stranger: Client) -> None:
    response = stranger.get(link(cast))
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Robots-Tag"] == "noindex"
    assert "script-src 'none'" in response["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
    assert b"<script" not in response.content
    assert not response.cookies


@pytest.mark.parametrize("language", SPOKEN)
def test_every_language_says_everything_in_its_own_words(cast: Cast, stranger: Client, language: str) -> None:
    words, english = words_in(language), words_in("en")
    assert words.keys() == english.keys()
    if language != "en":
        assert not {key for key in english if words[key] == english[key]} - {"direction"}
    for key, text in words.items():
        assert ("{company}" in text) == ("{company}" in english[key])
    Lead.everything.with_scopes_disabled().filter(pk=cast.davi.pk).update(language=f"{language}-XX")
    page = stranger.get(link(cast)).content.decode()
    assert f'<html lang="{language}" dir="{words["direction"]}">' in page
    assert words["marketing"] in page


def test_without_a_known_language_the_browsers_counts(cast: Cast, stranger: Client) -> None:
    page = stranger.get(link(cast), headers={"accept-language": "xx, pt-BR;q=0.9, en;q=0.5"}).content.decode()
    assert words_in("pt")["marketing"] in page


def test_a_link_is_used_at_a_bounded_pace(cast: Cast, stranger: Client) -> None:
    answers = [stranger.get(link(cast)).status_code for _ in range(USES_A_MINUTE + 2)]
    assert answers[0] == 200
    assert answers[-1] == 429
    guesses = [stranger.get(f"/p/{number}/").status_code for number in range(GUESSES_A_MINUTE + 2)]
    assert guesses[0] == 404
    assert guesses[-1] == 429
    assert stranger.post(one_click(cast, "email")).status_code == 200, "a good link is never refused for the bad ones"


# -- double opt-in -------------------------------------------------------------------------------------------------


def pending(cast: Cast, now: Any = NOON) -> Consent:
    with workspace_scope(cast.acme):
        asked = request_opt_in(
            lead=cast.davi, channel_kind="email", source="form", reason="newsletter", user=cast.bruno, now=now,
            text_shown="News once a month.",
        )  # fmt: skip
    assert asked is not None
    return asked


def path_of(asked: Consent) -> str:
    return confirmation_url(asked, base_url="")


def test_pending_allows_nothing_until_the_link_is_pressed_and_then_once(cast: Cast, stranger: Client) -> None:
    asked = pending(cast)
    assert state(cast, kind="email") == "pending"
    assert stranger.get(path_of(asked)).status_code == 200
    assert state(cast, kind="email") == "pending"
    for _ in range(2):
        assert "confirmed" in stranger.post(path_of(asked)).content.decode()
    assert state(cast, kind="email") == "granted"
    assert lines(cast) == 2
    with workspace_scope(cast.acme):
        newest = Consent.objects.latest("id")
        assert (newest.source, newest.text_shown) == ("link", "News once a month.")
        assert request_opt_in(lead=cast.davi, channel_kind="email", source="x", reason="x", user=None, now=NOON) is None


def test_whoever_opted_out_since_is_not_brought_back_by_an_old_mail(cast: Cast, stranger: Client) -> None:
    asked = pending(cast)
    stranger.post(one_click(cast, "email"))
    assert "no longer counts" in stranger.post(path_of(asked)).content.decode()
    assert state(cast, kind="email") == "withdrawn"


def test_a_link_of_long_ago_is_too_late(cast: Cast) -> None:
    asked = pending(cast)
    found = read_confirmation(path_of(asked).strip("/").rpartition("/")[2])
    with workspace_scope(cast.acme):
        assert confirm_opt_in(asked=found, now=NOON + timedelta(days=31)) == Confirmed.TOO_LATE


def test_a_preferences_link_confirms_nothing(cast: Cast) -> None:
    with pytest.raises(UnknownLink):
        read_confirmation(link(cast).strip("/").rpartition("/")[2])
