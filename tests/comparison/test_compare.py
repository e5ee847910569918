"""Comparisons of scored runs: words, error rates over all tests, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from steelyard.comparison.compare import compare_runs, spent_by
from steelyard.comparison.scored_run import MeasuredScores, ScoredRun, Usage
from steelyard.errors import InputError
from testkit.comparison_runs import scored_run


def drawn(name: str, rate: float, n: int, seed: int, tasks: int = 1) -> ScoredRun:
    random = np.random.default_rng(seed)
    return scored_run(
        name, {f"t{task}": {f"s{each}": float(random.random() < rate) for each in range(n)} for task in range(tasks)}
    )


def test_a_clear_difference() -> None:
    found = compare_runs([drawn("small", 0.5, 300, 1), drawn("large", 0.8, 300, 2)])
    (pair,) = found.pairs
    (overall,) = pair.contrasts
    assert (overall.scope, overall.word, overall.n, overall.method) == ("overall", "better", 300, "exact McNemar")
    assert overall.ci[0] < overall.difference[0] < overall.ci[1]
    assert overall.difference[0] == pytest.approx((overall.gains - overall.losses) / 300)
    assert (found.exit, found.tests, pair.differing) == (0, 1, overall.gains + overall.losses)
    assert len(pair.differing_samples) == 50


def test_the_other_way_round_it_is_worse() -> None:
    found = compare_runs([drawn("large", 0.8, 300, 2), drawn("small", 0.5, 300, 1)])
    assert found.pairs[0].contrasts[0].word == "worse"


def test_tasks_and_overall_share_the_error_rate() -> None:
    found = compare_runs([drawn("a", 0.5, 200, 1, tasks=3), drawn("b", 0.6, 200, 2, tasks=3)])
    scopes = [each.scope for each in found.pairs[0].contrasts]
    assert scopes == ["overall", "task", "task", "task"]
    assert found.weights == "overall 67 %, tasks 33 %"
    assert found.pairs[0].contrasts[0].n == 600
    assert all(each.p_adjusted >= each.p for each in found.pairs[0].contrasts)


def test_groups_are_slices_and_clusters() -> None:
    groups = {f"s{each}": f"g{each % 8}" for each in range(240)}
    one, other = ({"t": {f"s{each}": float(each % 3 > limit) for each in range(240)}} for limit in (1, 0))
    found = compare_runs([scored_run("a", one, groups=groups), scored_run("b", other, groups=groups)])
    overall, *slices = found.pairs[0].contrasts
    assert (overall.clusters, overall.method) == (8, "sign flips of 8 clusters")
    assert [each.slice for each in slices] == [f"g{each}" for each in range(8)]
    assert {each.method for each in slices} == {"exact McNemar"}


def test_the_size_over_all_tests() -> None:
    """Two models alike, on four tasks: any word but "not told apart" in at most 5 % of comparisons."""
    told = sum(
        any(
            each.word != "not_told_apart"
            for each in compare_runs([drawn("a", 0.7, 60, 2 * seed, 4), drawn("b", 0.7, 60, 2 * seed + 1, 4)])
            .pairs[0]
            .contrasts
        )
        for seed in range(40)
    )
    assert told <= 7  # of 40 at 5 %: more has a probability of .0008


def test_open_answers_are_read_both_ways() -> None:
    one = {"t": {f"s{each}": float(each % 2) for each in range(100)}}
    other = {"t": {f"s{each}": None if each < 40 else 1.0 for each in range(100)}}
    (contrast,) = compare_runs([scored_run("a", one), scored_run("b", other)]).pairs[0].contrasts
    assert contrast.difference == pytest.approx((0.1, 0.5))
    assert (contrast.open, contrast.first, contrast.second) == (40, (0.5, 0.5), (0.6, 1.0))
    assert contrast.word == "not_told_apart"
    opposite = {"t": {f"s{each}": None if each < 60 else 1.0 for each in range(100)}}
    (contrast,) = compare_runs([scored_run("a", one), scored_run("b", opposite)]).pairs[0].contrasts
    assert contrast.difference[0] < 0 < contrast.difference[1]
    assert contrast.p == 1


def test_all_pairs_or_the_first_only() -> None:
    runs = [drawn(name, 0.5, 30, seed) for seed, name in enumerate("xyz")]
    assert [(pair.first, pair.second) for pair in compare_runs(runs).pairs] == [("A", "B"), ("A", "C")]
    assert len(compare_runs(runs, all_pairs=True).pairs) == 3


def test_the_same_run_and_a_single_one_are_refused() -> None:
    run = drawn("a", 0.5, 30, 1)
    with pytest.raises(InputError, match="the same run as"):
        compare_runs([run, run])
    with pytest.raises(InputError, match="two runs"):
        compare_runs([run])
    with pytest.raises(InputError, match="at most 26"):
        compare_runs([drawn(f"r{each}", 0.5, 3, each) for each in range(27)])


def test_no_task_in_common_exits_3() -> None:
    found = compare_runs([scored_run("a", {"one": {"s": 1.0}}), scored_run("b", {"two": {"s": 1.0}})])
    assert found.exit == 3
    assert "A measured one and B measured two" in found.pairs[0].skipped[0].reason


def test_what_a_run_spent() -> None:
    run = scored_run("a", {"t": {f"s{each}": 1.0 for each in range(4)}})
    usage = Usage((100.0, 200.0, 300.0, 1_000.0), (5, 6, 7, 8), 4, 20, 6, 0.5)
    scores = MeasuredScores(run.measured[0].measurement, "answer@1", run.measured[0].samples, usage=usage)
    spent = spent_by(ScoredRun(**{**run.__dict__, "measured": (scores,)}))
    assert (spent.seconds_median, spent.seconds_p95, spent.tokens_median) == (0.25, 1.0, 6.5)
    assert (spent.cost, spent.cost_per_call, spent.cost_per_right) == (0.5, 0.125, 0.125)
