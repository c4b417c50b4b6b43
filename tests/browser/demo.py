"""Ana at the demo company, whose owner she is and who may go everywhere."""

from typing import Any

from playwright.sync_api import Browser, Page


def page_of_ana(browser: Browser, installation: str, **context: Any) -> Page:
    """Her inbox, in a browser of its own."""
    page = browser.new_context(**context).new_page()
    page.goto(f"{installation}/accounts/login/")
    page.fill("input[name=login]", "ana@demo.test")
    page.fill("input[name=password]", "baton-demo")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/w/demo/inbox/")
    return page
