"""The size and the power of the test whether items are not served, by seeded simulation (lab/bench/served.py)."""

from __future__ import annotations

import pytest

from bench.served import ALPHA, HONEST, WITHHOLDING, Endpoint, measure
from steelyard.stats.intervals import clopper_pearson

AUDITS = 50


@pytest.mark.parametrize("endpoint", HONEST, ids=lambda each: each.name)
def test_honest_endpoints_are_not_accused(endpoint: Endpoint) -> None:
    """Whatever fails together in time, or fails for what is no finding: p is valid, and no audit of these finds it."""
    row = measure(endpoint, AUDITS)
    assert row.found == 0
    assert clopper_pearson(row.small, AUDITS)[0] <= ALPHA


@pytest.mark.parametrize("endpoint", WITHHOLDING, ids=lambda each: each.name)
def test_endpoints_that_fail_on_purpose_are_found(endpoint: Endpoint) -> None:
    row = measure(endpoint, AUDITS)
    if "7 times" in endpoint.name:
        assert row.found > 0.25 * AUDITS
    else:
        assert row.found >= (0.9 if "anyway" in endpoint.name else 1.0) * AUDITS
