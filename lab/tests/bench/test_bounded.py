"""The command that simulates bets on means, on fewer orders: its floats end where an audit's integers do."""

from __future__ import annotations

import numpy as np
import pytest

from bench.bounded import MACROS, SHAPES, Drawn, draw_ifeval, draw_macro, draw_shape, main, stops_in
from steelyard.stats.bounded_bets import TotalBet
from steelyard.stats.sequential import CONSISTENT_DISTANCES, INCONSISTENT_DISTANCES


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_the_floats_end_where_the_integers_do(shape: object) -> None:
    drawn = draw_shape(shape, 60)  # type: ignore[arg-type]
    check(drawn)
    check(drawn.lacking())


def test_so_they_do_where_samples_have_weights() -> None:
    check(draw_macro(MACROS[3]), runs=2)
    check(draw_macro(MACROS[4]), runs=3)
    check(draw_macro(MACROS[5]), runs=2)
    check(draw_ifeval(0.85), runs=2)


def check(drawn: Drawn, runs: int = 10) -> None:
    random = np.random.default_rng(1)
    places = np.tile(np.arange(len(drawn.scores), dtype=np.int32), (runs, 1))
    orders = random.permuted(places, axis=1)
    step = drawn.population.most // 50
    for distances in (INCONSISTENT_DISTANCES, CONSISTENT_DISTANCES):
        for boundary in {max(1, drawn.total), max(1, min(drawn.population.most, drawn.total + 2 * step))}:
            found = stops_in(drawn, boundary, distances, orders)
            assert [integers(drawn, boundary, distances, order) for order in orders] == found.tolist()


def integers(drawn: Drawn, boundary: int, distances: object, order: object) -> int:
    bet = TotalBet(drawn.population, boundary, distances)  # type: ignore[arg-type]
    for n, place in enumerate(order, start=1):  # type: ignore[arg-type, var-annotated]
        bet.step(int(drawn.scores[place]), drawn.weights[place])
        if bet.wins(0.05):
            return n
    return 0


def test_the_tables_are_printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.bounded.MACROS", MACROS[4:])
    assert main(["--runs", "20", "--sizes", "30", "--orders", "10"]) == 0
    printed = capsys.readouterr().out
    assert "tested as a micro average" in printed
    assert printed.count("beta(5, 1)") == 2
