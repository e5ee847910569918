"""The best rule of a size: never worse than the bets, equal to a search over all rules at a tiny size."""

from __future__ import annotations

import itertools

import pytest

from bench.best_rule import best_rule, bets_alone, main


@pytest.mark.parametrize("truth", [24, 28, 31])
def test_it_asks_no_more_than_the_bets_of_the_same_size(truth: int) -> None:
    bets = bets_alone(40, 34, truth)
    best = best_rule(40, 34, truth, bets.size)
    assert best.share <= bets.share + 1e-9
    assert best.size == bets.size
    assert 0 < best.share <= 1


def test_at_three_samples_it_is_the_best_of_all_rules() -> None:
    states = [(asked, right) for asked in (1, 2) for right in range(asked + 1)]
    found = []
    for chosen in itertools.product((False, True), repeat=len(states)):
        stops = dict(zip(states, chosen, strict=True))
        sizes = []
        for total in (2, 1):
            accused = mean = 0.0
            for order in itertools.permutations([1] * total + [0] * (3 - total)):
                at = next((n for n in (1, 2) if stops[n, sum(order[:n])]), None)
                accused += (at is not None) / 6
                mean += (at or 3) / 18
            sizes.append((accused, mean))
        found.append((sizes[0][0], sizes[1][1]))
    wanted = 1 / 3
    assert best_rule(3, 2, 1, wanted).share == pytest.approx(
        min(mean for size, mean in found if size <= wanted + 1e-9), abs=1e-6
    )


def test_the_command_prints_a_line_for_each_case(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--sizes", "40", "--truths", "70", "80"])
    assert capsys.readouterr().out.count("%") >= 3
