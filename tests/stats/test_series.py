"""The levels of a series of audits."""

from __future__ import annotations

import math

import pytest

from steelyard.stats.series import series_share


def test_the_shares_of_all_audits_together_are_one() -> None:
    assert math.fsum(map(series_share, range(1, 200_000))) == pytest.approx(1, abs=1e-5)
    assert math.fsum(map(series_share, range(1, 200_000))) < 1


def test_the_first_audit_has_its_share_too() -> None:
    assert 0.05 * series_share(1) == pytest.approx(0.0304, abs=5e-5)
    assert series_share(10) == pytest.approx(series_share(1) / 100)


def test_audits_are_counted_from_one() -> None:
    with pytest.raises(ValueError, match="counted from 1, not from 0"):
        series_share(0)
