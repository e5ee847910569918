"""The terminal: within its width, at every width, and nothing in the data steers it."""

from __future__ import annotations

import io
import re

import msgspec
import pytest
from rich.cells import cell_len
from rich.console import Console

from steelyard.records import ClaimVerdict, Finding, Note, Verdict, VerdictWord
from steelyard.reports.terminal import print_verdict
from tests.reports import report_fixtures as make

HOSTILE = "[red]x[/red] \x1b[2J\x1b]8;;http://evil\x07 \u202eevil :smile: \ud800 \x9b31m"


def printed(verdict: Verdict, width: int = 100, plan: bool = True, **options: bool) -> str:
    file = io.StringIO()
    console = Console(file=file, width=width, markup=False, highlight=False, emoji=False, **options)  # type: ignore[arg-type]
    print_verdict(verdict, console, make.plan() if plan else None)
    return file.getvalue()


@pytest.mark.parametrize("width", [100, 96, 80, 60, 40])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    text = printed(make.verdict(), width)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    words = " ".join(text.split())
    for part in ("HellaSwag", "57.0 %", "insufficient power", "Not tested, and why", "Exit 1: something is"):
        assert part in words


@pytest.mark.parametrize("width", [100, 60])
def test_measurements_without_tests_are_printed(width: int) -> None:
    text = " ".join(printed(make.measured_verdict(), width, plan=False).split())
    for part in (
        "HumanEval (chat): 41.3 % [36.1–46.7 %], asked 820 of 820, 1 missing; 7 unparsed",
        "standard error 3.1 points",
        "pass@5: 62.0 %",
        "What this does not show",
    ):
        assert part in text, part
    assert "Further measurements" not in text
    assert "Claimed" not in text


def test_the_table_shows_verdict_needs_and_missing() -> None:
    text = " ".join(printed(make.verdict()).split())
    assert "1,412 of 10,042 ✓ consistent" in text
    assert "2 missing" in text
    assert "not explained by re-runs" in text.lower()
    assert "more limits in the report" in text


@pytest.mark.parametrize("width", [100, 60])
def test_hostile_text_is_shown_and_steers_nothing(width: int) -> None:
    full = make.verdict()
    verdict = msgspec.structs.replace(
        full,
        model=HOSTILE,
        served=HOSTILE,
        findings=(Finding(detector=HOSTILE, check=HOSTILE, task=HOSTILE, message=HOSTILE),),
        notes=(Note(detector="d", check="c", message=HOSTILE),),
        claims=tuple(msgspec.structs.replace(claim, task=HOSTILE, reason=HOSTILE) for claim in full.claims),
        measurements=(msgspec.structs.replace(make.only_measured(), task=HOSTILE, prompt=HOSTILE, role=HOSTILE),),
        limits=(HOSTILE,),
    )
    text = printed(verdict, width, force_terminal=True)
    without_styles = re.sub(r"\x1b\[[\d;]*m", "", text)
    assert not set("\x1b\x07\x9b\u202e\ud800") & set(without_styles)
    assert "[red]x[/red]" in without_styles


def test_a_stream_that_knows_only_ascii() -> None:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii") as file:
        print_verdict(make.verdict(), Console(file=file, width=100), make.plan())
        file.flush()
        text = raw.getvalue().decode("ascii")
    assert "x inconsistent" in text
    assert "+ consistent" in text


def test_a_screen_has_no_table() -> None:
    claims = tuple(claim for claim in make.verdict().claims if not claim.asked)
    bare = tuple(msgspec.structs.replace(claim, reason="") for claim in claims)
    text = printed(msgspec.structs.replace(make.verdict(), claims=bare, measurements=()), plan=False)
    assert "Claimed" not in text
    assert "Not tested, and why" not in text
    assert "Inconsistent: the desk screen has 1 finding." in text


def test_long_lists_are_bounded() -> None:
    full = make.verdict()
    reasons = tuple(
        ClaimVerdict(
            task=f"T{index}",
            claimed_text="1.0",
            unit="percent",
            claimed=0.01,
            tolerance=0.02,
            verdict=VerdictWord.NOT_TESTED,
            reason=f"reason {index % 40}",
        )
        for index in range(10_000)
    )
    verdict = msgspec.structs.replace(
        full, claims=full.claims + reasons, notes=full.notes * 500, findings=full.findings * 500
    )
    text = printed(verdict)
    assert len(text.splitlines()) < 250
    for part in ("988 more notes", "480 more findings", "9,947 more claims", "and 242 more"):
        assert part in text


def test_an_exit_code_without_a_meaning_is_still_printed() -> None:
    assert "Exit 99." in printed(msgspec.structs.replace(make.verdict(), exit=99))
