"""The panel's test on scores: its words, and how open answers are read."""

from __future__ import annotations

import numpy as np
import pytest

from packages.forensics.tests.panel_runs import PUBLIC, TWINS
from steelyard.records import VerdictWord
from steelyard.stats.intervals import clopper_pearson
from steelyard_forensics.panels.twin_gap import Arm, TwinScores, panel_twin_gap


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
        assert "chosen by its public score" in finding.assumptions[-1]
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


def with_open(models: list[TwinScores], public: float = 0.0, twins: float = 0.0) -> list[TwinScores]:
    """The same models, of whose right answers these shares came to nothing."""
    return [
        TwinScores(
            each.family,
            Arm(each.public.low - public, each.public.high),
            Arm(each.twins.low - twins, each.twins.high),
        )
        for each in models
    ]


def test_open_answers_of_the_panel_speak_for_the_model_too() -> None:
    """What the panel lacks on public samples makes no gap, and what it lacks on twins hides none."""
    honest = model("", 0.73, 0.65)
    word = panel_twin_gap(honest, panel(), (PUBLIC, TWINS), 0.05).word
    assert word is VerdictWord.INSUFFICIENT_POWER
    as_wrong = [model(each.family, each.public.low, each.twins.low) for each in with_open(panel(), public=0.05)]
    assert panel_twin_gap(honest, as_wrong, (PUBLIC, TWINS), 0.05).word is VerdictWord.INCONSISTENT
    assert panel_twin_gap(honest, with_open(panel(), public=0.05), (PUBLIC, TWINS), 0.05).word is word
    good = model("", 0.68, 0.65)
    as_wrong = [model(each.family, each.public.low, each.twins.low) for each in with_open(panel(), twins=0.05)]
    assert panel_twin_gap(good, as_wrong, (PUBLIC, TWINS), 0.05).word is VerdictWord.CONSISTENT
    assert (
        panel_twin_gap(good, with_open(panel(), twins=0.05), (PUBLIC, TWINS), 0.05).word is not VerdictWord.CONSISTENT
    )


def test_missing_answers_of_the_panel_accuse_no_honest_models() -> None:
    """4 % of its public answers are open, and none of the tested model's: the rate stays below the level's interval."""
    accused = 0
    for seed in range(120):
        random = np.random.default_rng([7, seed])
        level = random.uniform(0.4, 0.85, 61)
        right = random.random((2, 61, 400)) < np.stack([level, level - 0.03])[:, :, None]
        is_open = random.random((60, 400)) < 0.04
        scores = [
            TwinScores(
                f"f{at}",
                Arm(float((right[0, at] & ~is_open[at]).mean()), float((right[0, at] | is_open[at]).mean())),
                Arm(*[float(right[1, at].mean())] * 2),
            )
            for at in range(60)
        ]
        tested = model("", float(right[0, 60].mean()), float(right[1, 60].mean()))
        accused += panel_twin_gap(tested, scores, (PUBLIC, TWINS), 0.05).word is VerdictWord.INCONSISTENT
    assert clopper_pearson(accused, 120)[0] <= 0.05


def test_a_model_that_is_weaker_than_most_of_the_panel_is_noted() -> None:
    for twins, noted in ((0.40, True), (0.65, False)):
        result = panel_twin_gap(model("", twins, twins), panel(), (PUBLIC, TWINS), 0.05)
        assert [each.check for each in result.notes if each.check == "weak"] == ["weak"] * noted
    weak = panel_twin_gap(model("", 0.4, 0.4), panel(), (PUBLIC, TWINS), 0.05).notes[-1]
    assert "lowest fifth" in weak.message
