"""A judge held against people, as text."""

from __future__ import annotations

import html
from dataclasses import replace

from steelyard.judging.calibration import Calibration
from steelyard.reports.calibration import calibration_document, calibration_lines
from steelyard.reports.calibration_page import calibration_page
from steelyard.stats.judged import Agreement, Corrected

FOUND = Calibration(
    answers=400,
    labels=100,
    skipped=3,
    judged=0.83,
    corrected=Corrected(0.78, 0.72, 0.83, 100, 400, 0.7, 0.86),
    agreement=Agreement(0.9, 0.7, 0.5, 0.9, 0.78),
    labellers=Agreement(0.95, None, -1.0, 1.0, 0.8),
)


def test_each_line_says_what_it_is_about() -> None:
    lines = dict(calibration_lines(FOUND))
    assert lines["People would give"] == (
        "78.0 %, 95 % interval 72.0–83.0 % (100 of 400 answers labelled, 3 without a label)"
    )
    assert lines["The judge gives"] == "83.0 %"
    assert lines["The judge buys"] == "a shorter interval, by 31 % (the labels alone give 70.0–86.0 %)"
    assert lines["Judge and people"] == (
        "agree on 90.0 %, κ 0.70, 95 % interval 0.50 to 0.90; a judge that always says the same would agree on "
        "78.0 %, with κ 0; weighted to all 400 answers by the judge's verdicts on them"
    )
    assert "κ not defined" in lines["Two people"]


def test_labels_with_gaps_say_why_the_interval_is_wide_and_what_to_do() -> None:
    assert "Labels" not in dict(calibration_lines(replace(FOUND, skipped=39)))
    wide = replace(FOUND, skipped=180)
    said = dict(calibration_lines(wide))["Labels"]
    assert said.startswith("180 of the answers up to the last labelled one have no label and count both ways")
    assert "makes the interval 45 points wide; labels that were drawn for another judge do so" in said
    assert "steelyard judge calibrate RUN" in said
    assert said in html.unescape(calibration_page("run", "judge", [("", wide, [])]))
    assert calibration_document(wide)["gaps"] == said


def test_a_judge_that_buys_nothing_is_called_that() -> None:
    little = replace(FOUND, corrected=Corrected(0.78, 0.705, 0.855, 100, 400, 0.7, 0.86), agreement=None)
    lines = dict(calibration_lines(little))
    assert lines["The judge buys"].startswith("next to nothing: a shorter interval, by 6 %")
    assert "Judge and people" not in lines
    worse = replace(FOUND, corrected=Corrected(0.78, 0.7, 0.87, 100, 400, 0.7, 0.86))
    assert dict(calibration_lines(worse))["The judge buys"] == "nothing: the labels alone give 70.0–86.0 %"
