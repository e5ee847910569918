"""What results show of themselves: short in a terminal, escaped in a notebook."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from steelyard.api.results import RunResult, ScreenResult
from steelyard.records import ClaimVerdict, Finding, MeasurementResult, Verdict, VerdictWord

HOSTILE = "<script>alert(1)</script><img src=//evil.example/x onerror=alert(1)>\u202e\x1b[31m\n&\"'"


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs


def verdict(name: str, findings: int = 1) -> Verdict:
    claim = ClaimVerdict(
        task=name,
        claimed_text=name,
        unit="percent",
        claimed=None,
        tolerance=0.02,
        verdict=VerdictWord.NOT_TESTABLE,
        reason=name,
        note=name,
    )
    measured = MeasurementResult(measurement="m", role=name, task=name, prompt=name, scorer=name, reason=name, of=3)
    finding = Finding(detector="d", check="range", task=name, message=name)
    return Verdict(
        verdict=VerdictWord.NOT_TESTABLE,
        exit=3,
        model=name,
        served=name,
        alpha=0.05,
        claims=(claim,),
        measurements=(measured,),
        findings=(finding,) * findings,
    )


def test_hostile_names_are_escaped_and_nothing_is_fetched() -> None:
    for result in (ScreenResult(verdict(HOSTILE)), RunResult(verdict(HOSTILE), Path(HOSTILE))):
        page = Tags(result._repr_html_())
        assert page.tags <= {"table", "thead", "tbody", "tr", "th", "td", "p"}
        assert page.attributes == []
        assert "\u202e" not in result._repr_html_()
        assert "\x1b" not in result._repr_html_() + repr(result)
        assert "\n" not in repr(result)


def test_a_table_has_the_claims_and_what_was_measured_beside_them() -> None:
    text = RunResult(verdict("gsm8k"), Path("runs/one"))._repr_html_()
    assert text.count("<table>") == 2
    assert "<th>Verdict</th>" in text
    assert "<p>Folder: runs/one</p>" in text


def test_a_sheet_made_to_flood_the_notebook_shows_its_first_findings() -> None:
    text = ScreenResult(verdict("gsm8k", findings=500))._repr_html_()
    assert text.count("Finding: ") == 20
    assert "… and 480 more findings" in text


def test_many_measurements_stay_short() -> None:
    found = verdict("x")
    many = Verdict(
        verdict=VerdictWord.NOT_TESTED,
        exit=0,
        model="m",
        served="",
        alpha=0.05,
        measurements=found.measurements * 50,
    )
    assert "47 more measurements" in repr(RunResult(many, Path("runs/one")))
