"""Which runs are held beside the tested model, and which are left out in words."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from steelyard.errors import InputError
from steelyard.panels.extracts import side_digest
from steelyard.panels.matching import Asked, chosen_sides, sorted_entries, twin_scores
from tests.panel_runs import PUBLIC, TWINS, drawn_extract
from tests.panels.test_folder import entry

ASKED = Asked(PUBLIC, TWINS)
BOTH = {side_digest(PUBLIC): "sums", side_digest(TWINS): "twins"}


def test_sides_are_chosen() -> None:
    one, two = {"00": PUBLIC}, {"00": TWINS}
    assert chosen_sides(one, two, "", "") == ASKED
    both = {"00": PUBLIC, "01": TWINS}
    assert chosen_sides(both, both, "sums", "twins") == ASKED
    assert chosen_sides(both, both, "", "twins") == ASKED


@pytest.mark.parametrize(
    ("task", "twin_task", "said"),
    [("", "", "--twin-task"), ("none", "twins", "no task 'none'"), ("twins", "twins", "are both twins")],
)
def test_what_cannot_be_chosen_is_named(task: str, twin_task: str, said: str) -> None:
    both = {"00": PUBLIC, "01": TWINS}
    with pytest.raises(InputError, match=said):
        chosen_sides(both, both, task, twin_task)


def test_runs_are_read_or_left_out_with_a_reason() -> None:
    other = side_digest(replace(PUBLIC, prompt="other"))
    entries = [
        entry(1, asked=BOTH),
        entry(2, asked={side_digest(PUBLIC): "sums"}),
        entry(3, subject=entry(2).subject, family="family 2", asked={side_digest(TWINS): "twins"}),
        entry(4, asked={side_digest(PUBLIC): "sums"}),
        entry(5, asked={other: "sums"}),
        entry(6, asked={"e" * 64: "elsewhere"}),
        entry(7, subject="mine", asked=BOTH),
    ]
    read, left = sorted_entries(entries, ASKED, "mine")
    assert [[each.name for each in runs] for runs in read.values()] == [
        [entries[0].name],
        [e.name for e in entries[1:3]],
    ]
    reasons = {each.name: each.reason for each in left}
    assert "twins was not asked of this model" in reasons[entries[3].name]
    assert "sums was asked otherwise" in reasons[entries[4].name]
    assert "neither" in reasons[entries[5].name]
    assert "tested model itself" in reasons[entries[6].name]


def test_a_side_that_is_there_twice_is_refused() -> None:
    import numpy as np

    from steelyard.panels.extracts import read_extract

    run, data = drawn_extract("f", 1, (0.5, 0.5), np.random.default_rng(1))
    scores = {run.extract: read_extract(data, run.sides, run.extract)}
    assert [*twin_scores([run], scores, ASKED)] == [("f", run.subject)]
    with pytest.raises(ValueError, match="there twice"):
        twin_scores([run, run], scores, ASKED)
    half = replace(run, sides={"00-sums": PUBLIC})
    with pytest.raises(ValueError, match="lacks a side"):
        twin_scores([half], scores, ASKED)
