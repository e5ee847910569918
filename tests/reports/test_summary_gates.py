"""The summary of gates in both languages: the bar and its colour, and no word of a claim."""

from __future__ import annotations

import re

import msgspec
import pytest

from steelyard.records import Plan, VerdictWord
from tests.reports import report_fixtures as make
from tests.reports.gate_fixtures import budgets, gate_result, gates_verdict
from tests.reports.summary_fixtures import page


def text(html: str) -> str:
    body = html[html.index("<body>") :]
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<svg.*?</svg>", "", body, flags=re.DOTALL)).split())


def own_plan(task: str) -> Plan:
    """The plan of a gate, without a claim sheet."""
    plan = make.only(make.plan(), make.measurement(task, 700))
    return msgspec.structs.replace(plan, sheet=None)


@pytest.mark.parametrize("language", ["en", "de"])
def test_all_colours_on_one_sheet(language: str) -> None:
    plan = own_plan("tickets")
    said = text(page(gates_verdict(), language, plan))
    expected = {
        "en": ("Summary of a gate", "Red: 1 of 4 gates are red.", "1 undecided", "2 green", "≥ 85 %",
               "≥ baseline − 2.0 points", "3 worse, 9 better", "Do not release on this"),
        "de": ("Zusammenfassung einer Schwellenprüfung", "Rot: 1 von 4 Schwellen sind nicht erreicht.", "2 grün",
               "≥ 85 %", "≥ Vergleichslauf − 2,0 Punkte", "3 schlechter, 9 besser", "So nicht freigeben"),
    }[language]  # fmt: skip
    for part in expected:
        assert part in said, part
    assert "claim" not in said
    assert "Angabe" not in said
    assert "vendor" not in said.lower()


@pytest.mark.parametrize(
    ("word", "english", "german"),
    [
        (VerdictWord.CONSISTENT, "Green: the model as served reaches the bar on tone (≥ 85 %).", "Grün: Das Modell"),
        (VerdictWord.INCONSISTENT, "Red: the model as served does not reach the bar", "Rot: Das Modell"),
        (VerdictWord.INSUFFICIENT_POWER, "Undecided: the answers do not show", "Nicht entschieden: Die Antworten"),
    ],
)
def test_one_gate(word: VerdictWord, english: str, german: str) -> None:
    plan = own_plan("tone")
    verdict = gates_verdict(gate_result("tone", word))
    assert english in text(page(verdict, "en", plan))
    assert german in text(page(verdict, "de", plan))


def test_a_loss_against_a_baseline_is_not_below_a_bar() -> None:
    verdict = gates_verdict(gate_result("tone", VerdictWord.INCONSISTENT, baseline="ab" * 32, margin="2", worse=9))
    said = text(page(verdict, "en", own_plan("tone")))
    assert "Red: the model as served is worse than its baseline on tone" in said
    assert "Shown to be worse than the baseline by more than the margin" in said
    assert "not worse than its baseline by more than the margin is red by chance in at most" in said
    assert "meets the bar is red" not in said
    assert "schlechter als der Vergleichslauf" in text(page(verdict, "de", own_plan("tone")))


def test_unread_answers_are_counted() -> None:
    plan = own_plan("tone")
    verdict = gates_verdict(gate_result("tone", VerdictWord.INSUFFICIENT_POWER, open=7))
    said = text(page(verdict, "en", plan))
    assert "Cannot be read in one way: 7." in said
    assert "176 of 200" in said


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ("p95 ≤ 2 s", "1.42 s", "band 1.2–1.88 s", "cost ≤ 0.002 an answer", "This run kept to the budget.",
                "This run exceeded the budget.")),
        ("de", ("p95 ≤ 2 s", "1,42 s", "Band 1,2–1,88 s", "Kosten ≤ 0,002 je Antwort", "das Budget eingehalten",
                "das Budget überschritten")),
    ],
)  # fmt: skip
def test_budgets_have_bars_of_their_own(language: str, expected: tuple[str, ...]) -> None:
    verdict = gates_verdict(gate_result("tickets", VerdictWord.CONSISTENT), *budgets())
    said = text(page(verdict, language, own_plan("tickets")))
    for part in expected:
        assert part in said, part
