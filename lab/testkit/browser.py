"""A page in a real Chromium, driven through its DevTools protocol: what it says on the console, what it fetches."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest

SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)
# What is laid out wider than the window makes a phone scroll sideways.
WIDTH = "[document.documentElement.scrollWidth, window.innerWidth].join()"


class Visit(NamedTuple):
    """What one page did: errors on its console, hosts that it asked, its width and the window's, its background."""

    errors: list[str]
    hosts: set[str]
    widths: list[int]
    background: str


@contextmanager
def running(profile: Path) -> Iterator[str]:
    """A Chromium with a fresh profile: the address of its DevTools. The test skips where none is installed."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    program = next((found for name in names if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with subprocess.Popen(
        [program, *SWITCHES, f"--user-data-dir={profile}", "about:blank"], stderr=subprocess.DEVNULL
    ) as process:
        try:
            place = profile / "DevToolsActivePort"  # written by Chromium: the port, and the path of its own socket
            while not (place.is_file() and len(lines := place.read_text().split()) == 2):
                assert process.poll() is None, "Chromium has ended"
                time.sleep(0.02)
            yield f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        finally:
            process.kill()


@pytest.fixture(scope="session")
def devtools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Chromium that tests share; each opens a tab with a profile of its own."""
    with running(tmp_path_factory.mktemp("chromium") / "profile") as address:
        yield address


@asynccontextmanager
async def open_tab(devtools: str) -> AsyncIterator[Chromium]:
    """A tab that shares nothing with the others of this Chromium: no storage, no emulation, no script."""
    async with aiohttp.ClientSession() as session, session.ws_connect(devtools, max_msg_size=0) as socket:
        browser = Chromium(socket)
        profile = (await browser.call("Target.createBrowserContext", disposeOnDetach=True))["browserContextId"]
        page = await browser.call("Target.createTarget", url="about:blank", browserContextId=profile)
        address = f"{devtools.partition('/devtools/')[0]}/devtools/page/{page['targetId']}"
        async with session.ws_connect(address, max_msg_size=0) as own:
            yield Chromium(own, profile)


@asynccontextmanager
async def chromium(profile: Path) -> AsyncIterator[Chromium]:
    """A tab in a Chromium of its own."""
    with running(profile) as devtools:
        async with open_tab(devtools) as tab:
            yield tab


class Chromium:
    """One tab. Calls are answered in order; events that come meanwhile are kept."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, profile: str = "") -> None:
        self.profile = profile
        self._socket = socket
        self._number = 0
        self._events: list[dict[str, Any]] = []

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a DevTools method and give its result."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            message: dict[str, Any] = await self._socket.receive_json(timeout=180)
            if message.get("id") == self._number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result
            self._events.append(message)

    async def visit(self, url: str, *, width: int, dark: bool, picture: Path | None = None) -> Visit:
        """Open ``url`` in a window of that width and colour scheme, and wait until it is loaded."""
        for domain in ("Page", "Log", "Runtime", "Network"):
            await self.call(f"{domain}.enable")
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])
        self._events.clear()
        await self.call("Page.navigate", url=url)
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._events.append(await self._socket.receive_json(timeout=180))
        widths = await self.evaluate(WIDTH)
        background = await self.evaluate("getComputedStyle(document.body).backgroundColor")
        if picture is not None:
            data = (await self.call("Page.captureScreenshot"))["data"]
            picture.write_bytes(base64.b64decode(data))
        return Visit(self.errors(), self._hosts(), [int(part) for part in widths.split(",")], background)

    async def evaluate(self, expression: str) -> str:
        """The value of an expression in the page, as text; that of a promise is waited for."""
        # Two frames later the page's own scripts have laid it out.
        frames = "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))"
        promise = f"new Promise(done => {frames}).then(() => ({expression}))"
        found = await self.call("Runtime.evaluate", expression=promise, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return str(found["result"].get("value"))

    def errors(self) -> list[str]:
        """What the page has said on its console since it was opened."""
        errors = []
        for event in self._events:
            match event:
                case {"method": "Runtime.exceptionThrown", "params": {"exceptionDetails": details}}:
                    errors.append(json.dumps(details)[:500])
                case {"method": "Runtime.consoleAPICalled", "params": {"type": "error" | "warning"} as said}:
                    errors.append(json.dumps(said["args"])[:500])
                case {"method": "Log.entryAdded", "params": {"entry": {"level": "error" | "warning"} as entry}}:
                    errors.append(f"{entry['text']} {entry.get('url', '')}")
                case _:
                    pass
        return errors

    def requests(self) -> list[str]:
        """Every address that was asked for since the page was opened, with its own."""
        sent = [event for event in self._events if event["method"] == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in sent]

    def _hosts(self) -> set[str]:
        return {url.split("/")[2] for url in self.requests() if url.startswith(("http:", "https:", "ws:", "wss:"))}


MEASURE = """(() => {
  const root = document.documentElement;
  const visible = [...document.querySelectorAll("svg.chart")].filter(chart => chart.getBoundingClientRect().width > 0);
  const cut = visible.flatMap(chart => {
    const box = chart.getBoundingClientRect();
    return [...chart.querySelectorAll("text")].filter(text => {
      const drawn = text.getBoundingClientRect();
      return drawn.width > 0 && (drawn.left < box.left - 1 || drawn.right > box.right + 1);
    }).map(text => text.textContent);
  });
  return JSON.stringify({
    cut, scroll: root.scrollWidth, client: root.clientWidth, charts: visible.length,
    loaded: performance.getEntriesByType("resource").length,
  });
})()"""


def measured(devtools: str, page: str, width: int, folder: Path, *, dark: bool = False) -> dict[str, Any]:
    """Lay the page out in a window of that width and measure it; nothing may stand on its console."""
    (folder / "page.html").write_text(page, "utf-8")

    async def visit() -> dict[str, Any]:
        async with open_tab(devtools) as tab:
            seen = await tab.visit((folder / "page.html").as_uri(), width=width, dark=dark)
            assert seen.errors == []
            found: dict[str, Any] = json.loads(await tab.evaluate(MEASURE))
            return {**found, "background": seen.background}

    return asyncio.run(visit())
