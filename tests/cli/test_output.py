"""What several commands print: one line for a measurement, and where the evidence is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from steelyard.cli.output import print_json, print_measurement, print_places
from steelyard.records import MeasurementResult


def measured(**changes: Any) -> MeasurementResult:
    whole = {
        "measurement": "sums",
        "role": "subject",
        "task": "sums",
        "prompt": "chat",
        "scorer": "exact@5",
        "measured": 0.8,
        "ci": (0.7, 0.9),
        "right": 80,
        "asked": 100,
        "of": 100,
        "planned": 100,
    }
    return MeasurementResult(**{**whole, **changes})


def line(capsys: pytest.CaptureFixture[str], **changes: Any) -> str:
    print_measurement(measured(**changes))
    return capsys.readouterr().out.removesuffix("\n")


def test_a_measurement_is_one_line_with_its_interval(capsys: pytest.CaptureFixture[str]) -> None:
    assert line(capsys) == "sums (chat): 80.0 %, 95 % interval 70.0–90.0 % (Wilson), 80 of 100 right"


def test_what_was_not_read_as_right_or_wrong_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    shown = line(capsys, unparsed=3, open=5, missing=7)
    assert shown.endswith("80 of 88 right, 3 unparsed, 5 open, 7 missing")


def test_a_part_of_the_samples_is_named_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert line(capsys, of=14042).endswith("80 of 100 right, of 14,042 samples")
    assert line(capsys, planned=200, reason="the budget ended").endswith("; the budget ended")


def test_questions_that_are_asked_several_times_are_counted_as_calls(capsys: pytest.CaptureFixture[str]) -> None:
    assert line(capsys, asked=202, of=400, repeats=2).endswith(", of 400 calls, 2 a question")


def test_a_clustered_error_names_its_clusters(capsys: pytest.CaptureFixture[str]) -> None:
    assert line(capsys, standard_error=0.021, clusters=57).endswith(
        "; standard error 2.1 points, clustered by 57 subtasks"
    )


def test_nothing_asked_has_no_share(capsys: pytest.CaptureFixture[str]) -> None:
    assert line(capsys, asked=0, measured=None, ci=None, reason="the budget ended") == (
        "sums (chat): no sample was asked; the budget ended"
    )


def test_names_from_outside_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b" not in line(capsys, task="\x1b[31msums\nmore")


def test_the_evidence_is_named_with_the_command_that_verifies_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_places(Path("runs/a"), signed=True)
    shown = capsys.readouterr()
    assert shown.out == "report  runs/a/report.html\nlook    steelyard show runs/a\nverify  steelyard verify runs/a\n"
    assert shown.err == ""
    print_places(Path("runs/a"), signed=False)
    assert "unsigned" in capsys.readouterr().err


def test_json_has_no_infinities(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": "Zürich"})
    assert capsys.readouterr().out == '{\n  "name": "Z\\u00fcrich"\n}\n'
    with pytest.raises(ValueError, match="Out of range"):
        print_json({"value": float("inf")})
