"""Comparisons that pages ask for: computed once, bounded, and ended with the server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from packages.server.tests.comparing.test_process import asked
from steelyard_server.comparing.comparisons import OF_PERSON, QUEUED, ComparingError, Comparisons
from steelyard_server.comparing.process import Asked, AskedRun
from steelyard_server.push.verifying import VerifyLimits

WAIT = 120.0


@pytest.fixture
def comparisons() -> Iterator[Comparisons]:
    found = Comparisons(wait_seconds=WAIT)
    yield found
    found.stop()


def test_it_is_computed_once(comparisons: Comparisons, same_samples: list[Path]) -> None:
    request = asked(*same_samples[:2])
    found = comparisons.result(request, 1)
    assert found.comparison is not None
    assert found.comparison.pairs[0].overall is not None
    assert comparisons.result(asked(*same_samples[:2]), 2) is found


def test_one_that_needs_too_much_is_said_to(same_samples: list[Path]) -> None:
    found = Comparisons(VerifyLimits(cpu_seconds=300, memory=1 << 20), WAIT)
    problem = found.result(asked(*same_samples[:2]), 1).problem  # it ends by itself, or before it can say so
    assert re.search("need more (time or )?memory to be compared", problem)
    found.stop()


def test_a_page_does_not_wait_for_ever_and_a_stopped_server_starts_nothing(same_samples: list[Path]) -> None:
    found = Comparisons(wait_seconds=0.0)
    with pytest.raises(ComparingError, match="being computed"):
        found.result(asked(*same_samples[:2]), 1)
    found.stop()


def nowhere(number: int) -> Asked:
    return Asked(runs=(AskedRun(folder=f"/no/such/{number}", seal="0" * 64),))


def test_so_many_wait_and_no_more() -> None:
    comparisons = Comparisons(wait_seconds=0.0)
    for number in range(QUEUED):
        with pytest.raises(ComparingError, match=r"^the comparison is being computed"):
            comparisons.result(nowhere(number), number)
    with pytest.raises(ComparingError, match="waits for a place"):
        comparisons.result(nowhere(QUEUED), QUEUED)
    comparisons.stop()


def test_nobody_has_more_than_three_that_are_computed() -> None:
    comparisons = Comparisons(wait_seconds=0.0)
    for number in range(OF_PERSON):
        with pytest.raises(ComparingError, match=r"^the comparison is being computed"):
            comparisons.result(nowhere(number), 1)
    with pytest.raises(ComparingError, match="3 other comparisons of yours are being computed"):
        comparisons.result(nowhere(OF_PERSON), 1)
    with pytest.raises(ComparingError, match=r"^the comparison is being computed"):
        comparisons.result(nowhere(OF_PERSON - 1), 1)  # asked again
    with pytest.raises(ComparingError, match=r"^the comparison is being computed"):
        comparisons.result(nowhere(OF_PERSON), 2)
    comparisons.stop()
