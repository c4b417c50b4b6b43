"""What did not arrive, decided on with the keyboard alone, and a sender let go again, in a real browser."""

import pytest
from playwright.sync_api import Browser, expect

from messaging.models import Channel, Message
from project.kernel import clock
from project.kernel.scope import workspace_scope
from tests.browser.server import web_server
from tests.browser.test_inbox import complaints_of
from tests.cast import PASSWORD
from tests.inbox.screens import Screens, open_screens
from tests.inbox.test_undelivered import failed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PATIENCE = 20_000  # milliseconds: what the keyboard did goes to a server and back, beside whatever else runs
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def screens(monkeypatch: pytest.MonkeyPatch) -> Screens:
    # Playwright keeps an event loop in this thread; the ORM calls below are not inside of it.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    return open_screens()


def test_what_did_not_arrive_is_decided_on_with_the_keyboard(screens: Screens, browser: Browser) -> None:
    first = failed(screens, "Elsa", "First words", ago=1)
    second = failed(screens, "Felix", "Second words", ago=2)
    third = failed(screens, "Gil", "Third words", ago=3, status="in_doubt", error_code="")
    with workspace_scope(screens.cast.acme):
        Channel.objects.update(paused_at=clock.now(), paused_reason="The account is not accepted")
    with web_server() as address:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        complaints = complaints_of(page)
        page.goto(f"{address}/accounts/login/")
        page.get_by_label("Email").fill("ana@acme.test")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/w/acme/inbox/")
        expect(page.locator("#senders")).to_contain_text(
            "Sales is paused. The account is not accepted.", timeout=PATIENCE
        )
        page.get_by_role("button", name="Resume").click()
        expect(page.locator("#senders")).to_have_text("", timeout=PATIENCE)

        page.get_by_role("link", name="Not delivered").click()
        expect(page.locator("#undelivered-count")).to_contain_text("3", timeout=PATIENCE)
        for key in ("j", "s"):
            page.keyboard.press(key)
        expect(page.locator(".letter")).to_have_count(2, timeout=PATIENCE)
        expect(page.get_by_role("link", name="Felix")).to_be_focused(timeout=PATIENCE)
        page.keyboard.press("d")
        expect(page.locator(".letter")).to_have_count(1, timeout=PATIENCE)
        page.keyboard.press("s")
        expect(page.get_by_text("The customer may already have it and would get it twice.")).to_be_visible(
            timeout=PATIENCE
        )
        page.get_by_role("button", name="Send it all the same").press("Enter")
        expect(page.get_by_role("heading", name="Everything arrived, or is on its way")).to_be_visible(timeout=PATIENCE)
        expect(page.locator("#undelivered-count")).to_be_hidden(timeout=PATIENCE)

        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(f"{address}/w/acme/conversations/{second.conversation_id}/")
        expect(page.locator("#stream")).to_contain_text("It was left as it is.", timeout=PATIENCE)
        assert not page.evaluate(TOO_WIDE)
        assert not complaints
    with workspace_scope(screens.cast.acme):
        fates = [Message.objects.get(pk=message.pk).status for message in (first, second, third)]
        assert fates == ["queued", "failed", "queued"]
