"""Results of world-model tests: what a record refuses, what a summary says, what a file gives back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard_world.evaluation.result import (
    Results,
    ScoreSummary,
    TestResult,
    read_results,
    standing,
    summarise_scores,
    write_results,
)

finite = st.floats(-1e6, 1e6, allow_nan=False)
_NO_ROOM = ((0.9, "jepa"), (0.9, "straight line"), (0.93, "true dynamics"))
_FLOORS = (([1.0, 3.0, 2.0], "straight line"), ([0.0, 1.0, 2.0], "random"))


def result(scores: Any, model: str = "jepa", seed: int | None = 0, **other: Any) -> TestResult:
    units = other.pop("units", tuple(str(number) for number in range(len(scores))))
    return TestResult(
        test="planning", world="two-room", model=model, training_seed=seed, scores=tuple(scores), units=units, **other
    )


def test_a_record_refuses_scores_that_fit_no_units() -> None:
    for scores, units in (((1.0,), ("a", "b")), ((), ()), ((1.0, 0.0), ("a", "a")), ((float("nan"),), ("a",))):
        with pytest.raises(ValueError, match="planning"):
            result(scores, units=units)


@settings(max_examples=25, deadline=None)
@given(st.lists(finite, min_size=1, max_size=6))
def test_a_file_gives_back_what_was_written(scores: list[float]) -> None:
    import tempfile

    written = Results(
        checkpoints=({"kind": "a", "seed": 1},),
        results=(result(scores),),
        summaries=(summarise_scores([result(scores)]),),
    )
    with tempfile.TemporaryDirectory() as folder:
        write_results(Path(folder) / "r.json", written)
        assert read_results(Path(folder) / "r.json") == written


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"format":"other/1"}', b'{"results":[{"test":"a"}]}', b"\xff"])
def test_another_file_is_refused_in_one_line(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_bytes(data)
    with pytest.raises(InputError, match=r"r\.json: (is not a results file|has the format)"):
        read_results(tmp_path / "r.json")
    with pytest.raises(InputError, match="cannot be read"):
        read_results(tmp_path / "missing.json")


def test_normalised_is_zero_at_the_best_floor_and_one_at_the_ceiling() -> None:
    floors = [result([0, 0, 0, 1], "random", None), result([1, 0, 1, 0], "straight line", None)]
    ceiling = [result([1, 1, 1, 0], "true dynamics", None)]
    at_floor = summarise_scores([result([1, 0, 1, 0])], floors, ceiling)
    assert (at_floor.floor, at_floor.floor_name, at_floor.normalised) == (0.5, "straight line", 0.0)
    assert summarise_scores([result([0, 1, 1, 1])], floors, ceiling).normalised == 1.0
    assert at_floor.controls == {"random": 0.25, "straight line": 0.5, "true dynamics": 0.75}


def test_lower_may_be_better() -> None:
    floors = [result([4.0, 4.0], "untrained", None), result([3.0, 3.0], "occluder only", None)]
    summary = summarise_scores([result([1.0, 2.0], better="lower")], floors, [result([0.0, 0.0], "exact", None)])
    assert (summary.floor_name, summary.normalised) == ("occluder only", 0.5)


def test_no_room_between_floor_and_ceiling_gives_no_normalised_score() -> None:
    same = [result([1, 0, 1, 0], "any", None)]
    assert summarise_scores([result([1, 1, 1, 1])], same, same).normalised is None


def test_controls_of_other_episodes_are_refused() -> None:
    with pytest.raises(InputError, match="other episodes"):
        summarise_scores([result([1, 0])], [result([1, 0], "random", None, units=("0", "7"))])


def test_order_of_units_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    scores, order = rng.random(30), rng.permutation(30)
    shuffled = result(scores[order], seed=1, units=tuple(str(each) for each in order))
    assert summarise_scores([result(scores), shuffled]).by_seed == pytest.approx([scores.mean()] * 2)


def test_the_interval_covers_seeds_and_units() -> None:
    """Two-way random effects: the interval of 5 seeds × 40 units covers the mean about as often as it says."""
    rng, covered = np.random.default_rng(1), 0
    for _ in range(100):
        values = rng.normal(size=(5, 1)) + rng.normal(size=(1, 40)) + rng.normal(size=(5, 40))
        found = summarise_scores([result(row, seed=seed) for seed, row in enumerate(values)])
        covered += found.low <= 0.0 <= found.high
    assert covered >= 90  # of 100 at 95 %, within Monte-Carlo error
    one = summarise_scores([result(values[0])])
    many = summarise_scores([result(row, seed=seed) for seed, row in enumerate(values)])
    assert one.high - one.low < many.high - many.low


@pytest.mark.parametrize("better", ["higher", "lower"])
def test_standing_depends_on_the_whole_interval(better: Any) -> None:
    sign = 1 if better == "higher" else -1
    floor = [result([0.0] * 8, "random", None, better=better)]
    for scores, expected in (([1.0] * 8, "above"), ([1.0, -1.0] * 4, "unclear"), ([-1.0] * 8, "below")):
        summary = summarise_scores([result([sign * score for score in scores], better=better)], floor)
        assert standing(summary) == expected
    assert standing(summarise_scores([result([1.0])])) == "no floor"


def test_a_score_equal_to_a_floor_near_the_ceiling_is_not_distinguished_from_it() -> None:
    """The floor was measured too: with no room to normalise in, its chance still counts."""
    rng, told, shown = np.random.default_rng(2), 0, 0
    for _ in range(200):
        model, floor, top = (result(rng.random(100) < rate, name, None) for rate, name in _NO_ROOM)
        told += standing(summarise_scores([model], [floor], [top])) != "unclear"
        better = result(np.maximum(floor.scores, rng.random(100) < 0.6), seed=0)
        shown += standing(summarise_scores([better], [floor], [top])) == "above"
    assert told <= 18  # of 200, at most 5 %, within Monte-Carlo error: 10 + 2.6 × 3.1
    assert shown >= 120


def test_a_gain_has_an_interval_where_score_or_floor_is_constant() -> None:
    """Four episodes: all wrong, where the floor has three right, is not yet worse."""
    few = summarise_scores([result([0.0] * 4)], [result([1.0, 1.0, 1.0, 0.0], "unaware", None)])
    assert (few.gain, standing(few)) == (-0.75, "unclear")
    assert standing(summarise_scores([result([1.0] * 30)], [result([0.0] * 30, "random", None)])) == "above"
    none = summarise_scores([result([0.0] * 30)], [result([0.0] * 30, "random", None)])
    assert msgspec.json.decode(msgspec.json.encode(none), type=ScoreSummary) == none
    assert none.gain == 0.0
    assert none.gain_high == pytest.approx(1 - 0.025 ** (1 / 30))


@pytest.mark.parametrize("better", ["higher", "lower"])
def test_a_gain_is_above_zero_whichever_way_is_better(better: Any) -> None:
    sign = 1 if better == "higher" else -1
    floors = [result([sign * each for each in row], name, None, better=better) for row, name in _FLOORS]
    found = summarise_scores([result([sign * each for each in (3.0, 5.0, 4.0)], better=better)], floors)
    assert found.gain == pytest.approx(2.0)
    assert found.gain_low is not None
    assert 0 < found.gain_low <= 2.0


def test_all_right_is_no_certainty() -> None:
    floors = [result([1.0] * 3 + [0.0] * 9, "random", None)]
    summary = summarise_scores([result([1.0] * 12)], floors, [result([1.0] * 12, "true dynamics", None)])
    assert summary.low == pytest.approx(0.025 ** (1 / 12))
    assert summary.normalised_low == pytest.approx((summary.low - 0.25) / 0.75)
    assert (summary.score, summary.high, summary.normalised_high) == (1.0, 1.0, 1.0)
    assert summarise_scores([result([0.0] * 12)], floors).high == pytest.approx(1 - 0.025 ** (1 / 12))
