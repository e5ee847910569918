"""The site: it builds without a warning, asks no other host, and opens in a real browser without an error."""

from __future__ import annotations

import asyncio
import functools
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from testkit.browser import Visit, chromium
from testkit.docs.site_check import problems
from testkit.repository import ROOT

PAGES = ("", "tutorial/first-audit/", "how-to/received-a-bundle/", "reference/api/", "engine/")
WINDOWS = {"light": (1280, False), "dark": (1280, True), "phone": (390, False)}


@pytest.fixture(scope="module", params=["mkdocs", "zensical"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as one of the two builders makes it, in a folder of its own."""
    folder = tmp_path_factory.mktemp(request.param)
    for name in ("docs", "lab/tools", "src", "packages"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "mkdocs.yml", folder)
    builder = Path(sys.executable).parent / request.param
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        [builder, "build", "--strict", "--clean"], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in (done.stdout + done.stderr).lower()
    return folder / "site"


@pytest.mark.slow
def test_no_link_is_broken_and_no_other_host_is_asked(site: Path) -> None:
    assert problems(site) == []


@pytest.mark.slow
def test_the_reference_of_python_has_signatures_and_no_raw_roles(site: Path) -> None:
    text = (site / "reference" / "api" / "index.html").read_text(encoding="utf-8")
    assert 'id="steelyard.read_sheet"' in text or 'id="steelyard.claims.read_sheet"' in text
    assert ":class:" not in text


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: pytest's output is for results."""


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    """The site, served on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.mark.slow
def test_five_pages_open_in_a_browser_without_an_error(address: str, tmp_path: Path) -> None:
    pictures = Path(os.environ.get("STEELYARD_TEST_PICTURES", tmp_path))  # to look at them with one's own eyes

    async def visits() -> dict[str, Visit]:
        seen = {}
        for window, (width, dark) in WINDOWS.items():  # a profile each: a page remembers its colour scheme
            async with chromium(tmp_path / window) as browser:
                for page in PAGES:
                    name = f"{page.strip('/').replace('/', '-') or 'index'}-{window}"
                    picture = pictures / f"{name}.png"
                    seen[name] = await browser.visit(address + page, width=width, dark=dark, picture=picture)
        return seen

    seen = asyncio.run(visits())
    assert len(seen) == len(PAGES) * len(WINDOWS)
    for name, visit in seen.items():
        assert visit.errors == [], name
        assert visit.hosts == {address.split("/")[2]}, name
        laid_out, window = visit.widths  # a phone's window grows with what is laid out in it
        assert laid_out <= window == WINDOWS[name.rpartition("-")[2]][0], f"{name} scrolls sideways: {visit.widths}"
    assert seen["index-light"].background != seen["index-dark"].background
