"""Workers with a cache each: who is found, and that being taken for a cache accuses nobody."""

from __future__ import annotations

import numpy as np
import pytest

from bench import cached_workers
from bench.cached_workers import HONEST, found_as_cache, main, measure


@pytest.mark.parametrize(("number", "in_turn", "found"), [(1, True, 40), (2, True, 40), (2, False, 40), (3, True, 0)])
def test_two_workers_are_always_found(number: int, in_turn: bool, found: int) -> None:
    source = np.random.default_rng(1)
    assert sum(found_as_cache(number, in_turn=in_turn, source=source) for _ in range(40)) == found


def test_three_at_random_are_found_by_seven_of_nine_checks() -> None:
    source = np.random.default_rng(1)
    assert sum(found_as_cache(3, in_turn=False, source=source) for _ in range(450)) == pytest.approx(350, abs=30)


def test_an_honest_vendor_that_is_taken_for_a_cache_is_not_accused() -> None:
    assert measure(HONEST, 0, 60, is_found=True).inconsistent == 0
    assert measure(HONEST, 2, 60, is_found=True).inconsistent == 0


def test_the_tables(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached_workers, "SIZES", (30,))
    main(["--runs", "2"])
    printed = capsys.readouterr().out
    assert "Found as a cache" in printed
    assert "no cache" in printed
