"""Connecting, checking and pausing a channel, by screen and by API; the provider's double is asked each time."""

from collections.abc import Iterator
from typing import Any

import pytest

from messaging.models import Channel
from project.kernel.scope import workspace_scope
from tests.cast import TWILIO
from tests.doubles.twilio import TwilioDouble
from tests.inbox.api import Caller
from tests.inbox.screens import Screens, browser_of, open_screens, text_of

pytestmark = pytest.mark.django_db

ANOTHER = "whatsapp:+14155550100"


@pytest.fixture
def twilio() -> Iterator[TwilioDouble]:
    with TwilioDouble(account_sid=TWILIO["account_sid"], auth_token=TWILIO["auth_token"]) as double:
        yield double


@pytest.fixture
def screens() -> Screens:
    return open_screens()


def values(twilio: TwilioDouble, **changes: str) -> dict[str, str]:
    return {**TWILIO, "sender": ANOTHER, "api_base": twilio.url, **changes}


def second(screens: Screens) -> Channel:
    with workspace_scope(screens.cast.acme):
        return Channel.objects.exclude(pk=screens.cast.channel.pk).get()


class Ana:
    """The owner at her settings."""

    def __init__(self, screens: Screens) -> None:
        self.client = browser_of(screens.cast.ana)

    def submit(self, place: str, **given: str) -> Any:
        return self.client.post(f"/w/acme/settings/channels/{place}", given, follow=True)


def test_a_form_is_made_of_what_the_kind_says_of_its_settings(screens: Screens) -> None:
    page = Ana(screens).client.get("/w/acme/settings/channels/add/whatsapp_twilio/").content.decode()
    assert page.index("Account SID") < page.index("More settings") < page.index("Seconds between messages")
    assert 'type="password" name="auth_token"' in page


def test_wrong_credentials_are_refused_beside_their_field(screens: Screens, twilio: TwilioDouble) -> None:
    answer = Ana(screens).submit("add/whatsapp_twilio/", name="New", **values(twilio, auth_token="wrong"))
    assert answer.status_code == 422
    assert "Twilio does not accept the account SID and auth token." in text_of(answer)


def test_a_channel_is_connected_and_says_what_was_found(screens: Screens, twilio: TwilioDouble) -> None:
    page = text_of(Ana(screens).submit("add/whatsapp_twilio/", name="New", **values(twilio)))
    assert "Connected. Twilio's account “Acme” is active." in page
    assert f"The account has no WhatsApp sender {ANOTHER}." in page
    assert second(screens).secrets == {"auth_token": TWILIO["auth_token"]}


def test_a_silent_provider_is_a_warning(screens: Screens, twilio: TwilioDouble) -> None:
    nobody = values(twilio, api_base="http://127.0.0.1:9")
    page = text_of(Ana(screens).submit("add/whatsapp_twilio/", name="New", **nobody))
    assert "Twilio did not answer, so that the credentials could not be checked." in page
    assert second(screens).sender == ANOTHER


def test_check_now_tells_what_is_wrong(screens: Screens, twilio: TwilioDouble) -> None:
    ana = Ana(screens)
    ana.submit("add/whatsapp_twilio/", name="New", **values(twilio))
    twilio.auth_token = "replaced"
    page = text_of(ana.submit(f"{second(screens).pk}/check/"))
    assert "Twilio does not accept the account SID and auth token." in page


def test_a_channel_is_paused_with_a_reason(screens: Screens) -> None:
    page = text_of(Ana(screens).submit(f"{screens.cast.channel.pk}/pause/", reason="Moving to a new number"))
    assert "Moving to a new number" in page


def test_a_channel_of_another_workspace_is_not_found(screens: Screens) -> None:
    for action in ("check", "pause", "resume"):
        path = f"/w/other/settings/channels/{screens.cast.channel.pk}/{action}/"
        assert screens.clara.post(path).status_code == 404


# -- the API -------------------------------------------------------------------------------------------------------


def test_the_kinds_say_which_settings_they_take(screens: Screens) -> None:
    kinds = {kind["kind"]: kind for kind in Caller(screens.cast.bruno).get("channels/kinds/")}
    assert kinds["whatsapp_twilio"]["title"] == "WhatsApp (Twilio)"
    token = next(each for each in kinds["whatsapp_twilio"]["settings"] if each["name"] == "auth_token")
    assert (token["is_secret"], token["is_required"]) == (True, True)


def test_a_script_connects_changes_and_checks_a_channel(screens: Screens, twilio: TwilioDouble) -> None:
    ana = Caller(screens.cast.ana)
    answer = ana.post("channels/", {"kind": "whatsapp_twilio", "name": "New", "settings": values(twilio)}, expect=201)
    channel = answer["channel"]
    assert answer["found"] == "Twilio's account “Acme” is active."
    assert channel["doors"]["inbound_url"].endswith("/inbound/")
    assert channel["stored_secrets"] == ["auth_token"]
    assert TWILIO["auth_token"] not in str(answer)

    path = f"channels/{channel['id']}/"
    changed = ana.patch(path, {"settings": {"rate_per_second": "5"}})["channel"]
    assert changed["settings"]["rate_per_second"] == "5"
    assert "rate_per_second" not in ana.patch(path, {"settings": {"rate_per_second": None}})["channel"]["settings"]
    assert ana.get(path)["settings"]["sender"] == ANOTHER
    twilio.auth_token = "replaced"
    report = ana.post(f"{path}check/")
    assert (report["is_well"], report["problems"][0]["setting"]) == (False, "auth_token")


def test_a_script_is_told_what_the_provider_refused(screens: Screens, twilio: TwilioDouble) -> None:
    wrong = {"kind": "whatsapp_twilio", "name": "New", "settings": values(twilio, auth_token="wrong")}
    [why] = Caller(screens.cast.ana).post("channels/", wrong, expect=400)["fields"]["auth_token"]
    assert why.startswith("Twilio does not accept")
    assert "kind" in Caller(screens.cast.ana).post("channels/", {**wrong, "kind": "pigeon"}, expect=400)["fields"]


def test_only_who_may_configure_connects_and_looks(screens: Screens, twilio: TwilioDouble) -> None:
    bruno = Caller(screens.cast.bruno)
    bruno.post("channels/", {"kind": "webchat", "name": "Site"}, expect=403)
    bruno.get(f"channels/{screens.cast.channel.pk}/", expect=403)
    Caller(screens.cast.clara).get(f"channels/{screens.cast.channel.pk}/", expect=404)
