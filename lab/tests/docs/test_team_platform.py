"""The tutorial of the platform as a newcomer walks it: its commands, and in Chromium each button that it names.

Its pictures are made on the way: ``STEELYARD_PICTURES=docs/images`` keeps them (``make pictures``).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from packages.server.tests.browser.chromium import Scheme, launched, opened
from packages.server.tests.browser.hands import Pointer
from packages.server.tests.site import Site, data_folder, environment, serving
from testkit.docs import console
from testkit.docs.pages import blocks
from testkit.repository import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGE = ROOT / "docs" / "tutorial" / "team-platform.md"
ADDRESS = "http://127.0.0.1:8420"  # which the page names
PASSWORD = "a long way to the mill"
MINUTES = 600_000  # milliseconds: the model answers on a processor that others use, too
WIDTH = 1000  # pixels, of the pictures
MAX_PICTURE = 120_000  # bytes


@contextmanager
def worker(data: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "steelyard", "worker", "--data", str(data)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment()) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)


def named() -> set[str]:
    """The buttons, links and roles that the page names in bold."""
    return set(re.findall(r"\*\*([^*]+)\*\*", PAGE.read_text(encoding="utf-8")))


def picture(page: Page, name: str, height: int, folder: Path, scheme: Scheme = "light") -> None:
    """The top of a page, as far as the tutorial speaks of it; it must not grow unseen."""
    page.emulate_media(color_scheme=scheme)
    image = folder / name
    page.screenshot(path=image, clip={"x": 0, "y": 0, "width": WIDTH, "height": height})
    assert 5_000 < image.stat().st_size < MAX_PICTURE, name


class Reader(Pointer):
    """Does what the page says, and remembers which of its words were of use."""

    def __init__(self, page: Page, used: set[str]) -> None:
        super().__init__(page)
        self.used = used

    def follow(self, name: str) -> None:
        self.used.add(name)
        super().follow(name)

    def press(self, name: str) -> None:
        self.used.add(name)
        super().press(name)

    def unfold(self, name: str) -> None:
        self.used.add(name)
        super().unfold(name)

    def choose(self, label: str, words: str) -> None:
        self.used.add(words)
        super().choose(label, words)


def let_in(ada: Reader, grace: Reader, link: str) -> None:
    ada.page.goto(link)
    ada.fill("Name", "ada")
    ada.fill("Password, ", PASSWORD)
    ada.fill("The same password again", PASSWORD)
    ada.press("Make the account")
    ada.follow("Admin")
    ada.follow("People")
    ada.fill("Name, with which", "grace")
    ada.choose("Role in it", "runner")
    ada.press("Make the person")
    grace.page.goto(ada.page.locator(".note code").inner_text())
    grace.fill("Password, ", PASSWORD)
    grace.fill("The same password again", PASSWORD)
    grace.press("Set the password")


def have_claims_tested(grace: Reader, sheet: str, pictures: Path) -> None:
    grace.follow("Runs")
    grace.follow("Claims")
    grace.fill("The vendor’s table", sheet)
    grace.choose("Model to test it on", "the small model that is built in, to try this page")
    grace.unfold("Limits, and questions of your own")
    grace.fill("Samples of a claim, at most", "100")
    grace.press("Go on")
    expect(grace.page.get_by_role("heading", name="What its test takes at most")).to_be_visible(timeout=MINUTES)
    picture(grace.page, "platform-dry-run.png", 830, pictures)
    grace.press("Test this")
    expect(grace.page.get_by_role("heading", name="It is finished")).to_be_visible(timeout=MINUTES)
    grace.follow("Its run and verdict")
    expect(grace.page.get_by_role("group", name="Verdict")).to_contain_text("Inconsistent")
    expect(grace.page.get_by_role("row", name="products")).to_contain_text("consistent")
    for scheme in ("light", "dark"):
        picture(grace.page, f"platform-verdict-{scheme}.png", 780, pictures, scheme)


def push_a_run(ada: Reader, site: Site, folder: Path) -> None:
    """The page's own commands, with the token and the address of this platform."""
    ada.follow("Account")
    ada.fill("Name, such as", "tutorial")
    ada.choose("Scope", "push")
    ada.press("Make the token")
    token = ada.page.locator(".note code").first.inner_text()
    lines = [
        each.line for block in blocks(PAGE) if block.language == "console" for each in console.commands(block.source)
    ]
    for line in lines[lines.index("export STEELYARD_TOKEN=steelyard_…") + 1 :]:
        here = line.replace(ADDRESS, site.base).replace("team-data", f"'{site.data}'")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("STEELYARD_TOKEN", token)
            console.run(console.Command(here, ""), folder)
    ada.follow("Overview")
    expect(ada.page.get_by_text("Measured: word_sequence_reversal").first).to_be_visible()
    assert (folder / "team.zip").stat().st_size > 0


@pytest.mark.slow
@pytest.mark.model
def test_the_walk_from_nothing_to_a_verdict(smollm2: Path, tmp_path: Path) -> None:
    sheet = next(block.source for block in blocks(PAGE) if block.markers.get("write") == "vendor.yaml")
    pictures = Path(os.environ.get("STEELYARD_PICTURES", tmp_path))
    used: set[str] = set()
    with (
        data_folder() as data,
        serving(data) as site,
        worker(data),
        launched() as browser,
        opened(browser, site.base, width=WIDTH) as one,
        opened(browser, site.base, width=WIDTH) as other,
    ):
        ada, grace = Reader(one, used), Reader(other, used)
        let_in(ada, grace, site.link)
        have_claims_tested(grace, sheet, pictures)
        push_a_run(ada, site, tmp_path)
    assert named() <= used
