"""The visitor's page and the widget in a real browser, on a whole running installation."""

import http.server
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.demo import page_of_ana

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

SOON = 15_000


@pytest.fixture
def chat(browser: Browser, installation: str) -> str:
    """The address of the demo company's chat, as its settings show it."""
    page = page_of_ana(browser, installation)
    page.goto(f"{installation}/w/demo/settings/channels/")
    address = page.locator("dt:text-is('Chat page') + dd code").inner_text()
    page.context.close()
    return address


def say(page: Page, words: str) -> None:
    page.locator("#text").fill(words)
    page.locator("#text").press("Enter")


def answers(page: Page, words: str) -> None:
    expect(page.locator(".msg.ai", has_text=words)).to_be_visible(timeout=SOON)


def test_the_conversation_is_there_after_a_reload(browser: Browser, chat: str) -> None:
    page = browser.new_page()
    page.goto(chat)
    say(page, "Do you have decaf?")
    answers(page, "Serra Decaf")
    page.reload()
    answers(page, "Serra Decaf")
    expect(page.locator(".msg.you")).to_have_count(1)


def test_without_a_socket_the_page_polls(browser: Browser, chat: str) -> None:
    page = browser.new_page()
    page.route_web_socket("**/ws/chat/**", lambda socket: socket.close())
    page.goto(chat)
    say(page, "Do you have decaf?")
    answers(page, "Serra Decaf")


def test_what_is_written_without_a_connection_arrives_once(browser: Browser, chat: str) -> None:
    page = browser.new_page()
    page.goto(chat)
    say(page, "Hello")
    expect(page.locator(".msg.ai")).to_have_count(1, timeout=SOON)
    page.context.set_offline(True)
    say(page, "Do you have decaf?")
    expect(page.locator("#state")).to_contain_text("What you write is kept")
    page.context.set_offline(False)
    answers(page, "Serra Decaf")
    page.reload()
    expect(page.locator(".msg.you", has_text="decaf")).to_have_count(1)


def test_words_are_shown_as_words(browser: Browser, chat: str) -> None:
    page = browser.new_page()
    page.goto(chat)
    say(page, "<img src=x onerror=\"document.title='broken'\"> see https://example.com/a?b=c.")
    expect(page.locator(".msg.you a")).to_have_attribute("href", "https://example.com/a?b=c")
    expect(page.locator(".msg img")).to_have_count(0)
    assert page.title() == "Prado & Co"


@pytest.fixture
def shop(chat: str) -> Iterator[str]:
    """A company's site of another origin, with a policy that forbids inline styles."""
    script = f'<script src="{chat}widget.js" data-name="Davi" async></script>'
    page = f"<!doctype html><title>A shop</title><h1>A shop</h1>{script}"

    class Shop(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Security-Policy", "style-src 'self'")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


def test_the_widget_opens_the_chat_on_the_companys_own_site(browser: Browser, shop: str) -> None:
    page = browser.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(shop)
    page.get_by_role("button", name="Open the chat").click()
    frame = page.frame_locator("baton-chat iframe")
    written = frame.get_by_placeholder("Write a message")  # the page's script has run
    written.fill("Do you have decaf?")
    written.press("Enter")
    expect(frame.locator(".msg.you")).to_be_visible()
    expect(frame.locator(".msg.ai")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Close the chat").click()
    expect(page.locator("baton-chat .panel")).to_be_hidden()
    assert complaints == []
