"""The rows of a summary: the worst first, in the page's language, and as many as fit."""

from __future__ import annotations

import msgspec
import pytest

from steelyard.records import VerdictWord
from steelyard.reports.summary_english import ENGLISH
from steelyard.reports.summary_german import GERMAN
from steelyard.reports.summary_numbers import Numbers
from steelyard.reports.summary_rows import ROWS, Row, claimed, claims_in_order, named, rows_of
from tests.reports import report_fixtures as make
from tests.reports import summary_fixtures as of


def said(row: Row) -> str:
    return " ".join(f"{part.text} {part.quote}".strip() for part in row.meaning).replace("\N{NO-BREAK SPACE}", " ")


def test_the_worst_comes_first() -> None:
    assert [claim.verdict.value for claim in claims_in_order(make.verdict())] == [
        "inconsistent",
        "insufficient_power",
        *("not_testable",) * 2,
        *("not_tested",) * 2,
        "consistent",
    ]


def test_what_does_not_fit_is_counted() -> None:
    rows = rows_of(of.fourteen(), GERMAN)
    assert 7 <= len(rows.shown) <= ROWS
    assert len(rows.shown) + rows.left == 14
    assert len(rows_of(of.fourteen(), GERMAN, 4).shown) == 1
    assert rows_of(of.of_word(VerdictWord.CONSISTENT), ENGLISH).left == 0


@pytest.mark.parametrize(
    ("word", "label", "meaning"),
    [
        (
            "consistent",
            "Vereinbar mit der Angabe (bis zu 2,0 Punkte darunter)",
            "Liegt nicht um mehr als 2,0 Punkte",
        ),
        ("inconsistent", "Nicht vereinbar mit der Angabe", "um mehr als die zulässigen 2,0 Punkte unter"),
        ("insufficient_power", "Nicht entscheidbar mit diesen Antworten", "etwa 1.200 Antworten (etwa 21 Minuten)"),
        ("not_testable", "Hier nicht prüfbar", "1.4 minus 2.0 points is at or below chance"),
        ("not_tested", "Nicht geprüft", "Die Fragen des Benchmarks liegen hier nicht vor."),
    ],
)
def test_each_word_in_german(word: str, label: str, meaning: str) -> None:
    (row,) = rows_of(of.of_word(VerdictWord(word)), GERMAN).shown
    assert row.label.replace("\N{NO-BREAK SPACE}", " ") == label
    assert meaning in said(row)


def test_how_many_questions_were_asked() -> None:
    rows = rows_of(make.verdict(), ENGLISH).shown
    assert [row.asked for row in rows[:3]] == ["58 of 1,319 questions", "780 of 14,042 questions", ""]


def test_better_than_claimed() -> None:
    claim = make.decided("A", "40.0", 0.6, 500, 1000, VerdictWord.CONSISTENT, better=True)
    (row,) = rows_of(of.with_claims(claim, word=VerdictWord.CONSISTENT), ENGLISH).shown
    assert said(row) == "Better than claimed."


def test_a_part_and_the_note_of_the_sheet() -> None:
    claim = make.decided("A", "40.0", 0.2, 500, 1000, VerdictWord.INCONSISTENT, part_of=9000, note="inflated\x1b[2J")
    (row,) = rows_of(of.with_claims(claim, word=VerdictWord.INCONSISTENT), GERMAN).shown
    assert "Von den 9.000 Aufgaben des Benchmarks lag nur ein Teil vor." in said(row)
    assert row.meaning[-1].quote == "inflated\N{REPLACEMENT CHARACTER}[2J"
    assert row.meaning[-1].lang == ""  # whatever language the sheet is in


def test_a_reason_for_each_prompt_format() -> None:
    reason = f"chat: {of.REASONS['few'][0]}; completion: {of.REASONS['limit'][0]}"
    (row,) = rows_of(of.of_reason(reason, VerdictWord.INSUFFICIENT_POWER), GERMAN).shown
    assert said(row).startswith("Promptformat chat: 12 von 12 richtig")
    assert "Promptformat completion: Die Obergrenze von 1000 Fragen" in said(row)


def test_a_claim_as_it_was_printed() -> None:
    claim = make.verdict().claims[1]
    numbers = Numbers(GERMAN.notation)
    texts = [("57.0", "percent"), ("0.570", "fraction"), ("1417", "elo"), ("8.95", "points"), ("1.0e3", "percent")]
    found = [claimed(msgspec.structs.replace(claim, claimed_text=text, unit=unit), numbers) for text, unit in texts]
    assert [each.replace("\N{NO-BREAK SPACE}", " ") for each in found] == [
        "57,0 %",
        "0,570",
        "1417 Elo",
        "8,95 Punkte",
        "1.0e3 %",
    ]


def test_names_are_bounded() -> None:
    assert len(named("x" * 900)) == 36
    assert named("a\n\u202eb") == "a \N{REPLACEMENT CHARACTER}b"
    assert named("") == "–"


def test_drawings_share_one_scale_of_whole_tens() -> None:
    rows = rows_of(make.verdict(), GERMAN)
    assert rows.ends == ("0\N{NO-BREAK SPACE}%", "60\N{NO-BREAK SPACE}%")
    assert [bool(row.drawing) for row in rows.shown] == [True, True, False, False, False, False, True]
    assert 'stroke="var(--ink)"' in rows.shown[0].drawing


def test_nothing_to_draw() -> None:
    assert rows_of(of.of_word(VerdictWord.NOT_TESTABLE), ENGLISH).ends == ("", "")


def test_measurements_where_nothing_was_claimed() -> None:
    rows = rows_of(make.measured_verdict(), ENGLISH)
    (row,) = rows.shown
    assert (row.task, row.measured.replace("\N{NO-BREAK SPACE}", " ")) == ("HumanEval (chat)", "41.3 %")
    assert said(row) == "All 820 answers were asked for. Missing: 1."
    assert row.drawing
    assert rows.ends[0] == "30\N{NO-BREAK SPACE}%"


def test_a_measurement_that_was_stopped() -> None:
    part = msgspec.structs.replace(make.only_measured(), asked=100, ci=None, open=2, missing=0)
    verdict = msgspec.structs.replace(make.measured_verdict(), measurements=(part,))
    (row,) = rows_of(verdict, ENGLISH).shown
    assert said(row) == "100 of 820 answers were asked for. Cannot be read in one way: 2."
    assert row.drawing == ""


def test_an_interval_of_one_point_still_has_a_scale() -> None:
    claim = make.decided("A", "0", 0.0, 900, 1000, VerdictWord.CONSISTENT, ci=(0.0, 0.0), tolerance=0.0)
    assert rows_of(of.with_claims(claim, word=VerdictWord.CONSISTENT), ENGLISH).ends[1].startswith("10")
