"""The closing table says what was shown, and how sure that is, and nothing that was not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from scandal.closing import Line, Reports, as_table, lines_of

ALPHA = 0.05


def claim(task: str, word: str, p: float | None = None, **more: Any) -> dict[str, Any]:
    given = {"claimed_text": "80.0", "measured": 79.3, "asked": 300, "of": 300}
    return {"task": task, "verdict": word, "p": p, **given, **more}


def result_of(rule: str, test: str, word: str, **more: Any) -> dict[str, Any]:
    return {"test": test, "rule": rule, "word": word, "p": 0.0004, "reason": "", "findings": [], "effect": None, **more}


def effect(value: float) -> dict[str, Any]:
    return {"value": value, "ci": [value - 0.1, value + 0.1], "n": 71, "of": 150}


@pytest.fixture
def reports() -> Reports:
    endpoint = {
        "alpha": ALPHA,
        "claims": [claim("pattern", "consistent"), claim("second_word", "inconsistent", 1e-9, measured=3.4, asked=60)],
        "tests": [
            result_of("twin_gap@2", "twins-00-pattern", "insufficient_power", effect=effect(0.02)),
            result_of("twin_gap@2", "twins-01-second_word", "not_tested"),
            result_of("identity@2", "identity", "inconsistent", findings=[{"n": 14}]),
            result_of("desk_screen@1", "desk", "not_tested"),
        ],
    }
    cue = {
        "alpha": ALPHA,
        "claims": [],
        "tests": [result_of("cue_gap@1", "cues-00-pattern", "inconsistent", effect=effect(0.6))],
    }
    return Reports(
        endpoint,
        cue,
        {
            "word": "insufficient_power",
            "p": 0.4,
            "whole": [],
            "headline": "Insufficient power: that A gave it is not excluded (p = 0.4).",
        },
    )


def test_every_row_has_its_claim_and_what_was_asked_beside_it(reports: Reports) -> None:
    lines = list(lines_of(reports))
    assert [(line.row, line.test.partition(",")[0]) for line in lines] == [
        ("pattern", "D1"), ("pattern", "D2"), ("pattern", "D6"), ("second_word", "D1"), ("second_word", "D2"),
        ("neutral prompts", "D5"), ("whole table", "assemble"),
    ]  # fmt: skip
    assert lines[2] == Line(
        "pattern",
        "D6, cue",
        "inconsistent",
        "+60 points [50, 70] against another prompt (71 of 150 pairs)",
        "p = 0.0004",
    )
    assert lines[3].shown == "80.0 % printed; 3.4 % right of the first 60 of 300 trials"
    assert lines[5].shown == "the 14 texts that it drew do not come from A's weights"


def test_what_is_undecided_says_nothing(reports: Reports) -> None:
    by_test = {(line.row, line.test): line for line in lines_of(reports)}
    for key in (("pattern", "D2, twins"), ("second_word", "D2, twins"), ("whole table", "assemble")):
        assert by_test[key].sure == "says nothing"
    assert by_test["pattern", "D2, twins"].word == "undecided"
    assert by_test["pattern", "D1, claim"].sure == "error ≤ 5%"


def test_the_table_fits_a_terminal(reports: Reports, tmp_path: Path) -> None:
    console = Console(width=100, record=True, file=(tmp_path / "out").open("w"))
    console.print(as_table("What was shown", lines_of(reports)))
    assert max(map(len, console.export_text().splitlines())) <= 100
    console.file.close()


@pytest.mark.parametrize(
    ("found", "shown", "sure"),
    [
        (
            {"word": "inconsistent", "headline": "Inconsistent: none of these 3 models gave it (p = 0.03); and so on."},
            "none of these 3 models gave it; and so on.",
            "p = 0.03",
        ),
        (
            {"word": "consistent", "whole": [1], "candidates": [{"run": "r/file-B"}, {"run": "r/file-A"}]},
            "A reaches every row",
            "error ≤ 5%",
        ),
    ],
)
def test_the_whole_table_has_its_own_line(reports: Reports, found: dict[str, Any], shown: str, sure: str) -> None:
    given = {"p": 0.03, "whole": [], "candidates": [], "headline": "Consistent: somebody."} | found
    *_, line = lines_of(replace(reports, assembled=given))
    assert (line.row, line.shown, line.sure) == ("whole table", shown, sure)
