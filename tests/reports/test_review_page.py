"""The page of a review in a real browser: keys alone, a saved file that is applied, nothing sent, nothing run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute
from steelyard.records import SourceSpan, SuiteItem, Turn
from steelyard.reports.page_images import PageImage
from steelyard.reports.review_page import PageItem, ReviewPage, item_to_label, item_to_review, write_review_page
from steelyard.suites.labels import AnswerToLabel
from steelyard.suites.review import Change
from steelyard.suites.writing import new_suite
from steelyard.tasks.suite_file import SuiteFile
from testkit.browser import open_tab
from testkit.vision_server import picture
from tests.reports.answers_fixtures import HOSTILE
from tests.reports.test_answers_browser import Tab

SAFE_HOSTILE = [text.replace("\ud800", "").replace("\x00", "") for text in HOSTILE]  # what a suite's file can hold


def items(number: int = 12) -> list[SuiteItem]:
    return [
        SuiteItem(id=f"q-{each}", question=f"What is {each} + 1?", answer=str(each + 1), tags=("sums",))
        for each in range(number)
    ]


def page(**changes: Any) -> ReviewPage:
    made: dict[str, Any] = {"kind": "review", "title": "sums", "digest": "ab" * 32, "command": "steelyard …"}
    return ReviewPage(**{**made, **changes})


class ReviewTab(Tab):
    """The page of a review in a tab; what it says is waited for, nothing else."""

    async def open(self, fragment: str = "", *, width: int = 1280, dark: bool = False) -> list[int]:
        """Open the page; the width of what is laid out, and of the window."""
        self.check()
        return (await self.browser.visit(self.url + fragment, width=width, dark=dark)).widths

    async def value(self, expression: str) -> Any:
        found = await self.browser.call("Runtime.evaluate", expression=f"({expression})", returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def click(self, selector: str) -> None:
        await self.value(f"void document.querySelector({json.dumps(selector)}).click()")

    async def fill(self, selector: str, text: str, event: str = "input") -> None:
        await self.value(
            f"(e => {{ e.value = {json.dumps(text)}; e.dispatchEvent(new Event({json.dumps(event)})); }})"
            f"(document.querySelector({json.dumps(selector)}))"
        )

    async def reads(self, expected: str, selector: str = "#status") -> None:
        """Wait until a part of the page says this."""
        found = ""
        for _ in range(100):
            found = await self.text(selector)
            if expected in found:
                return
            await asyncio.sleep(0.02)
        pytest.fail(f"the page says {found!r}, not {expected!r}")

    async def keys(self, *keys: str) -> None:
        for key in keys:
            await self.press(key)

    async def saved(self, folder: Path) -> Path:
        """Press the button that saves the file; the file."""
        await self.browser.call(
            "Browser.setDownloadBehavior",
            behavior="allow",
            downloadPath=str(folder),
            browserContextId=self.browser.profile,
        )
        await self.click("#save")
        for _ in range(200):
            if found := [path for path in folder.iterdir() if not path.name.endswith(".crdownload")]:
                return found[0]
            await asyncio.sleep(0.05)
        pytest.fail("no file was saved")


Steps = Callable[[ReviewTab], Awaitable[None]]


def use(devtools: str, *visits: tuple[Path, Steps], before: str = "") -> None:
    """Use these pages, one after the other in one tab."""

    async def visit() -> None:
        async with open_tab(devtools) as browser:
            if before:
                await browser.call("Page.addScriptToEvaluateOnNewDocument", source=before)
            for path, steps in visits:
                tab = ReviewTab(browser, path.as_uri())
                await browser.visit(tab.url, width=1280, dark=False)
                await steps(tab)
                tab.check()

    asyncio.run(visit())


def written(folder: Path, shown: Sequence[PageItem], about: ReviewPage | None = None) -> Path:
    write_review_page(folder / "page.html", shown, about or page())
    return folder / "page.html"


def to_review(suite_items: Sequence[SuiteItem], before: Change | None = None) -> list[PageItem]:
    return [item_to_review(item, (), before) for item in suite_items]


def test_by_keys_alone_to_a_file_that_is_applied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], devtools: str
) -> None:
    suite = tmp_path / "sums"
    new_suite(suite, SuiteFile(suite="sums"), items(), [])
    assert execute(["suite", "review", str(suite), "--html", str(tmp_path / "page.html"), "--reviewer", "Ada"]) == 0
    (tmp_path / "files").mkdir()
    found: list[Path] = []

    async def steps(tab: ReviewTab) -> None:
        await tab.reads("1 of 12 · 0 decided · 12 left")
        await tab.keys("k")  # q-0
        await tab.reads("2 of 12 · 1 decided · 11 left")
        await tab.keys("h", "t")  # q-1
        await tab.fill("#words", " sums,  two  words ,sums,")
        await tab.click("#tags [type=submit]")
        await tab.reads("hard · sums · two words", "#facts")
        await tab.keys("d", "1")
        await tab.reads("3 of 12 · 2 decided")
        await tab.keys("e")  # q-2
        assert await tab.focused() == "question"
        await tab.fill("#answer", "three")
        await tab.click("#edit [type=submit]")
        await tab.reads("4 of 12 · 3 decided")
        await tab.keys("d", "Tab", "Tab", "Tab", "Tab", "Tab")  # q-3
        assert await tab.focused() == "reason"
        await tab.fill("#reason", "  Not   ours. ")
        await tab.browser.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", windowsVirtualKeyCode=13)
        await tab.reads("5 of 12 · 4 decided")
        await tab.keys("b")
        await tab.reads("drop: Not ours.", "#decision")
        await tab.keys("b")
        await tab.reads("edit", "#decision")
        assert "three" in await tab.text("#texts")
        await tab.fill("#number", "7", "change")
        await tab.reads("7 of 12")
        await tab.keys("y", "c", "y", "n")  # q-6: tagged alone
        await tab.fill("#which", "drop", "change")
        await tab.reads("2 of 12")
        await tab.keys("n")
        await tab.reads("4 of 12")
        await tab.open()  # what was decided is still there
        await tab.reads("5 of 12 · 4 decided · 8 left")
        await tab.reads("5 changes, not saved yet, kept in this browser.", "#kept")
        found.append(await tab.saved(tmp_path / "files"))
        await tab.reads("5 changes, saved, kept in this browser.", "#kept")

    use(devtools, (tmp_path / "page.html", steps))
    (path,) = found
    assert path.name == "review-sums.json"
    assert json.loads(path.read_text())["reviewer"] == "Ada"
    capsys.readouterr()
    assert execute(["suite", "review", str(suite), "--apply", str(path)]) == 0
    assert "reviewed 2 of 10; 1 edited, 2 dropped, 1 tagged" in capsys.readouterr().out
    lines = [json.loads(line) for line in (suite / "samples.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == [f"q-{each}" for each in (0, 2, 4, 5, 6, 7, 8, 9, 10, 11)]
    assert (lines[1]["answer"], lines[4]["difficulty"]) == ("three", "easy")
    dropped = [json.loads(line) for line in (suite / "dropped.jsonl").read_text().splitlines()]
    assert [(each["check"], each["reason"]) for each in dropped] == [
        ("review", "The answer is wrong."),
        ("review", "Not ours."),
    ]


def test_labels_by_hand(tmp_path: Path, devtools: str) -> None:
    answers = tmp_path / "answers.jsonl"
    rows = [{"id": f"a{n}", "question": f"Q{n}?", "answer": f"{n}", "criterion": "It is polite."} for n in range(4)]
    answers.write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = ["suite", "review", str(answers), "--labels", "--html", str(tmp_path / "page.html"), "--reviewer", "Bo"]
    assert execute(command) == 0
    (tmp_path / "files").mkdir()
    found: list[Path] = []

    async def steps(tab: ReviewTab) -> None:
        await tab.reads("1 of 4 · 0 decided")
        assert "It is polite." in await tab.text("#texts")
        await tab.keys("y")
        await tab.reads("2 of 4")
        await tab.keys("n")
        await tab.reads("3 of 4")
        await tab.keys("u")
        await tab.reads("4 of 4 · 3 decided · 1 left")
        found.append(await tab.saved(tmp_path / "files"))

    use(devtools, (tmp_path / "page.html", steps))
    (path,) = found
    assert path.name == "labels-answers.jsonl"
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"id": "a0", "label": "yes", "labeller": "Bo"},
        {"id": "a1", "label": "no", "labeller": "Bo"},
        {"id": "a2", "label": "unsure", "labeller": "Bo"},
    ]
    assert execute(["suite", "review", str(answers), "--labels", "--apply", str(path)]) == 0
    assert [json.loads(line)["label"] for line in answers.read_text().splitlines()] == ["yes", "no", "skip", ""]


def test_what_others_wrote_does_not_run_and_is_edited_as_it_is(tmp_path: Path, devtools: str) -> None:
    hostile = [
        SuiteItem(
            id=f"h-{number}", question=text, answer=text, context=text, group=text, tags=(text[:9].replace(",", ""),),
            history=(Turn(role="user", text=text),), source=SourceSpan(file=text, text=text),
        )
        for number, text in enumerate(SAFE_HOSTILE)
    ]  # fmt: skip
    about = page(title=HOSTILE[0], command=HOSTILE[1], reviewer=HOSTILE[3])

    async def steps(tab: ReviewTab) -> None:
        for number, text in enumerate(SAFE_HOSTILE):
            await tab.reads(f"{number + 1} of 6")
            await tab.reads(f"h-{number}", "#name")
            await tab.keys("e")
            assert await tab.value("document.querySelector('#question').value") == text
            await tab.click("#edit [type=submit]")  # as it was: kept, not edited
            assert await tab.value("document.querySelectorAll('img, svg, iframe, main style, main script').length") == 0
            assert await tab.value("getComputedStyle(document.body).display") == "block"
        await tab.reads("6 decided · 0 left")
        await tab.click("#copying summary")
        for _ in range(100):
            if text := await tab.value("document.querySelector('#copy').value"):
                break
        assert [change["decision"] for change in json.loads(text)["changes"]] == ["keep"] * 6
        assert await tab.value("document.title") != "run"
        await tab.value("void fetch('http://127.0.0.1:9/').catch(() => 0)")
        for _ in range(100):
            if tab.browser.errors():
                break
            await tab.value("1")
        assert any("Content Security Policy" in said for said in tab.browser.errors())
        await tab.browser.visit("about:blank", width=1280, dark=False)  # what was said is forgotten

    path = written(tmp_path, to_review(hostile), about)
    assert "default-src 'none'; connect-src 'none'" in path.read_text()
    use(devtools, (path, steps))


def test_what_the_browser_keeps_is_not_trusted(tmp_path: Path, devtools: str) -> None:
    left = {
        "q-0": {"decision": "keep", "tags": ["x"], "evil": 1},
        "q-1": {"decision": "delete everything"},
        "q-2": {"decision": "drop"},
        "q-3": {"decision": "keep", "question": "changed"},
        "q-4": None,
        "elsewhere": {"decision": "keep"},
    }
    path = written(tmp_path, to_review(items()))
    key = json.loads(path.read_text().split('id="index">')[1].split("</script>")[0])["key"]
    before = f"localStorage.setItem({json.dumps(key)}, {json.dumps(json.dumps({'changes': left, 'who': 5}))})"

    async def steps(tab: ReviewTab) -> None:
        await tab.reads("2 of 12 · 1 decided · 11 left")

    use(devtools, (path, steps), before=before)


def test_a_browser_that_keeps_nothing_says_so(tmp_path: Path, devtools: str) -> None:
    async def steps(tab: ReviewTab) -> None:
        await tab.reads("1 of 12")
        await tab.keys("k")
        await tab.reads("NOT kept by this browser: save before you close the page", "#kept")
        await tab.click("#forget")
        await tab.click("#forget-sure")
        await tab.reads("1 of 12 · 0 decided")

    refuses = "{get() { throw new DOMException('no', 'SecurityError'); }}"
    before = f"Object.defineProperty(globalThis, 'localStorage', {refuses})"
    use(devtools, (written(tmp_path, to_review(items())), steps), before=before)


def test_without_javascript_the_items_are_there(tmp_path: Path) -> None:
    path = written(tmp_path, to_review(items(130)))
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    assert "To decide you need JavaScript; these are the first 100 of 130 items." in text
    shown = text[text.index("<noscript>") : text.index("</noscript>")]
    assert shown.count("<li ") == 100
    assert "What is 99 + 1?" in shown


def test_it_never_scrolls_sideways_and_follows_the_colour_scheme(tmp_path: Path, devtools: str) -> None:
    long = SuiteItem(id="x" * 80, question="q" * 3000, answer="a" * 30_000, tags=("t" * 60,), group="g" * 200)

    async def steps(tab: ReviewTab) -> None:
        for width, dark in ((360, True), (390, False), (390, True), (1280, False)):
            laid_out, window = await tab.open(width=width, dark=dark)
            assert laid_out <= window == width
            await tab.reads("10,000 characters cut here", "#texts")
            for act in ("edit", "drop", "tags"):
                await tab.click(f"[data-act={act}]")
                assert await tab.value("document.documentElement.scrollWidth") <= width
            assert await tab.style("body", "backgroundColor") == ("rgb(22, 22, 21)" if dark else "rgb(251, 250, 246)")
            await tab.picture(f"review-{width}-{'dark' if dark else 'light'}")

    use(devtools, (written(tmp_path, to_review([long])), steps))


def test_what_was_decided_before_counts_and_an_answer_among_choices_is_chosen(tmp_path: Path, devtools: str) -> None:
    item = SuiteItem(id="c", question="Which?", answer="red", choices=("red", "blue"))
    assert item_to_review(item, (), None).options == ("red", "blue")
    shown = to_review(items(3), Change(item="q", decision="keep"))
    shown[1] = item_to_review(item, (), None)

    async def steps(tab: ReviewTab) -> None:
        await tab.reads("2 of 3 · 2 decided · 1 left")
        await tab.keys("b")
        await tab.reads("keep, before this page", "#decision")
        await tab.keys("h")  # tagged afterwards, it stays reviewed
        await tab.reads("hard", "#facts")
        await tab.reads("2 decided")
        assert await tab.text("#decision") == "keep"
        await tab.keys("n")
        await tab.reads("Which?", "#texts")
        await tab.keys("e")
        await tab.fill("#option", "blue", "change")
        await tab.click("#edit [type=submit]")
        await tab.reads("3 decided")
        await tab.reads("blue", "#texts")

    use(devtools, (written(tmp_path, shown), steps))


def test_an_answer_to_label_shows_its_criterion() -> None:
    shown = item_to_label(AnswerToLabel(id="a", question="Q", answer="", criterion="C"))
    assert shown.texts == (("Question", "Q"), ("Answer", "(empty)"), ("Criterion", "C"))
    assert shown.question is None


def test_pictures_of_an_item_are_drawn_and_one_that_is_none_is_named(tmp_path: Path, devtools: str) -> None:
    seen = PageImage("image/png", "aa" * 32, 100, lambda: picture(7), "images/seen.png")
    broken = PageImage("image/png", "bb" * 32, 100, lambda: b"<svg onload=alert(1)>", "images/broken.png")
    first, second = items(2)
    shown = [item_to_review(first, (), None, (seen, broken)), item_to_review(second, (), None)]

    async def steps(tab: ReviewTab) -> None:
        await tab.reads("1 of 2")
        assert await tab.value("document.querySelectorAll('#images figure').length") == 2
        await tab.value("document.querySelector('#images img').decode()")
        assert await tab.value("document.querySelector('#images img').naturalWidth") == 4
        assert "images/broken.png (broken)" in await tab.text("#images")
        widths = await tab.open(width=390)
        assert widths[0] <= widths[1]
        await tab.reads("1 of 2")
        await tab.keys("n")
        await tab.reads("2 of 2")
        assert await tab.value("document.querySelector('#images').hidden")

    path = written(tmp_path, shown)
    assert "img-src data:" in path.read_text()
    assert "img-src" not in written(tmp_path, to_review(items(2))).read_text()
    use(devtools, (written(tmp_path, shown), steps))
