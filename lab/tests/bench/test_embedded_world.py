"""The embedded world's table, from what was recorded; of the cue, the rule alone."""

from __future__ import annotations

from bench.embedded_world import cue_found, identity_rows, published_rows


def test_the_file_itself_is_not_found_and_a_small_requantisation_is() -> None:
    rows = {served: found for _, served, _, found, _ in (*identity_rows(4), *published_rows(4))}
    assert rows["the file, honest"].startswith(".0")
    assert rows["own, honest"].startswith(".000")
    assert rows["Q2_K"].startswith("1.000")
    assert sum(name.startswith("Q2_K, ") for name in rows) == 2


def test_a_cue_is_found_where_it_helps_and_not_where_it_does_not() -> None:
    right, wrong = [1] * 30, [0] * 30
    found = cue_found((right, wrong), 1)
    assert found is not None
    assert found < 30
    assert cue_found((right, right), 1) is None
