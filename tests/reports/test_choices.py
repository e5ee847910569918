"""Choices in words: every outcome, hostile names, what right answers cost, and the three pages."""

from __future__ import annotations

import re
from io import StringIO

import msgspec
import pytest
from rich.console import Console

from steelyard.records import MeasurementResult, Verdict, VerdictWord
from steelyard.reports import choices, headlines, html, machine, markdown, terminal
from tests.detectors.choose.choose_plans import choose_plan, read
from tests.detectors.gate.gate_plans import Marks

HOSTILE = "<script>alert(1)</script>|*x*\x1b[31m\n# y"


def verdict_of(answers: list[Marks], prices: tuple[float, ...] = (), names: tuple[str, ...] = ()) -> Verdict:
    """The verdict of a choice on these answers; ``prices`` are what each model's calls cost in all."""
    plan = choose_plan("0.9", 60, len(answers))
    models = {
        role: msgspec.structs.replace(each, identity=msgspec.structs.replace(each.identity, name=name))
        for (role, each), name in zip(plan.models.items(), names or tuple(plan.models), strict=True)
    }
    plan = msgspec.structs.replace(plan, models=models)
    found = read(plan, answers).find({})
    assert found.choice is not None
    found = msgspec.structs.replace(found, choice=msgspec.structs.replace(found.choice, by="cost"))
    assert found.choice is not None
    candidates = found.choice.candidates
    measured = tuple(
        MeasurementResult(
            measurement=f"m{number}", role=each.role, model=each.model, task="suite", prompt="plain", scorer="exact@1",
            right=sum(mark == 1 for mark in marks), asked=len(marks), of=60, planned=60, calls=len(marks),
            prompt_tokens=10 * len(marks), completion_tokens=2 * len(marks), read_by=("choose-00",),
            cost=prices[number - 1] if prices else None,
        )
        for number, (each, marks) in enumerate(zip(candidates, answers, strict=True), 1)
    )  # fmt: skip
    code = {VerdictWord.CONSISTENT: 0, VerdictWord.INCONSISTENT: 1}.get(found.word, 3)
    return Verdict(
        verdict=found.word, exit=code, model="first", served="test:first", alpha=0.05, results=(found,),
        measurements=measured, findings=found.findings,
    )  # fmt: skip


RIGHT: Marks = [1] * 60
WRONG: Marks = [0] * 20
UNSURE: Marks = [1] * 8


@pytest.mark.parametrize(
    ("answers", "said", "exit_meaning"),
    [
        (
            [RIGHT, []],
            "Chosen: subject reaches 90 % on suite, and it is the first of the order.",
            "a candidate reaches",
        ),
        (
            [WRONG, RIGHT],
            "Chosen: candidate-2 reaches 90 % on suite; the one before it is below.",
            "a candidate reaches",
        ),
        ([WRONG, WRONG, RIGHT], "both before it are below", "a candidate reaches"),
        ([WRONG, WRONG, WRONG, RIGHT], "all 3 before it are below", "a candidate reaches"),
        ([UNSURE, RIGHT], "candidate-2 reaches 90 % on suite; whether subject would do is undecided", "a candidate"),
        ([WRONG, WRONG], "None: all 2 candidates are below 90 % on suite.", "every candidate is below"),
        ([WRONG, UNSURE], "None is sure enough: no candidate is shown to reach 90 % on suite.", "no candidate is sure"),
    ],
)
def test_every_outcome_has_its_sentence(answers: list[Marks], said: str, exit_meaning: str) -> None:
    verdict = verdict_of(answers)
    assert choices.is_choice(verdict)
    assert said in headlines.headline(verdict)
    assert exit_meaning in headlines.exit_meaning(verdict)
    assert not headlines.only_measures(verdict)


def test_standings_are_counted_and_late_answers_said() -> None:
    verdict = verdict_of([WRONG, RIGHT, []])
    assert [(word, number) for word, _, number in headlines.tally(verdict)] == [
        ("chosen", 1), ("below", 1), ("not asked", 1),
    ]  # fmt: skip
    assert any("came after the model had been decided" in each for each in choices.limits_of(verdict))


def test_a_right_answer_costs_the_wrong_ones_too() -> None:
    verdict = verdict_of([[*[0] * 30, *[1] * 10], RIGHT], (0.08, 0.06))
    (found,) = machine.render(verdict)["choices"]
    first, second = found["candidates"]
    assert first["cost_per_call"] == pytest.approx(0.002)
    assert first["cost_per_right"] == pytest.approx(0.008)
    assert second["cost_per_call"] == second["cost_per_right"] == pytest.approx(0.001)
    assert any("a call to it cost more" in each for each in choices.limits_of(verdict))
    result = choices.choices_of(verdict)[0]
    assert choices.headings(result, verdict)[-1] == "Cost per 1,000 right"
    assert choices.candidate_words(result, verdict)[0].cells[-2:] == ("2.00", "8.00")


def test_without_prices_tokens_stand_there() -> None:
    verdict = verdict_of([[0] * 40, RIGHT])
    result = choices.choices_of(verdict)[0]
    assert choices.headings(result, verdict)[-2:] == ("Tokens per call", "Tokens per right answer")
    words = choices.candidate_words(result, verdict)
    assert words[0].cells[-2:] == ("12", "–")
    assert words[1].cells[-2:] == ("12", "12")


def test_no_name_of_others_becomes_markup() -> None:
    verdict = verdict_of([WRONG, RIGHT], names=(HOSTILE, HOSTILE))
    page, text = html.render(verdict), markdown.render(verdict)
    assert "<script>alert" not in page
    assert all("<script>" not in line for line in text.splitlines() if not line.startswith("Asked: `"))
    assert "\x1b" not in page + text
    shown = StringIO()
    terminal.print_verdict(verdict, Console(file=shown, width=100, markup=False))
    assert "\x1b[31m" not in shown.getvalue()
    assert max(map(len, shown.getvalue().splitlines())) <= 100


@pytest.mark.parametrize("width", [100, 50])
def test_the_terminal_shows_every_candidate(width: int) -> None:
    shown = StringIO()
    verdict = verdict_of([WRONG, RIGHT, []], (0.1, 0.2, 0.3))
    terminal.print_verdict(verdict, Console(file=shown, width=width))
    for word in ("below", "chosen", "not asked", "candidate-3"):
        assert word in shown.getvalue()
    assert max(map(len, shown.getvalue().splitlines())) <= width


@pytest.mark.parametrize("width", [60, 70, 80, 90, 100])
@pytest.mark.parametrize("prices", [(), (12.3456, 0.2, 0.3)])
def test_every_width_keeps_model_standing_and_costs(width: int, prices: tuple[float, ...]) -> None:
    unread: Marks = [None] * 60
    verdict = verdict_of([unread, WRONG, RIGHT], prices, ("a-model-with-a-long-name-70b-instruct", "good", "best"))
    shown = StringIO()
    terminal.print_verdict(verdict, Console(file=shown, width=width))
    table = shown.getvalue().partition("Candidates")[2].partition("What this")[0]
    assert max(map(len, table.splitlines())) <= width
    assert "…" not in table
    assert {"a-model-with", "good", "best"} <= set(re.findall(r"a-model-with|good|best", table))
    together = " ".join(table.split())
    for word in ("? undecided", "✗ below", "✓ chosen", "100.0 % (51)", "95.0–100.0 %", "60 open", "51"):
        assert word in together
    for word in ("Cost per 1,000 right" if prices else "Tokens per right answer").split():
        assert word in together
