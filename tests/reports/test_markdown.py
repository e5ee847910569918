"""Markdown: hostile text shows as text, whatever it holds."""

from __future__ import annotations

import html

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from steelyard.records import VerdictWord
from steelyard.reports import markdown
from steelyard.util.text import one_line
from tests.reports import report_fixtures as make

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
SPECIAL = st.text(alphabet="ab1 \\`*_[]()<>#|~&@!.:-+=/$^{}\n\x1b\u202e", max_size=40)


@given(SPECIAL)
@example("[x](javascript:alert(1))")
@example("<img src=x onerror=alert(1)>")
@example("- a")
@example("1. a")
@example("&#60;b&#62;")
@example("\\")
def test_any_text_shows_as_itself(text: str) -> None:
    shown = READER.render(markdown.escape(text)).strip().removeprefix("<p>").removesuffix("</p>")
    assert html.unescape(shown.replace("<!-- -->", "")) == one_line(text)


def test_bare_addresses_and_mentions_are_broken() -> None:
    escaped = markdown.escape("https://evil.example www.evil.example @someone #12 :smile: a@b.example")
    for live in ("https://", "www.", "@someone", "#12", ":smile:", "a@b"):
        assert live not in escaped


def test_a_cell_cannot_break_the_table() -> None:
    hostile = msgspec.structs.replace(
        make.verdict().claims[0],
        task="a | b\n| c | <script> |",
        claimed_text="4|1`",
        place="source 1, line 2: <script> | `Rival|` / 95.0",
    )
    verdict = msgspec.structs.replace(make.verdict(), claims=(hostile,), measurements=(), model="# x\n\n<b>")
    text = markdown.render(verdict)
    rendered = READER.render(text)
    assert rendered.count("<tr>") == 2
    assert rendered.count("<td") == 6
    assert "<script" not in rendered
    assert "<b>" not in rendered
    assert "claimed in source 1, line 2: &lt;script&gt; | `Rival|` / 95.0" in rendered


def test_a_measurement_cannot_break_its_table() -> None:
    hostile = msgspec.structs.replace(make.only_measured(), task="a | b\n| c | <script> |", prompt="x | y", role="a|`")
    rendered = READER.render(markdown.render(msgspec.structs.replace(make.measured_verdict(), measurements=(hostile,))))
    assert rendered.count("<tr>") == 2
    assert rendered.count("<td") == 6
    assert "<script" not in rendered


def test_every_section_is_there() -> None:
    text = markdown.render(make.verdict(), make.plan())
    for part in ("| GSM8K | 57.0 % |", "✗ inconsistent", "## Findings", "## Notes", "## Not tested", "`numeric@7`"):
        assert part in text
    assert "Differs from the vendor: 3-shot where the vendor says 5-shot." in text
    assert "in the run's folder, `steelyard verify .`" in text
    assert text.endswith("\n")


def test_measurements_without_tests_are_listed() -> None:
    text = markdown.render(make.measured_verdict())
    assert "Measured: HumanEval 41.3 %" in text
    assert "| HumanEval | chat | 41.3 % | 36.1–46.7 % | 820 of 820, 1 missing |" in text
    assert "pass@<!-- -->5: 62.0 %" in text
    assert "| Task | Claimed" not in text


def test_an_empty_verdict() -> None:
    empty = msgspec.structs.replace(
        make.verdict(), verdict=VerdictWord.NOT_TESTED, exit=3, findings=(), notes=(), claims=(), measurements=()
    )
    text = markdown.render(empty)
    assert "Not tested: no claim was tested on a model." in text
    assert "| Task" not in text
