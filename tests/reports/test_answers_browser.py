"""The page of answers in a real browser, from a file: filters, search, keys, a phone, paper, and nothing that runs."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Awaitable, Callable, Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from steelyard.reports.answers_page import About, ShownAnswer, write_page
from testkit.browser import Chromium, open_tab
from tests.reports import answers_fixtures as make

KEYS = {"Tab": 9, " ": 32}
# What is shown of each answer, and the classes that dress it.
LOOK = """[...document.querySelectorAll("#answers .answer")].map(item => [item.innerText, item.className,
  ...[...item.querySelectorAll("[class]:not([hidden], [class=''])")].map(part => part.className)])"""


class Tab:
    """The page in one tab of a browser, as a person uses it."""

    def __init__(self, browser: Chromium, url: str) -> None:
        self.browser = browser
        self.url = url

    async def open(self, fragment: str = "", *, width: int = 1280, dark: bool = False) -> list[int]:
        """Open the page anew; the width of what is laid out, and of the window."""
        self.check()
        await self.browser.visit("about:blank", width=width, dark=dark)
        return (await self.browser.visit(self.url + fragment, width=width, dark=dark)).widths

    def check(self) -> None:
        """Nothing stands on the console, and nothing but the page, and pictures that it holds, was asked for."""
        assert self.browser.errors() == []
        asked = {url.partition("#")[0] for url in self.browser.requests() if not url.startswith("data:image/png;")}
        assert asked <= {self.url, "about:blank"}

    async def value(self, expression: str) -> Any:
        return json.loads(await self.browser.evaluate(f"JSON.stringify({expression})"))

    async def text(self, selector: str) -> str:
        return str(await self.value(f"document.querySelector({json.dumps(selector)}).innerText"))

    async def ids(self) -> list[str]:
        return list(await self.value("[...document.querySelectorAll('#answers h3 code')].map(e => e.innerText)"))

    async def readings(self) -> set[str]:
        return set(await self.value("[...document.querySelectorAll('#answers h3 strong')].map(e => e.innerText)"))

    async def style(self, selector: str, name: str) -> str:
        return str(await self.value(f"getComputedStyle(document.querySelector({json.dumps(selector)})).{name}"))

    async def click(self, selector: str) -> None:
        await self.browser.evaluate(f"void document.querySelector({json.dumps(selector)}).click()")

    async def fill(self, selector: str, text: str, event: str = "input") -> None:
        await self.browser.evaluate(
            f"(e => {{ e.value = {json.dumps(text)}; e.dispatchEvent(new Event({json.dumps(event)})); }})"
            f"(document.querySelector({json.dumps(selector)}))"
        )

    async def press(self, *keys: str) -> None:
        """Press keys as a keyboard does."""
        for key in keys:
            pressed: dict[str, Any] = {"key": key, "windowsVirtualKeyCode": KEYS.get(key, 0)}
            text = {} if key == "Tab" else {"text": key}
            await self.browser.call("Input.dispatchKeyEvent", type="keyDown", **pressed, **text)
            await self.browser.call("Input.dispatchKeyEvent", type="keyUp", **pressed)

    async def focused(self) -> str:
        return str(await self.value("(e => e.id || e.value || e.innerText)(document.activeElement)"))

    async def status(self, said: str) -> None:
        """Wait until the page says this of what it shows."""
        found = ""
        for _ in range(1000):
            found = await self.text("#status")
            if found == said:
                return
        pytest.fail(f"the page says {found!r}, not {said!r}")

    async def picture(self, name: str) -> None:
        """Keep a picture, where somebody wants to look at it with their own eyes."""
        if folder := os.environ.get("STEELYARD_TEST_PICTURES"):
            data = (await self.browser.call("Page.captureScreenshot"))["data"]
            Path(folder, f"answers-{name}.png").write_bytes(base64.b64decode(data))


Steps = Callable[[Tab], Awaitable[None]]


@pytest.fixture
def use(tmp_path: Path, devtools: str) -> Callable[..., None]:
    """Use a page of these answers."""

    def used(answers: Iterable[ShownAnswer], steps: Steps, about: About | None = None) -> None:
        write_page(tmp_path / "page.html", answers, about or make.about())

        async def visit() -> None:
            async with open_tab(devtools) as browser:
                tab = Tab(browser, (tmp_path / "page.html").as_uri())
                await tab.open()
                await steps(tab)
                tab.check()

        asyncio.run(visit())

    return used


def test_filters_and_pages(use: Callable[..., None]) -> None:
    async def steps(tab: Tab) -> None:
        await tab.status("1,200 of 1,200 shown, 1 to 50 on this page")
        await tab.click("input[value=wrong]")
        await tab.status("120 of 1,200 shown, 1 to 50 on this page")
        assert await tab.readings() == {"wrong"}
        assert await tab.value("location.hash") == "#reading=wrong"
        await tab.click("input[value=partly-right]")
        await tab.status("240 of 1,200 shown, 1 to 50 on this page")
        assert await tab.readings() == {"wrong", "partly right"}
        await tab.fill("#task", "trains", "change")
        await tab.status("80 of 1,200 shown, 1 to 50 on this page")
        assert await tab.text("[data-count=right]") == "240"  # of this task
        await tab.click(".bar [data-step='1']")
        await tab.status("80 of 1,200 shown, 51 to 80 on this page")
        assert len(await tab.ids()) == 30
        assert await tab.value("location.hash") == "#reading=wrong%2Cpartly-right&task=trains&page=2"
        await tab.click(".bar [data-step='1']")  # there is no further page
        await tab.status("80 of 1,200 shown, 51 to 80 on this page")
        await tab.click("#clear")
        await tab.status("1,200 of 1,200 shown, 1 to 50 on this page")
        assert await tab.value("location.hash") == ""
        await tab.fill("#page", "24", "change")
        await tab.status("1,200 of 1,200 shown, 1,151 to 1,200 on this page")
        assert (await tab.ids())[-1] == "item/01199"

    use(make.answers(1200, words=5), steps)


def test_what_the_search_finds(use: Callable[..., None]) -> None:
    answers = [
        make.answer(1, question="Wo liegt ZÜRICH?"),
        make.answer(2, expected="zürich"),
        make.answer(3, answer="In Zürich.", question="Q" + "x" * 3000 + "Zug"),
        make.answer(4, sample="Zürich/4"),
        make.answer(5, why="zürich", task="zürich", scorer="zürich"),
        make.answer(6, question=None, expected=None, answer=None),
    ]

    async def steps(tab: Tab) -> None:
        for query, found in (("zürich", 4), ("  ZUG ", 1), ("what is 5", 1), ("", 6), ("<li", 0)):
            await tab.fill("#find", query)
            await tab.status(f"{found} of 6 shown")
        assert await tab.text("#none") == "No answer fits these filters."
        await tab.click("#clear")
        await tab.status("6 of 6 shown")
        assert await tab.value("document.querySelector('#none').hidden") is True

    use(answers, steps)


def test_the_address_holds_the_filters(use: Callable[..., None]) -> None:
    async def steps(tab: Tab) -> None:
        await tab.open("#reading=open&find=no.&page=2")
        await tab.status("60 of 600 shown, 51 to 60 on this page")
        assert await tab.value("[...document.querySelectorAll('#find, :checked')].map(e => e.value)") == [
            "no.",
            "",
            "open",
        ]
        await tab.browser.evaluate("void (location.hash = '#reading=missing&task=nowhere&page=-3')")
        await tab.status("60 of 600 shown, 1 to 50 on this page")
        await tab.browser.evaluate("void (location.hash = '#answers')")  # a link inside the page
        await tab.status("60 of 600 shown, 1 to 50 on this page")
        await tab.open("#reading=%E0%A4%A&find=<img src=x onerror=document.title='run'>&page=NaN&task=__proto__")
        await tab.status("0 of 600 shown")
        assert await tab.value("document.title") == "Answers: Example-7B-Instruct · Steelyard"

    use(make.answers(600, words=5), steps)


def test_keys_alone_suffice(use: Callable[..., None]) -> None:
    async def steps(tab: Tab) -> None:
        await tab.press("Tab")
        assert await tab.focused() == "Skip to the answers"
        await tab.press("/", "/", "j")
        assert await tab.value("document.querySelector('#find').value") == "/j"
        await tab.status("0 of 200 shown")
        await tab.browser.evaluate("void document.querySelector('#find').select()")
        await tab.press(*"no. 1", "Tab")
        assert await tab.focused() == "task"
        await tab.press("Tab", "Tab", "Tab", " ")
        assert await tab.focused() == "wrong"
        await tab.status("11 of 200 shown")
        assert await tab.style("[value=wrong] + span", "outlineStyle") == "solid"
        for keys, sample in (("j", "00016"), ("jj", "00116"), ("k", "00106"), ("kkk", "00016")):
            await tab.press(*keys)
            assert f"item/{sample}" in await tab.focused()
            assert await tab.style(".answer:focus", "outlineStyle") == "solid"

    use(make.answers(200, words=5), steps)


def test_every_control_has_a_name(use: Callable[..., None]) -> None:
    async def steps(tab: Tab) -> None:
        for kind in ("input, select", "button"):
            names = await tab.value(
                f"[...document.querySelectorAll('{kind}')].map(e => e.labels?.[0]?.innerText ?? e.innerText)"
            )
            assert names
            assert all(name.strip() for name in names)
        assert await tab.value("document.querySelector('#status').ariaLive") == "polite"

    use(make.answers(60, words=5), steps)


def test_the_script_draws_what_the_file_holds(use: Callable[..., None]) -> None:
    long = make.answer(1, question="q" * 3000, answer="a" * 2001, reasoning=12_345, measurement="00", repeat=1, why="w")
    bare = make.answer(2, question=None, expected="", answer="two\n\n  lines", reading="missing", score=None)

    async def steps(tab: Tab) -> None:
        written = await tab.value(LOOK)
        assert len(written) == 38
        assert "1,000 characters cut here: steelyard show" in written[0][0]
        await tab.click("[value=right]")
        await tab.click("[value=right]")
        assert await tab.value(LOOK) == written

    use(chain([long, bare], make.hostile(), make.answers(30, words=5)), steps)


def test_what_others_wrote_does_not_run(use: Callable[..., None]) -> None:
    async def steps(tab: Tab) -> None:
        for click in (None, "[value=wrong]"):  # as the file has it, and as the script draws it
            if click:
                await tab.click(click)
            assert await tab.value("document.title") != "run"
            assert await tab.value("document.querySelectorAll('img, svg, iframe, main style, main script').length") == 0
            assert await tab.value("getComputedStyle(document.body).display") == "block"
            shown = await tab.text("#answers")
            for text in make.HOSTILE[:3]:
                assert shown.count(text) >= 5
        assert await tab.value("document.querySelectorAll('#answers > .answer').length") == len(make.HOSTILE)

    use(make.hostile(), steps, make.about(model=make.HOSTILE[0], selection=make.HOSTILE[1]))


# What a mistake of ours could do with a text; the browser refuses it.
MISTAKES = """[
    () => { document.body.innerHTML = "<b>x"; },
    () => { document.body.insertAdjacentHTML("beforeend", "x"); },
    () => { document.createElement("script").text = "x"; },
    () => { document.body.setAttribute("onclick", "x"); },
    () => { document.write("x"); },
  ].map(act => { try { act(); return "done"; } catch (error) { return error.name; } })"""


def test_the_browser_would_refuse_our_mistakes(tmp_path: Path, devtools: str) -> None:
    write_page(tmp_path / "page.html", make.answers(5), make.about())

    async def visit() -> None:
        async with open_tab(devtools) as browser:
            tab = Tab(browser, (tmp_path / "page.html").as_uri())
            await tab.open()
            assert set(await tab.value(MISTAKES)) == {"TypeError"}
            await tab.browser.evaluate("void (new Image().src = 'http://127.0.0.1:9/')")
            assert any("Content Security Policy" in said for said in browser.errors())

    asyncio.run(visit())


def test_a_browser_that_cannot_unpack_says_so_and_shows_the_first(tmp_path: Path, devtools: str) -> None:
    write_page(tmp_path / "page.html", make.answers(70, words=5), make.about())

    async def visit() -> None:
        async with open_tab(devtools) as browser:
            old = "delete globalThis.DecompressionStream"
            await browser.call("Page.addScriptToEvaluateOnNewDocument", source=old)
            tab = Tab(browser, (tmp_path / "page.html").as_uri())
            await tab.open()
            assert await tab.text("#packed") == (
                "This browser cannot unpack the rest: these are the first 50 of 70. "
                "A newer one can (it needs DecompressionStream)."
            )
            assert await tab.text("#status") == "the first 50 of 70 shown"
            assert len(await tab.ids()) == 50
            assert not await tab.value(
                "[...document.querySelectorAll('form, .pager')].some(part => part.checkVisibility())"
            )
            tab.check()

    asyncio.run(visit())


def test_without_javascript_the_first_are_there(tmp_path: Path, devtools: str) -> None:
    write_page(tmp_path / "page.html", make.answers(70, words=5), make.about())

    async def visit() -> list[Any]:
        async with open_tab(devtools) as browser:
            await browser.call("Emulation.setScriptExecutionDisabled", value=True)
            await browser.call("Page.navigate", url=(tmp_path / "page.html").as_uri())
            shown = """[document.readyState, document.querySelector("#status")?.innerText,
              document.querySelector("noscript")?.innerText, document.querySelectorAll("#answers h3").length,
              [...document.querySelectorAll("form, .pager")].some(part => part.checkVisibility())]"""
            for _ in range(300):
                found = await browser.call("Runtime.evaluate", expression=shown, returnByValue=True)
                if (values := found["result"]["value"])[0] == "complete" and values[1]:
                    return list(values)
                await asyncio.sleep(0.1)
            pytest.fail("the page is not loaded")

    _, status, noscript, rows, has_controls = asyncio.run(visit())
    assert status == "the first 50 of 70 shown"
    assert noscript == "These are the first 50 of 70; the rest need JavaScript."
    assert rows == 50
    assert not has_controls


@pytest.mark.parametrize("width", [360, 390, 736, 1280])
def test_it_never_scrolls_sideways(width: int, use: Callable[..., None]) -> None:
    long = make.answer(1, question="q" * 3000, answer="a" * 900, sample="s" * 300, task="t" * 90, scorer="c" * 70)

    async def steps(tab: Tab) -> None:
        laid_out, window = await tab.open(width=width)
        assert laid_out <= window == width
        await tab.picture(f"{width}")
        await tab.click("[value=right]")
        assert await tab.value("document.documentElement.scrollWidth") <= width

    use(chain([long], make.hostile(), make.answers(60)), steps, make.about(model="M" * 90, served="s" * 150))


def test_it_follows_the_colour_scheme(use: Callable[..., None]) -> None:
    async def steps(tab: Tab) -> None:
        grounds = []
        for dark in (False, True):
            await tab.open(dark=dark)
            await tab.picture("dark" if dark else "light")
            grounds.append(await tab.style("body", "backgroundColor"))
        assert grounds == ["rgb(251, 250, 246)", "rgb(22, 22, 21)"]

    use(make.answers(60), steps)


def test_on_paper_the_shown_answers_stand_without_controls_and_each_sheet_names_the_run(
    use: Callable[..., None],
) -> None:
    async def steps(tab: Tab) -> None:
        await tab.click("[value=open]")
        assert await tab.style(".running", "display") == "none"
        await tab.browser.call("Emulation.setEmulatedMedia", media="print")
        for selector in ("#controls", ".bar .pager", "section > .pager"):
            assert await tab.style(selector, "display") == "none"
        assert await tab.style(".running", "display") == "table-header-group"  # repeated on each sheet
        assert await tab.text(".running") == "Run demo run, plan 22055196fdc7e41c… Not part of the sealed run."
        assert await tab.text("#status") == "60 of 600 shown, 1 to 50 on this page"
        assert len(await tab.ids()) == 50
        printed = await tab.browser.call("Page.printToPDF", preferCSSPageSize=True)
        sheets = base64.b64decode(printed["data"]).count(b"/Type /Page\n")
        assert sheets > 5

    use(make.answers(600), steps)


@pytest.mark.parametrize(("words", "megabytes"), [(15, (1, 5)), pytest.param(150, (10, 20), marks=pytest.mark.slow)])
def test_twenty_thousand_answers(
    words: int, megabytes: tuple[int, int], tmp_path: Path, use: Callable[..., None]
) -> None:
    async def steps(tab: Tab) -> None:
        await tab.status("20,000 of 20,000 shown, 1 to 50 on this page")
        assert await tab.value("document.querySelectorAll('*').length") < 4000
        await tab.click("[value=open]")
        await tab.status("2,000 of 20,000 shown, 1 to 50 on this page")
        assert await tab.readings() == {"open"}
        await tab.fill("#find", "(NO. 19998)")
        await tab.status("1 of 20,000 shown")
        assert await tab.ids() == ["item/19998"]

    use(make.answers(20_000, words=words), steps)
    least, most = megabytes
    assert least * 1e6 < (tmp_path / "page.html").stat().st_size < most * 1e6
