"""What people come to do, in a real Chromium by pointer and by keyboard: a verdict, a review, labels, a comparison.

The server, its database, the worker and the endpoint are real; the model at the endpoint adds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from packages.server.tests.browser.chromium import PHONE, findings, launched, opened, too_wide
from packages.server.tests.browser.hands import Keyboard, Pointer
from packages.server.tests.jobs.yard import questions
from packages.server.tests.pages.test_suite_labels import label_all, made  # noqa: F401 — a fixture
from packages.server.tests.pages.working import working
from packages.server.tests.site import NAME, PASSWORD, Site, new_platform, pushed
from packages.server.tests.suites.yard import bring, make_suite
from testkit.fixtures import SumsServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TABLE = "| Benchmark | Adder-1 |\n|---|---|\n| Sums | 50.0 |\n"
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


@pytest.fixture
def with_judge(own: Site, made: Path) -> Site:  # noqa: F811 — the fixture
    """The platform with the run of a judge, brought before a browser starts."""
    own.administrator()
    pushed(own, made / "rj")
    return own


@pytest.fixture
def with_models(own: Site, same_samples: list[Path]) -> Site:
    """The platform with runs of several models on the same samples."""
    own.administrator()
    for run in same_samples:
        pushed(own, run)
    return own


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
    hand.fill("A task of your own", "sums")
    hand.fill("Its questions", questions(QUESTIONS))
    hand.press("Go on")
    expect(hand.page.get_by_role("heading", name="What its test takes at most")).to_be_visible(timeout=MINUTES)
    calm(hand.page)
    hand.press("Test this")
    expect(hand.page.get_by_role("heading", name="It is finished")).to_be_visible(timeout=MINUTES)
    hand.follow("Its run and verdict")
    expect(hand.page.get_by_role("group", name="Verdict")).to_contain_text("Consistent")
    expect(hand.page.get_by_role("row", name="sums")).to_contain_text("better than claimed")
    calm(hand.page)


@pytest.mark.slow  # two servers, two workers, two audits
@pytest.mark.parametrize("kind", [Pointer, Keyboard])
def test_from_the_one_time_link_to_the_verdict_on_a_pasted_table(
    kind: type[Pointer], own: Site, browser: Browser
) -> None:
    with SumsServer() as sums, opened(browser, own.base) as page, working(own, lease=12):
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
        expect(page.get_by_role("heading", name="Pushed last")).to_be_visible()


@pytest.mark.slow
def test_a_suite_is_reviewed_by_the_keyboard_alone(own: Site, browser: Browser, tmp_path: Path) -> None:
    own.administrator()
    editor = own.person("reviewer", "editor")
    assert bring(own, make_suite(tmp_path / "s", "helpdesk"), editor).status == 201
    with opened(browser, own.base, editor) as page:
        hand = Keyboard(page)
        page.goto("/")
        hand.follow("default")
        hand.follow("Suites")
        hand.follow("helpdesk")
        hand.follow("Review the next item")
        hand.press("Keep it as it is")
        expect(page.get_by_role("heading", name="q2", level=1)).to_be_visible()
        hand.fill("Answer", "Team 9")
        hand.press("Keep it as changed")
        expect(page.get_by_role("heading", name="q3", level=1)).to_be_visible()
        hand.press("Drop it")
        expect(page.get_by_role("alert")).to_contain_text("say why it is dropped")
        calm(page)
        hand.mark("Nothing shown here answers it")
        hand.press("Drop it")
        expect(page.get_by_text("3 of 3 items are reviewed")).to_be_visible()
        hand.press("Put decisions into the files")
        expect(page.get_by_text("Version 1, revision 2: 2 items")).to_be_visible()
        expect(page.get_by_text("2 of 2 items are reviewed")).to_be_visible()
        calm(page)


@pytest.mark.slow  # the run of a judge
def test_people_label_answers_and_a_judge_is_held_against_them(
    with_judge: Site,
    made: Path,  # noqa: F811 — the fixture
    browser: Browser,
) -> None:
    own = with_judge
    editor = own.person("labeller", "editor")
    assert bring(own, made / "sums", editor).status == 201
    with opened(browser, own.base, editor) as page:
        hand = Keyboard(page)
        page.goto("/p/default/suites")
        hand.follow("sums")
        hand.follow("Answers that people label")
        hand.fill("Name of the set", "judge one")
        hand.fill("The file of answers", (made / "answers.jsonl").read_text())
        hand.press("Bring them")
        hand.follow("Label the next answer")
        for number, word in enumerate(("Yes", "No", "Unsure"), 1):
            expect(page.get_by_role("heading", name=f"Answer {number} of 25")).to_be_visible()
            hand.press(word)
        expect(page.get_by_role("heading", name="Answer 4 of 25")).to_be_visible()
        path = page.url.removeprefix(own.base).rpartition("/")[0]
        label_all(editor, path, [*["yes", "no"] * 12, "yes"])
        page.goto(path)
        expect(page.get_by_text("You have labelled 25 of 25 answers")).to_be_visible()
        hand.press("Show its figures")
        expect(page.get_by_role("heading", name="The judge, held against people")).to_be_visible(timeout=MINUTES)
        calm(page)
        assert too_wide_on_a_phone(page) == []


def too_wide_on_a_phone(page: Page) -> list[str]:
    """What scrolls sideways on a phone of what a form led to, which no address opens."""
    page.set_viewport_size({"width": PHONE, "height": 900})
    return too_wide(page)


@pytest.mark.slow
def test_two_models_are_compared(with_models: Site, browser: Browser) -> None:
    own = with_models
    with opened(browser, own.base, own.person("chooser", "viewer")) as page:
        hand = Keyboard(page)
        page.goto("/p/default/runs")
        hand.follow("Compare")
        hand.mark("gpt-small")
        hand.mark("claude-mid")
        hand.press("Compare")
        expect(page.get_by_role("heading", name="2 models on the same samples")).to_be_visible(timeout=MINUTES)
        calm(page)
        hand.fill("Share of A", "90")
        hand.fill("Share of B", "10")
        hand.press("Show with these shares")
        expect(page.get_by_text("with 90.0 %").first).to_be_visible()
