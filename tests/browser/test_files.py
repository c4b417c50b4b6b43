"""Files in a real browser: from the composer into the thread, and on to the visitor's page."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.demo import page_of_ana
from tests.browser.server import web_server
from tests.browser.test_inbox import cast, complaints_of, sign_in
from tests.cast import Cast
from tests.doubles.files import HTML, PNG

__all__ = ["cast"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

SOON = 20_000
PAGE = {"name": "offer.png", "mimeType": "image/png", "buffer": HTML}
PICTURE = {"name": "front.png", "mimeType": "image/png", "buffer": PNG}


@pytest.fixture
def staff(browser: Browser, installation: str) -> Page:
    return page_of_ana(browser, installation)


def test_a_picture_from_the_composer_is_seen_by_the_visitor(browser: Browser, installation: str, staff: Page) -> None:
    staff.goto(f"{installation}/w/demo/settings/channels/")
    visitor = browser.new_context().new_page()
    visitor.goto(staff.locator("dt:text-is('Chat page') + dd code").inner_text())
    visitor.locator("#text").fill("Show me your front door, please")
    visitor.locator("#text").press("Enter")
    expect(visitor.locator(".msg.ai").first).to_be_visible(timeout=SOON)

    staff.goto(f"{installation}/w/demo/inbox/?view=all&q=front+door")
    staff.locator("[data-row]").first.click()
    staff.locator("[data-file]").set_input_files(PICTURE)
    expect(staff.locator("[data-chosen]")).to_have_text("front.png")
    staff.locator("[data-chosen]").click()
    expect(staff.locator("[data-chosen]")).to_have_text("")
    staff.locator("[data-file]").set_input_files(PICTURE)
    staff.get_by_role("button", name="Send").click()

    expect(staff.locator(".msg.human .picture img")).to_be_visible(timeout=SOON)
    expect(staff.locator("[data-chosen]")).to_have_text("")
    seen = visitor.locator(".msg.human .file img")
    expect(seen).to_be_visible(timeout=SOON)
    expect(seen).to_have_js_property("naturalWidth", 10, timeout=SOON)  # it has arrived


@pytest.mark.django_db(transaction=True)
def test_a_refused_file_says_why_and_a_good_one_stands_in_the_thread(browser: Browser, cast: Cast) -> None:
    with web_server() as address:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        complaints = complaints_of(page)
        sign_in(page, address)
        page.goto(f"{address}/w/acme/conversations/{cast.conversation.pk}/")
        page.locator("[data-file]").set_input_files(PAGE)
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#composer-error")).to_contain_text("text/html", timeout=SOON)
        complaints.clear()  # the browser counts the 422 as one

        page.locator("[data-file]").set_input_files(PICTURE)
        expect(page.locator("#composer-error")).to_be_hidden()
        page.locator("#reply").fill("Our front door")
        page.get_by_role("button", name="Send").click()
        shown = page.locator(".msg.human .picture img")
        expect(shown).to_be_visible(timeout=SOON)
        expect(shown).to_have_js_property("naturalWidth", 10, timeout=SOON)  # it has arrived
        expect(page.locator("[data-chosen]")).to_have_text("")
        assert not complaints
