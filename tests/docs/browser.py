"""A page in a real Chromium, driven through its DevTools protocol: what it says on the console, what it fetches."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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


@asynccontextmanager
async def chromium(profile: Path) -> AsyncIterator[Chromium]:
    """A Chromium with a fresh profile; the test skips where none is installed."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    program = next((found for name in names if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    process = subprocess.Popen(
        [program, *SWITCHES, f"--user-data-dir={profile}", "about:blank"], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        line = next(line for line in process.stderr if "DevTools listening on" in line)
        port = line.split("127.0.0.1:")[1].split("/")[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10) as reply:  # loopback
            (target,) = [one for one in json.load(reply) if one["type"] == "page"]
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket,
        ):
            yield Chromium(socket)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


class Chromium:
    """One tab. Calls are answered in order; events that come meanwhile are kept."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self._events: list[dict[str, Any]] = []

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a DevTools method and give its result."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            message: dict[str, Any] = await self._socket.receive_json(timeout=30)
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
            self._events.append(await self._socket.receive_json(timeout=30))
        widths = await self.evaluate(WIDTH)
        background = await self.evaluate("getComputedStyle(document.body).backgroundColor")
        if picture is not None:
            data = (await self.call("Page.captureScreenshot"))["data"]
            picture.write_bytes(base64.b64decode(data))
        return Visit(self.errors(), self._hosts(), [int(part) for part in widths.split(",")], background)

    async def evaluate(self, expression: str) -> str:
        """The value of an expression in the page, as text; that of a promise is waited for."""
        # Two frames later the page's own scripts have laid it out.
        promise = f"new Promise(done => setTimeout(() => done({expression}), 300))"
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
