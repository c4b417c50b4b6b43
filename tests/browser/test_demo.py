"""The demo as a newcomer plays it, on a whole running installation: the ladder in seconds, both of its ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

SOON = 15_000
A_RUNG = 40_000
"""Milliseconds until a rung of fifteen seconds must have been climbed, on a busy machine."""


class Stage:
    """The page at /demo/: the strip, the phone, and the inbox."""

    def __init__(self, page: Page, address: str, pictures: Path) -> None:
        self.page, self.pictures = page, pictures
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        page.goto(f"{address}/demo/")

    @property
    def phone(self) -> FrameLocator:
        return self.page.frame_locator("#phone")

    @property
    def inbox(self) -> FrameLocator:
        return self.page.frame_locator("#team")

    def suggest(self, number: int) -> None:
        self.page.locator("#steps li").nth(number - 1).locator(".say").click()

    def expect_done(self, number: int, within: int = SOON) -> None:
        expect(self.page.locator("#steps li").nth(number - 1)).to_have_class("done", timeout=within)

    def on_phone(self, words: str) -> Locator:
        return self.phone.locator(".msg", has_text=words)

    def picture(self, name: str) -> None:
        self.page.screenshot(path=self.pictures / f"{name}.png")

    def ask_for_a_person(self) -> None:
        self.suggest(1)
        self.expect_done(1)
        self.suggest(2)
        expect(self.on_phone("€89 a month")).to_be_visible(timeout=SOON)
        self.expect_done(2)
        self.suggest(3)
        expect(self.on_phone("I'm bringing in a colleague")).to_be_visible(timeout=SOON)
        self.expect_done(3)


@pytest.fixture
def stage(browser: Browser, installation: str, tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(browser.new_page(viewport={"width": 1440, "height": 900}), installation, tmp_path)
    yield stage
    assert stage.complaints == []


def test_a_person_takes_over_and_the_ai_is_silent(stage: Stage) -> None:
    stage.ask_for_a_person()
    stage.expect_done(4, A_RUNG)
    expect(stage.on_phone("Still here for you")).to_be_visible(timeout=A_RUNG)
    stage.picture("update")

    stage.inbox.get_by_role("button", name="Take over").click()
    reply = stage.inbox.get_by_role("textbox", name="Reply")
    reply.fill("Bruno here. For twelve people I can do ten percent.")
    reply.press("Control+Enter")
    answer = stage.on_phone("I can do ten percent")
    expect(answer).to_be_visible(timeout=SOON)
    expect(answer.locator(".by")).to_have_text("Bruno")
    stage.expect_done(5)
    expect(stage.page.locator("#last")).to_contain_text("Bruno Teixeira answered", timeout=SOON)
    stage.picture("answered")

    said = stage.phone.locator(".msg:not(.you)").count()
    stage.phone.locator("#text").fill("Great, and the delivery?")
    stage.phone.locator("#text").press("Enter")
    expect(stage.inbox.get_by_text("Great, and the delivery?").first).to_be_visible(timeout=SOON)
    stage.page.wait_for_timeout(4000)
    assert stage.phone.locator(".msg:not(.you)").count() == said


def test_a_booking_ends_the_ladder(stage: Stage) -> None:
    stage.ask_for_a_person()
    offer = stage.on_phone("Pick a time that suits you").locator("a")
    expect(offer).to_be_visible(timeout=3 * A_RUNG)
    stage.picture("offer")
    with stage.page.context.expect_page() as opened:
        offer.click()
    booking = opened.value
    booking.get_by_role("button", name="11:00").first.click()
    expect(booking.get_by_role("heading", name="Booked")).to_be_visible()
    stage.expect_done(5)
    expect(stage.page.locator("#last")).to_contain_text("a call is booked", timeout=SOON)
    stage.page.wait_for_timeout(20_000)
    expect(stage.on_phone("I have to be honest")).to_have_count(0)
    stage.picture("booked")


def test_starting_over_brings_a_fresh_customer(stage: Stage) -> None:
    stage.suggest(1)
    stage.expect_done(1)
    stage.page.reload()
    stage.expect_done(1)
    stage.page.get_by_role("button", name="Start over").click()
    expect(stage.page.locator("#steps li.done")).to_have_count(0)
    expect(stage.phone.locator(".msg")).to_have_count(0)
