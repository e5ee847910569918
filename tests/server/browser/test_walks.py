"""An administrator's first hour in a real Chromium, by pointer and by keyboard: from the one-time link to a verdict.

The server, its database, the worker and the endpoint are real; the model at the endpoint adds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.conftest import SumsServer
from tests.server.browser.chromium import findings, launched, opened
from tests.server.browser.hands import Keyboard, Pointer
from tests.server.jobs.yard import questions
from tests.server.pages.working import working
from tests.server.site import NAME, PASSWORD, Site, new_platform

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# A table is read where it names a known benchmark. GSM8K has 1,319 questions: here they are sums, which the model adds.
TABLE = "| Benchmark | Adder-1 |\n|---|---|\n| GSM8K | 50.0 |\n"
QUESTIONS = 1319
MINUTES = 180_000  # milliseconds, until a verdict


@pytest.fixture
def own(data_template: Path) -> Iterator[Site]:
    """A platform on which nobody has an account."""
    with new_platform(data_template) as site:
        yield site


@pytest.fixture
def browser(own: Site) -> Iterator[Browser]:
    with launched() as found:
        yield found


def calm(page: Page) -> None:
    """Nothing serious for axe-core on what a form led to, which no address opens."""
    assert findings(page) == [], page.url


def make_the_account(hand: Pointer, link: str) -> None:
    hand.page.goto(link)
    calm(hand.page)
    hand.fill("Name", NAME)
    hand.fill("Password, ", PASSWORD)
    hand.fill("The same password again", PASSWORD)
    hand.press("Make the account")
    expect(hand.page.get_by_role("heading", name="Nothing was pushed yet")).to_be_visible()


def add_the_endpoint(hand: Pointer, url: str) -> None:
    hand.follow("Admin")
    hand.follow("Endpoints")
    hand.fill("Name", "sums")
    hand.choose("Kind", "openai")
    hand.fill("Address", url)
    hand.fill("Models", "sums")
    hand.press("Add it")
    expect(hand.page.get_by_role("heading", name="sums", level=1)).to_be_visible()


def have_the_claim_tested(hand: Pointer) -> None:
    hand.follow("Runs")
    hand.follow("Claims")
    hand.fill("The vendor’s table", TABLE)
    hand.choose("Model to test it on", "sums at sums")
    hand.unfold("Limits, and questions of your own")
    hand.fill("Samples of a claim", "200")
    hand.fill("Tolerance in points", "4.5")
    hand.fill("A task of your own", "gsm8k")
    hand.fill("Its questions", questions(QUESTIONS))
    hand.press("Go on")
    expect(hand.page.get_by_role("heading", name="What its test takes at most")).to_be_visible(timeout=MINUTES)
    calm(hand.page)
    hand.press("Test this")
    expect(hand.page.get_by_role("heading", name="It is finished")).to_be_visible(timeout=MINUTES)
    hand.follow("Its run and verdict")
    expect(hand.page.get_by_role("group", name="Verdict")).to_contain_text("Consistent")
    expect(hand.page.get_by_role("row", name="gsm8k")).to_contain_text("better than claimed")
    calm(hand.page)


@pytest.mark.slow  # two servers, two workers, two audits
@pytest.mark.parametrize("kind", [Pointer, Keyboard])
def test_from_the_one_time_link_to_the_verdict_on_a_pasted_table(
    kind: type[Pointer], own: Site, browser: Browser
) -> None:
    with SumsServer() as sums, opened(browser, own.base) as page, working(own):
        hand = kind(page)
        make_the_account(hand, own.link)
        add_the_endpoint(hand, sums.url)
        have_the_claim_tested(hand)
        hand.press(f"Sign out {NAME}")
        hand.fill("Name", NAME)
        hand.fill("Password", "not the one")
        hand.press("Sign in")
        expect(page.get_by_role("alert")).to_have_text("nobody has this name and password")
        calm(page)
        hand.fill("Password", PASSWORD)
        hand.press("Sign in")
        expect(page.get_by_role("heading", name="What was pushed last")).to_be_visible()
