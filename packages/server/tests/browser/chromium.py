"""A real Chromium, driven by Playwright; what axe-core finds on a page, and what makes a phone scroll sideways."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import pytest

from packages.server.tests.site import Client

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

AXE = "4.14.1"
Scheme: TypeAlias = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
PHONE, DESK = 380, 1280  # pixels
# Frames are pages of their own, which are visited by themselves.
_FIND = """async () => {
  const found = await axe.run(document, {iframes: false, resultTypes: ["violations"]});
  return found.violations.filter(each => ["serious", "critical"].includes(each.impact)).map(each =>
    `${each.impact} ${each.id}, ${each.nodes.length}: ` + each.nodes.slice(0, 3).map(node =>
      node.html.slice(0, 160) + " " + node.failureSummary.slice(0, 200)).join(" | "));
}"""
# The elements that reach beyond the window's right edge, as far as they are not cut off or scrolled by one above them.
_WIDE = """() => {
  const root = document.documentElement, found = [];
  if (root.scrollWidth <= window.innerWidth) return found;
  for (const each of document.body.querySelectorAll("*"))
    if (each.getBoundingClientRect().right > window.innerWidth + 1) found.push(each.outerHTML.slice(0, 120));
  return [`${root.scrollWidth} of ${window.innerWidth} pixels`, ...found.slice(0, 4)];
}"""


@contextmanager
def launched() -> Iterator[Browser]:
    """The system's Chromium, without a window; the test skips where none is installed.

    While it runs, this thread has an event loop: what a test needs ``asyncio.run`` for, it makes before.
    """
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    program = next((found for name in names if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    switches = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=switches)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    browser: Browser,
    base: str,
    who: Client | None = None,
    *,
    scheme: Scheme = "light",
    width: int = DESK,
    without_policy: bool = False,
) -> Iterator[Page]:
    """A page with a profile of its own, in which whoever is signed in in ``who`` is signed in.

    ``without_policy``: a page that is served in a sandbox runs no script, so that nothing in it could be asked.
    """
    context = browser.new_context(
        base_url=base,
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",
        bypass_csp=without_policy,
    )
    context.set_default_timeout(60_000)
    if who is not None:
        context.add_cookies([{"name": name, "value": value, "url": base} for name, value in who.cookies.items()])
    try:
        yield context.new_page()
    finally:
        context.close()


@cache
def axe() -> str:
    """axe-core, installed once from npm into a folder of the user's cache: it is MPL-2.0, and not ours to copy."""
    cache_folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache_folder / "steelyard-tests" / f"axe-core-{AXE}"
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        if shutil.which("npm") is None:
            pytest.skip("no node with npm on this machine: apt-get install nodejs npm")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}')
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", f"axe-core@{AXE}"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"npm cannot install axe-core: {done.stderr[-300:]}")
    return script.read_text(encoding="utf-8")


def unfold(page: Page) -> None:
    """Open all that is folded up, which nobody could look at, or type into, before."""
    page.evaluate("() => document.querySelectorAll('details').forEach(each => { each.open = true; })")


def findings(page: Page) -> list[str]:
    """What axe-core calls serious or critical on a page as it is now."""
    page.evaluate(axe())
    found: list[str] = page.evaluate(_FIND)
    return found


def too_wide(page: Page) -> list[str]:
    """What is wider than the window, where the page scrolls sideways."""
    found: list[str] = page.evaluate(_WIDE)
    return found
