"""A whole installation (web, worker, beat, servers, demo), started once for the tests that play on it."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.project.test_bin_up import Running


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running `bin/up` with a data directory of its own."""
    running = Running(tmp_path_factory.mktemp("installation") / "data")
    try:
        running.wait_until_served(120)
        yield f"http://localhost:{running.port}"
    finally:
        running.interrupt()


@pytest.fixture
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium, "Browser tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        browser.close()
