"""What a company's own table holds (money, dates, thousands, formulas), and how models say it: none is held wrong."""

from __future__ import annotations

import pytest

from steelyard.auditing.scoring import read_score
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers import open_scorer


def value(scorer: str, target: str, text: str) -> float | None:
    sample = Sample(id="x/0", request=GenerateRequest(prompt="?"), target=target)
    output = ModelOutput(outcome=Outcome.OK, text=text, finish_reason="stop")
    return read_score(open_scorer({"name": scorer}), sample, output).value


RIGHT = {
    "295,24 €": ["295,24 Euro", "295.24 €", "EUR 295,24", "Der Preis beträgt 295,24 Euro."],
    "2,50 €": ["2,50 EUR", "EUR 2,50", "2,5 €", "2,50"],
    "2,50 EUR": ["2,50", "2,50 €", "2.50 €", "€2,50", "2,50 Euro"],
    "1.234,50 €": ["1234,50 €", "1.234,50 Euro", "1 234,50 €", "1234.50 €", "€1,234.50", "1’234.50 €"],
    "CHF 2.50": ["CHF2.50", "2.50 CHF", "2.50"],
    "100 €": ["100 Euro", "EUR 100", "100", "100,00 €"],
    "2026-12-31": [
        "31. Dezember 2026", "December 31st, 2026", "31st December 2026", "The deadline is December 31, 2026.",
        "Thursday, December 31, 2026", "31.12.26", "31.12.2026", "Am **31.12.2026**.",
    ],
    "31.12.2026": ["31. Dezember 2026", "am 31.12.2026", "Donnerstag, 31.12.2026", "31.12.26", "2026-12-31"],
    "December 31, 2026": ["December 31st, 2026", "31 de diciembre de 2026"],
    "CO2": ["$\\text{CO}_2$", "$CO_2$", "CO_2", "$\\mathrm{CO}_2$", "CO₂"],
    "H₂O": ["$H_2O$", "H_2O", "$\\mathrm{H}_2\\mathrm{O}$"],
    "v2.10": ["Version 2.10", "v2.10"],
    "C#": ["C\\#"],
    "USA": ["U.S.A."],
    "1.500": ["1.500", "**1.500** Stück", "Es sind 1.500."],
    "Ja": ["Jawohl"],
    "Zugang": ["Zu\u00adgang"],
    "(B)": ["So the answer is **(B)**.", "So the answer is (B)."],
}  # fmt: skip
NOT_WRONG = {
    "8.858": ["8858", "8 858"],
    "1.500": ["1500", "1,5", "1.5", "1 500"],
    "0.15": ["15 Prozent", "15 percent"],
    "v2.10": ["2.10"],
    "Paris": ["La capital es París."],
    "München": ["Muenchen"],
    "E-Mail": ["Email"],
    "+49 89 123456": ["+4989123456"],
}
BREAKDOWNS = [
    "That is **18** in total.\n\n*(This assumes 4 weeks per month.)*",
    "She makes **$18** in total.\n\n**Breakdown:**\n- First part: 9\n- Second part: 2",
    "18\nConfidence: 95%",
    "Total: 18\nFirst: 9\nSecond: 2",
    "So in total there are 18. The first day had 9 and the second 2.",
    "Sie nimmt täglich **18 US-Dollar** ein.\n\nDas entspricht 7 Tage lang demselben Betrag pro Tag.",
    "18 Tickets.\n\nKann ich noch bei 1 oder 2 anderen Fragen helfen?",
    "**18 Tickets**\n\nMontag: 10\nDienstag: 8",
    "The total is **18**.\n\nBreakdown:\n1. Monday: 10\n2. Tuesday: 8",
    "Ergebnis: 18 = 10 + 8",
]
WRONG = {
    "295,24 €": ["295,42 Euro", "29,24 €"],
    "2026-12-31": ["31. Dezember 2025", "December 30th, 2026", "The deadline is January 31, 2026."],
    "CO2": ["CO", "H2O", "CO_3"],
    "v2.10": ["Version 2.1", "v2.11"],
    "München": ["Munster"],
    "8.858": ["8859", "8.859"],
    "19": BREAKDOWNS,
    "31.12.2025": ["next week", "I do not know.", "Never"],
    "1.2.10": ["1.2.11", "01.02.2010"],
    "5 pounds": ["6 pounds"],
}
NOT_RIGHT = {
    "295,24 €": ["295,24 $", "295,24 CHF"],
    "1.500": ["1,5", "1.5", "1½", "3/2"],
    "18": ["unter 18", "over 18", "null Ahnung"],
    "1.2.10": ["1.2.10.1"],
    "5 pounds": ["5 kg"],
    "31.12.2026": ["on the 31st", "31.12.2026.1"],
    "2026-12-31": ["December 30 or 31.12.2026", "not 31.12.2026", "from 1.1.2026 to 31.12.2026"],
}


def pairs(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(target, text) for target, texts in table.items() for text in texts]


@pytest.mark.parametrize(("target", "text"), pairs(RIGHT))
def test_right(target: str, text: str) -> None:
    assert value("answer", target, text) == 1


@pytest.mark.parametrize(("target", "text"), pairs(NOT_WRONG))
def test_not_wrong(target: str, text: str) -> None:
    assert value("answer", target, text) != 0


@pytest.mark.parametrize("scorer", ["answer", "numeric"])
@pytest.mark.parametrize("text", BREAKDOWNS)
def test_an_answer_before_a_breakdown_is_not_wrong(scorer: str, text: str) -> None:
    assert value(scorer, "18", text) != 0


@pytest.mark.parametrize(("target", "text"), pairs(WRONG))
def test_wrong(target: str, text: str) -> None:
    assert value("answer", target, text) == 0


@pytest.mark.parametrize(("target", "text"), pairs(NOT_RIGHT))
def test_not_right(target: str, text: str) -> None:
    assert value("answer", target, text) != 1
