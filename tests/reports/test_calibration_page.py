"""The page of a calibration: hostile texts are shown as text, long ones cut, and what is not known is said."""

from __future__ import annotations

from dataclasses import replace

from steelyard.judging.confusion import Confusion, Differing
from steelyard.records import JudgedKey
from steelyard.reports.calibration import ShownAnswer, calibration_document, confusion_rows, differing_lines
from steelyard.reports.calibration_page import LISTED, calibration_page
from tests.reports.test_calibration import FOUND

EVIL = "<script>alert(1)</script> \x1b[31m\u202e"
TABLE = Confusion(criterion="right", yes_yes=70, yes_no=5, no_yes=2, no_no=20, open_yes=0, open_no=0, split=3)
WRONG = Differing(JudgedKey(sample=f"t/{EVIL}", criterion="right"), "yes", "no")
WITH = replace(FOUND, confusions=[TABLE], differing=[WRONG] * 200)


def shown(text: str | None) -> ShownAnswer:
    return ShownAnswer(WRONG, text, text, text, text or "")


def test_hostile_texts_are_text_and_long_lists_are_cut() -> None:
    page = calibration_page(EVIL, EVIL, [(EVIL, WITH, [shown(EVIL + "x" * 9000)] * 150), ("", None, [])])
    assert "<script" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert page.count("<details>") == LISTED
    assert "100 more answers not listed here" in page
    assert "x" * 4001 not in page
    assert "on 3 more two people differ" in page
    assert "Fewer than 20 of these answers are labelled" in page
    assert "http" not in page.replace('http-equiv="Content-Security-Policy"', "")


def test_the_terminal_lists_a_few_on_one_line_each() -> None:
    lines = differing_lines(WITH, [shown(EVIL + "\nnext " + "x" * 500)] * 150)
    assert lines[0] == "Judge and people differ on 200 verdicts, first:"
    assert len(lines) == 1 + 5 * 4
    assert all(len(line) <= 100 and line.isprintable() for line in lines)
    assert len(differing_lines(WITH, [shown(None)])) == 1 + 2  # no text is here: the judge's own words alone
    assert differing_lines(FOUND, []) == ["Judge and people differ on no labelled answer."]


def test_the_table_leaves_out_an_empty_row() -> None:
    assert confusion_rows(TABLE) == [("says yes", 70, 5), ("says no", 2, 20)]
    assert confusion_rows(replace(TABLE, open_no=1))[2] == ("gives no verdict", 0, 1)


def test_the_document_holds_no_text() -> None:
    document = calibration_document(replace(WITH, differing=[WRONG]))
    assert document["differing"] == [{**document["differing"][0], "judge": "yes", "people": "no"}]
    assert document["confusions"][0]["wrong_yes"]["of"] == 25
