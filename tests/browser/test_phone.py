"""Every place on a phone: nothing is wider than the screen, and what the bar has no room for is in the menu."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.demo import page_of_ana

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

PHONE = {"width": 390, "height": 844}
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
SETTINGS = re.compile(r"/w/demo/settings/[a-z]*/?$")


@pytest.fixture
def phone(browser: Browser, installation: str) -> Page:
    return page_of_ana(browser, installation, viewport=PHONE)


def addresses(page: Page, selector: str) -> list[str]:
    found: list[str] = page.locator(selector).evaluate_all("links => links.map(link => link.href)")
    return list(dict.fromkeys(found))


def test_no_place_is_wider_than_a_phone(phone: Page, installation: str) -> None:
    places = [place for place in addresses(phone, ".rail a") if "/w/demo/" in place]
    phone.goto(f"{installation}/w/demo/settings/")
    settings = [page for page in addresses(phone, ".tabs a") if SETTINGS.search(page)]
    assert len(places) >= 7
    assert len(settings) >= 14
    too_wide = []
    for place in (*places, *settings, f"{installation}/w/demo/conversations/1/", f"{installation}/w/demo/leads/1/"):
        phone.goto(place)
        if phone.evaluate(TOO_WIDE):
            too_wide.append(place)
    assert not too_wide


def test_the_lesser_places_are_in_the_menu(phone: Page) -> None:
    audit = phone.get_by_role("link", name="Audit")
    expect(audit).to_be_hidden()
    phone.locator(".me summary").click()
    audit.click()
    phone.wait_for_url("**/w/demo/audit/")
