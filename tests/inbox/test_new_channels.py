"""E-mail, Instagram and transcripts are connected by screen, API and command; each time their provider is asked."""

from collections.abc import Iterator

import pytest

from messaging.models import Channel
from project.kernel.scope import workspace_scope
from tests.commands import refusal, run_json
from tests.doubles.instagram import InstagramDouble
from tests.doubles.mail_service import API_KEY, MailService
from tests.inbox.api import Caller
from tests.inbox.screens import Screens, browser_of, open_screens, text_of

pytestmark = pytest.mark.django_db

CALLS = {"sender": "+551140000000", "signing_key": "a-long-signing-key"}


@pytest.fixture
def values() -> Iterator[dict[str, dict[str, str]]]:
    with MailService() as service, InstagramDouble() as meta:
        yield {"email": service.settings("postmark"), "instagram": meta.settings(), "voice_transcript": CALLS}


@pytest.fixture
def screens() -> Screens:
    return open_screens()


FOUND = {
    "email": "Postmark knows the API key.",
    "instagram": "Instagram knows the account @acme.",
    "voice_transcript": "Whoever signs with this key may deliver calls.",
}
WRONG = {
    "email": ("api_key", "wrong", "Postmark does not accept the API key."),
    "instagram": ("access_token", "wrong", "Meta does not accept the access token."),
    "voice_transcript": ("signing_key", "short", "must have at least 16 characters"),
}


@pytest.mark.parametrize("kind", FOUND)
def test_by_screen(screens: Screens, values: dict[str, dict[str, str]], kind: str) -> None:
    ana = browser_of(screens.cast.ana)
    place = f"/w/acme/settings/channels/add/{kind}/"
    name, wrong, said = WRONG[kind]
    refused = ana.post(place, {"name": "New", **values[kind], name: wrong}, follow=True)
    assert (refused.status_code, said in text_of(refused)) == (422, True)
    assert FOUND[kind] in text_of(ana.post(place, {"name": "New", **values[kind]}, follow=True))
    for stranger in (screens.cast.clara, screens.cast.vera):
        assert browser_of(stranger).get(place).status_code in (403, 404)


@pytest.mark.parametrize("kind", FOUND)
def test_by_command_and_check(screens: Screens, values: dict[str, dict[str, str]], kind: str) -> None:
    given = [f"--set={name}={value}" for name, value in values[kind].items()]
    with workspace_scope(screens.cast.acme):
        answer = run_json("create_channel", kind, "--workspace=acme", "--name=New", *given)
        assert answer["found"] == FOUND[kind]
        assert API_KEY not in str(Channel.objects.get(pk=answer["id"]).settings)
    name, wrong, said = WRONG[kind]
    given = [f"--set={known}={value}" for known, value in {**values[kind], name: wrong}.items()]
    assert said in refusal("create_channel", kind, "--workspace=acme", "--name=X", *given)


@pytest.mark.parametrize("kind", FOUND)
def test_by_api(screens: Screens, values: dict[str, dict[str, str]], kind: str) -> None:
    ana = Caller(screens.cast.ana)
    assert kind in [known["kind"] for known in ana.get("channels/kinds/")]
    answer = ana.post("channels/", {"kind": kind, "name": "New", "settings": values[kind]}, 201)
    assert answer["found"] == FOUND[kind]
    assert not [secret for secret in ("a-long-random-word", API_KEY, CALLS["signing_key"]) if secret in str(answer)]


def test_what_a_mail_is_sent_by_is_chosen_from_a_list(screens: Screens) -> None:
    page = browser_of(screens.cast.ana).get("/w/acme/settings/channels/add/email/").content.decode()
    assert '<option value="postmark">postmark</option>' in page
    assert page.index("Sent by") < page.index("More settings") < page.index("IMAP server")
