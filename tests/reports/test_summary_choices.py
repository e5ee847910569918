"""The summary of a choice in both languages: the model, its cost, what was ruled out, how sure, on one sheet."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from steelyard.records import Verdict
from tests.detectors.gate.gate_plans import Marks
from tests.reports import report_fixtures as make
from tests.reports.summary_fixtures import page
from tests.reports.test_choices import HOSTILE, RIGHT, UNSURE, WRONG, verdict_of
from tests.reports.test_summary import printed_pages

PLAN = msgspec.structs.replace(make.only(make.plan(), make.measurement("suite", 60)), sheet=None)


def text(verdict: Verdict, language: str = "en") -> str:
    html = page(verdict, language, PLAN)
    body = re.sub(r"<svg.*?</svg>", "", html[html.index("<body>") :], flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("\xa0", " ").split())


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ("Summary of a choice", "3 candidates for suite", "Chosen: mid reaches 90 % on suite.",
                "1,000 right answers cost 1.00", "The one before it is below.", "2. mid Chosen", "1. small Below",
                "3. large Not asked", "Ruled out after 6 of 60 questions: below the target.", "20 calls",
                "is chosen by chance in at most 25 of 1,000 runs", "Nobody after the chosen one was asked",
                "0.08 for all calls, at the prices that were given", "Put a gate on it")),
        ("de", ("Zusammenfassung einer Auswahl", "3 Kandidaten für suite", "Gewählt: mid erreicht 90 % bei suite.",
                "1.000 richtige Antworten kosten 1,00", "Das eine davor liegt darunter.", "2. mid Gewählt",
                "1. small Darunter",
                "Nach 6 von 60 Fragen ausgeschieden", "25 von 1.000 Läufen gewählt", "0,08 für alle Anfragen")),
    ],
)  # fmt: skip
def test_the_sheet_says_which_model_at_what_cost_and_how_sure(language: str, expected: tuple[str, ...]) -> None:
    found = text(verdict_of([WRONG, RIGHT, []], (0.02, 0.06, 0.0), ("small", "mid", "large")), language)
    for part in expected:
        assert part in found, part
    assert "claim" not in found
    assert "vendor" not in found.lower()


@pytest.mark.parametrize(
    ("answers", "english", "german"),
    [
        ([RIGHT, []], "It is the first of the order.", "Es ist das erste der Reihenfolge."),
        ([WRONG, WRONG, RIGHT], "The 2 before it are below.", "Die 2 davor liegen darunter."),
        ([UNSURE, RIGHT], "Whether subject would do is undecided.", "Ob subject genügen würde"),
        ([WRONG, WRONG], "Below: All 2 candidates are below 90 % on suite.", "Darunter: Alle 2 Kandidaten"),
        ([WRONG, UNSURE], "Undecided: No candidate is shown to reach 90 % on suite.", "Nicht entschieden: Für kein"),
        ([WRONG, []], "The run ended before its turn.", "bevor es an der Reihe war"),
    ],
)
def test_every_outcome(answers: list[Marks], english: str, german: str) -> None:
    verdict = verdict_of(answers)
    assert english in text(verdict)
    assert german in text(verdict, "de")


def test_a_model_that_cost_more_than_its_price_says_is_named() -> None:
    found = text(verdict_of([WRONG, RIGHT], (0.08, 0.06), ("small", "mid")))
    assert "By their prices small comes before mid, and a call to it cost more" in found


def test_the_picture_has_every_candidate_that_was_asked() -> None:
    html = page(verdict_of([WRONG, RIGHT, []], (0.02, 0.6, 0.0), ("small", "mid", "large")), "de", PLAN)
    (picture,) = re.findall(r'<svg class="picture".*?</svg>', html, flags=re.DOTALL)
    assert re.findall(r'class="dot"[^>]*>(\d)<', picture) == ["1", "2"]
    assert "1. small: Kosten von 1.000 Anfragen 1,00; richtig: 0,0–" in picture
    assert "- - Ziel 90" in picture
    assert '<svg class="picture"' not in page(verdict_of([RIGHT, []], (0.1, 0.0)), "en", PLAN)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("number", [3, 5, 10])
def test_candidates_with_long_names_fit_one_sheet(language: str, number: int, devtools: str, tmp_path: Path) -> None:
    answers = [*[WRONG] * (number - 1), RIGHT]
    names = tuple(f"{HOSTILE}-{each}-a-model-with-a-long-name-70b-instruct" for each in range(number))
    html = page(verdict_of(answers, tuple(0.02 * 3**each for each in range(number)), names), language, PLAN)
    assert "<script>alert" not in html
    assert "\x1b" not in html
    assert printed_pages(devtools, html, tmp_path) == 1
