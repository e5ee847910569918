"""Difficulties from runs of a panel: families count once, runs of one model are one, other items are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.comparison.scored_run import MeasuredScores, SampleAnswers
from steelyard.errors import InputError
from steelyard.planning.difficulties import why_none
from steelyard_forensics.panels.difficulty import Answered, panel_difficulties
from steelyard_forensics.panels.folder import Panel
from steelyard_forensics.panels.record import PanelEntry
from testkit.plans import measurement

DIGESTS = [letter * 64 for letter in "abcd"]


def run(model: str, family: str, scores: list[float | None], items: str = "e" * 64) -> Answered:
    """Scores in the order of the items; None: open."""
    entry = PanelEntry(
        name=model * 16, family=family, model=model, subject=f"openai:{model}", bundle=model * 64, answers="f" * 64,
        date="2026-11-27", origin="asked", asked={"0" * 64: "t"},
    )  # fmt: skip
    samples = {
        f"t/{place}": SampleAnswers(
            low=score or 0.0, high=1.0 if score is None else score, group="", item=DIGESTS[place], answers=()
        )
        for place, score in reversed([*enumerate(scores)])
    }
    return Answered(entry, MeasuredScores(measurement(items=items, population=4), "exact@1", samples), DIGESTS)


def panel(*answered: Answered) -> Panel:
    return Panel(Path("panel"), "p", tuple(each.entry for each in answered), "9" * 64)


def test_difficulties_are_in_the_order_of_the_items_and_count_the_panel() -> None:
    runs = [run("1", "f", [1, 1, 0, None]), run("2", "g", [1, 0, 0, None])]
    found = panel_difficulties(panel(*runs), "t", runs, "Jane")
    assert found.odds[0] < found.odds[1] < found.odds[2]
    assert found.odds[3] == 0  # nobody's answer could be read
    assert (found.models, found.families, found.items, found.by) == (2, 2, "e" * 64, "Jane")
    assert why_none(found) == ""


def test_a_family_counts_once_and_runs_of_one_model_are_one_row() -> None:
    few = [run("1", "f", [1, 0, 1, 0]), run("2", "g", [0, 1, 1, 0])]
    many = [*few, run("3", "f", [1, 0, 1, 0]), run("4", "f", [1, 0, 1, 0])]
    once, often = (panel_difficulties(panel(*runs), "t", runs) for runs in (few, many))
    assert once.odds == often.odds
    assert (often.models, often.families) == (4, 2)
    twice = [few[0], run("1", "f", [1, 0, None, 0]), few[1]]
    assert panel_difficulties(panel(*twice), "t", twice) == once


def test_too_few_models_and_runs_on_other_items_are_refused() -> None:
    one = run("1", "f", [1, 0, 1, 0])
    with pytest.raises(InputError, match="1 of its models answered t, and difficulties need 2"):
        panel_difficulties(panel(one), "t", [one])
    other = run("2", "g", [1, 0, 1, 0], items="d" * 64)
    with pytest.raises(InputError, match="about different items"):
        panel_difficulties(panel(one, other), "t", [one, other])
