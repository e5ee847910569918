"""One tested difference: clusters, scores between right and wrong, and the samples that it would need."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.compare_skewed import Power, Skewed, measure
from steelyard.comparison.contrast import PairedSamples, contrast, paired_samples
from steelyard.comparison.scored_run import SampleAnswers


def answers(scores: list[tuple[float, float]], groups: int = 1) -> list[tuple[SampleAnswers, SampleAnswers]]:
    return [
        (
            SampleAnswers(one, one, f"g{place % groups}", "", ()),
            SampleAnswers(other, other, f"g{place % groups}", "", ()),
        )
        for place, (one, other) in enumerate(scores)
    ]


@pytest.mark.parametrize(("groups", "clusters"), [(1, None), (5, None), (6, 6)])
def test_six_groups_or_more_are_clusters(groups: int, clusters: int | None) -> None:
    found = paired_samples(answers([(0.0, 1.0)] * 30, groups))
    assert (None if found.clusters is None else len(set(found.clusters))) == clusters


def test_graded_scores_have_the_padded_t() -> None:
    found = contrast("overall", paired_samples(answers([(0.25, 0.5), (0.5, 0.75), (0.5, 0.25)] * 20)), see=0.02)
    assert found.method == "padded t"
    assert found.difference[0] == pytest.approx(0.25 / 3)
    assert (found.gains, found.losses) == (40, 20)
    assert found.p == pytest.approx(0.0542, abs=0.0001)  # signs alone .0135, as McNemar's: all steps are equal


def test_what_differs_by_rounding_does_not_differ() -> None:
    found = contrast("overall", paired_samples(answers([(0.1 + 0.2, 0.3)] * 40)), see=0.02)
    assert (found.gains, found.losses, found.p, found.method) == (0, 0, 1.0, "exact McNemar")


def test_needed_samples() -> None:
    few = contrast("overall", paired_samples(answers([(0.0, 1.0)] * 9)), see=0.02)
    assert few.needs is None
    rare = contrast(
        "overall", paired_samples(answers([(0.0, 1.0)] * 3 + [(1.0, 0.0)] * 3 + [(1.0, 1.0)] * 94)), see=0.02
    )
    assert rare.needs is not None
    assert 1_200 < rare.needs < 1_700


def test_a_stretch_of_time_and_neighbours_in_the_file_are_no_difference() -> None:
    pairs = answers([(1.0, 0.0)] * 40 + [(1.0, 1.0)] * 160)
    names = [f"task/file/{place}" for place in range(200)]
    scattered = [f"task/file/{place * 77 % 200}" for place in range(200)]
    timed = [(replace(one, asked_us=place + 1), replace(other, asked_us=1)) for place, (one, other) in enumerate(pairs)]
    for samples, method in (
        (paired_samples(pairs), "exact McNemar"),
        (paired_samples(pairs, scattered), "exact McNemar"),
        (paired_samples(pairs, names), "exact McNemar and blocks"),
        (paired_samples(timed, scattered), "exact McNemar and blocks"),
    ):
        found = contrast("overall", samples, see=0.02)
        blocked = "blocks" in method
        assert (found.method, found.p > 0.05, found.ci[1] > 0) == (method, blocked, blocked)


def test_joined_tasks_keep_their_clusters() -> None:
    parts = [paired_samples(answers([(0.0, 1.0)] * 12, 6)), paired_samples(answers([(1.0, 1.0)] * 5))]
    whole = PairedSamples.joined(parts)
    assert whole.clusters is not None
    assert len(set(whole.clusters)) == 6 + 5
    again = [
        paired_samples(answers([(1.0, 1.0)] * 3), names) for names in (["a/2", "a/1", "a/3"], ["b/3", "b/2", "b/1"])
    ]
    assert PairedSamples.joined(again).file == (1, 0, 2, 5, 4, 3)
    assert again[0].chosen("g0").file == (1, 0, 2)
    with pytest.raises(ValueError, match="samples"):
        contrast("overall", PairedSamples((), (), (), None), see=0.02)


# 200 runs at 5 %: more than 20 has a probability below .002.
@pytest.mark.parametrize("what", [Skewed(30, 0.02, 0.005), Skewed(50, 0.05, 0.02), Skewed(100, 0.1, 0.1)], ids=str)
def test_partial_scores_that_are_skewed_keep_the_level(what: Skewed) -> None:
    found = measure(what, 200)
    assert found.rejected <= 20
    assert found.missed <= 20
    assert found.signs > found.rejected


def test_partial_scores_have_power() -> None:
    assert measure(Power(200, 0.06, 0.2), 60).rejected >= 52  # .97
    assert measure(Power(400, 0.03, 0.1), 60).rejected == 60


def test_partial_scores_in_groups_are_guarded_too() -> None:
    scores = [(0.5, 0.51)] * 48
    found = contrast("overall", paired_samples(answers(scores, 48)), see=0.02)  # each question is a group of its own
    assert found.method == "sign flips of 48 clusters and padded t"
    assert found.p > 0.4
    assert found.ci[0] < 0 < found.ci[1]


def test_one_partial_score_hardly_changes_what_many_right_and_wrong_ones_say() -> None:
    pairs = [(0.0, 1.0)] * 40 + [(1.0, 0.0)] * 16 + [(1.0, 1.0)] * 144
    whole = contrast("overall", paired_samples(answers(pairs)), see=0.02)
    mixed = contrast("overall", paired_samples(answers([*pairs[:-1], (1.0, 0.9)])), see=0.02)
    assert whole.method == "exact McNemar"
    assert mixed.p == pytest.approx(whole.p, rel=0.6)
    assert mixed.ci == pytest.approx(whole.ci, abs=0.01)
