"""Batches decide as single calls do, at less than their price, by seeded replays (lab/bench/half_price.py)."""

from __future__ import annotations

from bench.half_price import GROWTHS, ratio_of, replays

REPLAYS = 24


def test_every_replay_has_an_equal_result_and_batches_cost_less() -> None:
    found = list(replays(REPLAYS))
    for growth, most in zip(GROWTHS, (0.75, 0.65), strict=True):
        assert all(each.by_batches[growth][0] for each in found)
        ratio, low, high = ratio_of(found, growth)
        assert low <= ratio <= high
        assert ratio <= most
    fewer = [each.by_batches[GROWTHS[1]][1] <= each.by_batches[GROWTHS[0]][1] * 1.5 for each in found]
    assert all(fewer)
