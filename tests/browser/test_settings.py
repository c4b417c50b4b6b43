"""The ladder on its own drawing, moved by hand and by key, and saved."""

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def ladder(browser: Browser, installation: str) -> Page:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{installation}/accounts/login/")
    page.fill("input[name=login]", "ana@demo.test")
    page.fill("input[name=password]", "baton-demo")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/w/demo/inbox/")
    page.goto(f"{installation}/w/demo/settings/handover/")
    return page


def test_a_rung_is_moved_and_never_past_its_neighbour(ladder: Page) -> None:
    update = ladder.get_by_role("slider", name="update")
    field = ladder.locator("#id_update_minutes")
    update.press("ArrowRight")
    expect(field).to_have_value("0.55")
    for _ in range(10):
        update.press("ArrowRight")
    expect(field).to_have_value("0.7")
    grip = update.locator("circle").bounding_box()
    assert grip
    ladder.mouse.move(grip["x"] + 9, grip["y"] + 9)
    ladder.mouse.down()
    ladder.mouse.move(0, grip["y"], steps=4)
    ladder.mouse.up()
    expect(field).to_have_value("0.3")


def test_the_words_are_previewed_and_a_wrong_placeholder_is_marked(ladder: Page) -> None:
    ladder.locator("#id_update_text").fill("Hi {name}, {nmae}")
    preview = ladder.locator("[data-preview-of=id_update_text]")
    expect(preview).to_have_text("Hi Helena, {nmae}")
    expect(preview.locator(".unknown")).to_have_text("{nmae}")
    ladder.get_by_role("button", name="Save").click()
    expect(ladder.locator("#id_update_text_error")).to_contain_text("{nmae} is not known")
    expect(ladder.locator("#id_update_text")).to_have_attribute("aria-invalid", "true")
