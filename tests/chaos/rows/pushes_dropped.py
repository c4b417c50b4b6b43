"""Row 16: for ten seconds no screen is told anything. Two real browsers must show what the database holds."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from urllib.parse import urljoin

from playwright.sync_api import Page, sync_playwright

from tests.chaos.arena import Arena, wait_for
from tests.chaos.devices.pushes import DROPPING
from tests.chaos.matrix import Outcome, Reach, Row, audited
from tests.chaos.traffic import Traffic
from tests.system.installation import PASSWORD

SCREENS = 2
CUSTOMERS = 4
DROP_SECONDS = 10.0
CONVERGE_SECONDS = 30.0
PATIENCE_SECONDS = 40.0

NEWEST = """
    SELECT conversation.id, conversation.last_preview FROM messaging_conversation AS conversation
      JOIN messaging_servicewindow AS here ON here.conversation_id = conversation.id
     WHERE here.address = ANY(%(addresses)s)
       AND (SELECT count(*) FROM messaging_message WHERE conversation_id = conversation.id) > %(more)s
"""


def run(arena: Arena, faults: int, rng: Random) -> Outcome:
    traffic = Traffic(arena, rng, row=16)
    slowest = [converged_after(arena, traffic) for _ in range(faults)]
    outcome = audited(traffic, faults=faults, trials=SCREENS * faults)
    return Outcome(
        outcome.faults, outcome.trials, {**outcome.figures, "converged_max_s": max(slowest)}, outcome.examples
    )


def converged_after(arena: Arena, traffic: Traffic) -> float:
    """From the end of the silence until every screen shows what the database holds: the list, and one thread."""
    phones = [traffic.new_phone() for _ in range(CUSTOMERS)]
    for phone in phones:
        traffic.says(phone, "Hello")
    thread_of = min(newest_words(arena, phones, more_than=1))
    with screens(arena, f"inbox/?q={phones[0][1:8]}", f"conversations/{thread_of}/") as pages:
        with pushes_dropped(arena):
            began = time.time()
            for phone in phones:
                traffic.says(phone, "Are you there?")
            held = newest_words(arena, phones, more_than=3)
            time.sleep(max(0.0, began + DROP_SECONDS - time.time()))
        spoken_again = time.time()
        rows, thread = pages
        shown = (
            lambda: all(shows(rows, f"#row-{conversation}", text) for conversation, text in held.items()),
            lambda: shows(thread, "#stream", held[thread_of]),
        )
        return max(seconds_until(page, look, spoken_again) for page, look in zip(pages, shown, strict=True))


def newest_words(arena: Arena, phones: list[str], *, more_than: int) -> dict[int, str]:
    """The last words of each conversation, once each has grown beyond so many."""
    known = {"addresses": [f"whatsapp:{phone}" for phone in phones], "more": more_than}
    wait_for(lambda: len(arena.query(NEWEST, known)) == len(phones), "answer to each of them")
    arena.settle()
    return dict(arena.query(NEWEST, known))


def seconds_until(page: Page, look: Callable[[], bool], since: float) -> float:
    while not look() and time.time() < since + PATIENCE_SECONDS:
        page.wait_for_timeout(200)
    return time.time() - since


def shows(page: Page, where: str, text: str) -> bool:
    found = page.locator(where)
    return found.count() == 1 and text[:40] in found.inner_text()


@contextmanager
def pushes_dropped(arena: Arena) -> Iterator[None]:
    armed = arena.system.installation.data / DROPPING
    armed.touch()
    try:
        yield
    finally:
        armed.unlink()


@contextmanager
def screens(arena: Arena, *paths: str) -> Iterator[list[Page]]:
    """Ana's desk, each in a browser of its own with its socket open."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        try:
            yield [opened(signed_in(browser.new_context().new_page(), arena.system.url), path) for path in paths]
        finally:
            browser.close()


def signed_in(page: Page, address: str) -> Page:
    page.goto(f"{address}/accounts/login/")
    page.get_by_label("Email").fill("ana@acme.test")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/w/acme/inbox/")
    return page


def opened(page: Page, path: str) -> Page:
    sockets: list[object] = []
    page.on("websocket", lambda socket: sockets.append(socket))
    page.goto(urljoin(page.url, f"/w/acme/{path}"))
    wait_for(lambda: bool(sockets or page.wait_for_timeout(100)), "socket of the screen")
    return page


ROW = Row(
    number=16,
    name="the push layer drops everything for 10 s",
    promises=("P7",),
    reach=Reach(at_most={"converged_max_s": CONVERGE_SECONDS, "unsettled": 0}),
    bug="no_slow_poll",
    symptom="converged_max_s",
    run=run,
    least=1,
    share=0.02,
    proven_with="hands",
)
