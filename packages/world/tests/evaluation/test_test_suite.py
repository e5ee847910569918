"""The tests by name: what is laid out in which world; every line has its controls, on the same episodes."""

from __future__ import annotations

import pytest

from packages.world.tests.audit.world_stand_ins import ignorant, knowing
from packages.world.tests.evaluation.watchers import Changes, Counts
from steelyard.errors import InputError
from steelyard_world.evaluation import shortcut_check
from steelyard_world.evaluation.result import summarise_scores
from steelyard_world.evaluation.test_suite import (
    TESTS,
    Candidate,
    EvaluationPart,
    SimplestRivals,
    parts,
    run_part,
    summaries,
)
from steelyard_world.sim.scenes import CATEGORIES


def test_each_test_has_its_worlds() -> None:
    laid, left_out = parts(TESTS, ["two-room-fixed"])
    assert [part.test for part in laid] == ["planning", "reasoning", *["shift"] * 4]
    assert [sentence.partition(":")[0] for sentence in left_out] == ["physics", "memory"]
    laid, _ = parts(["physics", "memory"], ["scenes"])
    assert [part.condition for part in laid] == [*CATEGORIES, "hidden object", "recall"]


def test_what_there_is_not_is_named() -> None:
    with pytest.raises(InputError, match="no test is called 'chess'; there are planning, reasoning"):
        parts(["chess"], ["two-room"])
    with pytest.raises(InputError, match="no world is called 'mars'; there are"):
        parts(["planning"], ["mars"])


@pytest.mark.parametrize(
    "part", [EvaluationPart("planning", "two-room-fixed"), EvaluationPart("shift", "two-room-fixed", "colour")]
)
def test_the_true_dynamics_reach_the_ceiling(part: EvaluationPart) -> None:
    told: list[tuple[int, int]] = []
    (found,), said = run_part(part, [Candidate(knowing(), 0)], [], 4, lambda done, total: told.append((done, total)))
    summary = summarise_scores(found.results, found.floors, found.ceilings)
    assert said == []
    assert summary.score == summary.ceiling
    assert set(summary.controls) == {"random", "straight line", "no obstacles", "true dynamics"}
    assert told.count((4, 4)) == 2  # the model's episodes, and the ceiling's


def test_a_score_under_a_shift_has_the_loss_by_the_shift() -> None:
    candidates = [Candidate(knowing(), 0)]
    (plain,), _ = run_part(EvaluationPart("planning", "two-room-fixed"), candidates, [], 4)
    (moved,), _ = run_part(EvaluationPart("shift", "two-room-fixed", "layout"), candidates, [], 4)
    before, after = summaries([plain, moved])
    assert before.lost is None
    assert after.lost == pytest.approx(before.score - after.score)
    assert None not in (after.lost, after.lost_low, after.lost_high)
    assert (after.lost_low or 0) <= (after.lost or 0) <= (after.lost_high or 0)
    assert summaries([moved])[0].lost is None


def test_a_category_that_a_shortcut_solves_is_not_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(category: str, nets: object) -> shortcut_check.ShortcutCheck:
        return shortcut_check.ShortcutCheck(category, 3, ())

    monkeypatch.setattr(shortcut_check, "check_category", refused)
    found, said = run_part(EvaluationPart("physics", "scenes", "colour"), [Candidate(ignorant(), 0)], [ignorant()], 2)
    assert found == []
    assert said == ["physics, colour: not reported, since 3 quads, at least 200"]


def test_a_model_without_surprise_is_at_the_floor_of_physics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        shortcut_check, "check_category", lambda category, nets: shortcut_check.ShortcutCheck(category, 200, ())
    )
    (found,), _ = run_part(EvaluationPart("physics", "scenes", "colour"), [Candidate(ignorant(), 0)], [ignorant()], 2)
    summary = summarise_scores(found.results, found.floors, found.ceilings)
    assert (summary.score, summary.floor, summary.ceiling, summary.normalised) == (0.5, 0.5, 1.0, 0.0)


def test_the_simplest_rivals_are_floors_of_physics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        shortcut_check, "check_category", lambda category, nets: shortcut_check.ShortcutCheck(category, 200, ())
    )
    counts = Counts()
    counts.name = "counts"
    (found,), _ = run_part(
        EvaluationPart("physics", "scenes", "permanence"),
        [Candidate(Changes(), 0)],
        [Changes()],
        3,
        rivals=SimplestRivals((counts, counts), ()),
    )
    (summary,) = summaries([found])
    assert (summary.floor_name, summary.floor, summary.gain) == ("counts", 1.0, -0.5)
    assert summary.gain_high is not None
