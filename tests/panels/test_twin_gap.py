"""The panel's test on scores: its words, and how open answers are read."""

from __future__ import annotations

import numpy as np
import pytest

from steelyard.panels.twin_gap import Arm, TwinScores, panel_twin_gap
from steelyard.records import VerdictWord
from tests.panel_runs import PUBLIC, TWINS


def model(family: str, public: float, twins: float) -> TwinScores:
    return TwinScores(family, Arm(public, public), Arm(twins, twins))


def panel(families: int = 60) -> list[TwinScores]:
    random, found = np.random.default_rng(2), []
    for number in range(families):
        public, twins = random.normal([0.4 + number / 120, 0.37 + number / 120], 0.02)
        found.append(model(f"f{number}", float(public), float(twins)))
    return found


@pytest.mark.parametrize(
    ("public", "word"),
    [(0.97, VerdictWord.INCONSISTENT), (0.70, VerdictWord.INSUFFICIENT_POWER), (0.66, VerdictWord.CONSISTENT)],
)
def test_the_three_words(public: float, word: VerdictWord) -> None:
    result = panel_twin_gap(model("", public, 0.65), panel(), (PUBLIC, TWINS), 0.05)
    assert result.word is word
    assert result.effect is not None
    assert result.effect.n == 400
    assert result.effect.mde is not None
    assert bool(result.findings) is (word is VerdictWord.INCONSISTENT)
    for finding in result.findings:
        assert finding.assumptions
        assert finding.null
        assert "97.0 % of 200 public samples are right" in finding.message
    assert len(result.notes) == 3


@pytest.mark.parametrize("missing", [1, 57])
def test_too_few_families_are_named(missing: int) -> None:
    few = [each for each in panel(59 - missing) for _ in range(4)]
    result = panel_twin_gap(model("", 0.9, 0.6), few, (PUBLIC, TWINS), 0.05)
    assert result.word is VerdictWord.NOT_TESTABLE
    assert result.p is None
    assert result.effect is None
    assert f"{missing} famil{'y is' if missing == 1 else 'ies are'} missing" in result.reason


@pytest.mark.parametrize("twins", [0.2, 0.95])
def test_a_model_beyond_the_panel_is_not_testable(twins: float) -> None:
    result = panel_twin_gap(model("", 0.99, twins), panel(), (PUBLIC, TWINS), 0.05)
    assert result.word is VerdictWord.NOT_TESTABLE
    assert "the panel does not say" in result.reason


def test_a_panel_without_scatter_is_not_testable() -> None:
    exact = [model(f"f{number}", 0.3 + number / 100, 0.3 + number / 100) for number in range(60)]
    assert panel_twin_gap(model("", 0.9, 0.6), exact, (PUBLIC, TWINS), 0.05).word is VerdictWord.NOT_TESTABLE


def test_open_answers_speak_for_the_model() -> None:
    """What would be a gap if all of it were wrong is none where the open twins may be right, and never consistent."""
    plain = panel_twin_gap(model("", 0.82, 0.6), panel(), (PUBLIC, TWINS), 0.05)
    assert plain.word is VerdictWord.INCONSISTENT
    few = TwinScores("", Arm(0.82, 0.82), Arm(0.6, 0.8))
    assert panel_twin_gap(few, panel(), (PUBLIC, TWINS), 0.05).word is VerdictWord.INSUFFICIENT_POWER
    honest = TwinScores("", Arm(0.66, 0.8), Arm(0.65, 0.65))
    assert panel_twin_gap(honest, panel(), (PUBLIC, TWINS), 0.05).word is VerdictWord.INSUFFICIENT_POWER
