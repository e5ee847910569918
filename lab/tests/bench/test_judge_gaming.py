"""The tables of detector D7 are made, and no honest judge is over the level in them."""

from __future__ import annotations

from bench.judge_gaming import HONEST, PAIRED_HONEST, honest, main, paired_rejections, rejections


def test_the_tables_are_printed(capsys: object) -> None:
    main(["--runs", "20"])


def test_no_honest_judge_is_over_the_level() -> None:
    assert max(rejections(each, 11, 1000) for each in HONEST) <= 50
    assert max(paired_rejections(each, 11, 1000) for each in PAIRED_HONEST) <= 50


def test_what_reports_show_is_of_every_honest_judge() -> None:
    found = honest(20)
    assert len(found) == len(HONEST) + len(PAIRED_HONEST)
    assert {runs for _, runs in found.values()} == {60}
