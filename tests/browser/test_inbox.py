"""A salesperson's minute in a real browser: find who waits, take over, answer, and see news arrive."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from playwright.sync_api import Browser, Page, expect, sync_playwright

from crm.models.people import IdentityKind
from messaging.models import Conversation
from messaging.services.receiving import receive_message
from project.kernel import clock
from project.kernel.scope import workspace_scope
from tests.browser.server import web_server
from tests.cast import DAVIS_PHONE, PASSWORD, Cast, gather_cast
from tests.inbox.seed import ask_for_person, full_inbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast(monkeypatch: pytest.MonkeyPatch) -> Cast:
    # Playwright keeps an event loop in this thread; the ORM calls below are not inside of it.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    cast = gather_cast(clock.now())
    with workspace_scope(cast.acme):
        full_inbox(cast.acme, cast.channel, cast.bruno, clock.now())
        hear(cast, "I need a person, please")
        ask_for_person(
            cast.conversation,
            "Asked for a person.",
            "I need a person",
            clock.now() - timedelta(minutes=14),
            clock.now(),
        )
    return cast


@pytest.fixture
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium, "Browser tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        browser.close()


def hear(cast: Cast, body: str) -> None:
    """What the webhook's applier does: in a thread of its own, as Playwright's event loop lives in this one."""
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(_receive, cast, body).result()


def _receive(cast: Cast, body: str) -> None:
    now = clock.now()
    with workspace_scope(cast.acme):
        receive_message(
            channel=cast.channel,
            identities=[(IdentityKind.PHONE, DAVIS_PHONE)],
            address=f"whatsapp:{DAVIS_PHONE}",
            provider_id=f"SM{now.timestamp()}",
            body=body,
            at=now,
            now=now,
        )
    connection.close()


def sign_in(page: Page, address: str) -> None:
    page.goto(f"{address}/accounts/login/")
    page.get_by_label("Email").fill("bruno@acme.test")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/w/acme/inbox/")


def complaints_of(page: Page) -> list[str]:
    """Whatever the browser objects to: script errors, and anything the content policy blocked."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda line: heard.append(line.text) if line.type == "error" else None)
    return heard


def test_from_the_list_to_an_answer_and_back_with_the_keyboard(cast: Cast, browser: Browser) -> None:
    with web_server() as address:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        complaints = complaints_of(page)
        sign_in(page, address)
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Davi")).to_be_visible()
        expect(page.locator("#thread-ladder")).to_contain_text("for a person")

        page.keyboard.press("t")
        expect(page.locator("#composer-voice")).to_contain_text("You have the conversation")
        page.keyboard.type("Bruno here, how can I help?")
        page.reload()
        expect(page.locator("#reply")).to_have_value("Bruno here, how can I help?")
        page.locator("#reply").press("Control+Enter")
        expect(page.locator(".msg.human")).to_contain_text("Bruno here, how can I help?")
        expect(page.locator("#reply")).to_have_value("")

        hear(cast, "Thank you, Bruno!")
        expect(page.locator("#stream")).to_contain_text("Thank you, Bruno!", timeout=3_000)
        expect(page.locator(f"#row-{cast.conversation.pk} .last")).to_contain_text("Thank you, Bruno!", timeout=5_000)
        expect(page.locator("#reasons")).to_contain_text("Bruno took over the conversation")
        assert not complaints
        with workspace_scope(cast.acme):
            assert Conversation.objects.get(pk=cast.conversation.pk).assignee == cast.bruno


def test_on_a_phone_the_panes_become_one(cast: Cast, browser: Browser) -> None:
    with web_server() as address:
        page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
        complaints = complaints_of(page)
        sign_in(page, address)
        page.get_by_text("Helena Prado").click()
        expect(page.get_by_role("heading", name="Helena Prado")).to_be_visible()
        expect(page.locator("#rows")).to_be_hidden()
        page.get_by_role("link", name="Lead and reasons").click()
        expect(page.locator("#side")).to_be_in_viewport()
        page.get_by_role("link", name="Close the panel").click()
        page.get_by_role("link", name="Back to the list").click()
        expect(page.locator("#rows")).to_be_visible()
        too_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(too_wide)
        assert not complaints
