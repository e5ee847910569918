"""Which runs are held beside the tested model, and which are left out in words."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from packages.forensics.tests.panel_runs import PUBLIC, TWINS, drawn_detection, drawn_extract
from packages.forensics.tests.panels.test_folder import entry
from steelyard.errors import InputError, VerificationError
from steelyard_forensics.panels.extracts import side_digest
from steelyard_forensics.panels.matching import Asked, check_sorted, chosen_sides, sides_of, sorted_entries, twin_scores
from steelyard_forensics.panels.record import LeftOut

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


def test_what_was_read_and_left_out_is_what_had_to_be() -> None:
    found, _ = drawn_detection(3)
    assert sides_of(found.tested, found.settings) == ASKED
    entries = [
        entry(number, name=run.bundle[:16], bundle=run.bundle, family=run.family, subject=run.subject, asked=BOTH)
        for number, run in enumerate(found.read, 1)
    ]
    check_sorted(found, entries, "panel")
    first, *others = found.read
    left = LeftOut(name=first.bundle[:16], family=first.family, reason="it was too good")
    for changed, listed, said in [
        (replace(found, read=tuple(others), left_out=(left,)), entries, "was left out.*it was too good.*it is read"),
        (replace(found, read=tuple(others)), entries, "was not in it; by the panel it is read"),
        (replace(found, read=(replace(first, family="x"), *others)), entries, "was read, in the family 'x'"),
        (found, entries[1:], "does not have the run"),
        (found, [replace(entries[0], asked={"e" * 64: "sums"}), *entries[1:]], "by the panel it is left out"),
    ]:
        with pytest.raises(VerificationError, match=said):
            check_sorted(changed, listed, "panel")


def test_a_side_that_is_there_twice_is_refused() -> None:
    import numpy as np

    from steelyard_forensics.panels.extracts import read_extract

    run, data = drawn_extract("f", 1, (0.5, 0.5), np.random.default_rng(1))
    scores = {run.extract: read_extract(data, run.sides, run.extract)}
    assert [*twin_scores([run], scores, ASKED)] == [("f", run.subject)]
    with pytest.raises(ValueError, match="there twice"):
        twin_scores([run, run], scores, ASKED)
    half = replace(run, sides={"00-sums": PUBLIC})
    with pytest.raises(ValueError, match="lacks a side"):
        twin_scores([half], scores, ASKED)
