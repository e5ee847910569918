"""The desk screen as a detector: one test of the whole sheet, which reads no score."""

from __future__ import annotations

import msgspec
import pytest

from steelyard.detectors.screen.detector import DeskScreen
from steelyard.planning.sealed_planner import SealedPlanner
from steelyard.records import Reads
from testkit.plans import claim_plan, measurement, plan


def test_without_a_sheet_there_is_nothing_to_screen() -> None:
    assert DeskScreen().plan(SealedPlanner(plan(measurement()))) == ()


def test_it_asks_for_no_answer_and_seals_nothing() -> None:
    claimed = claim_plan()
    (test,) = DeskScreen().plan(SealedPlanner(claimed))
    assert DeskScreen().forecast(test, claimed, 0.0) == 0
    assert DeskScreen().seal(test, claimed) == test
    assert DeskScreen().open(test, claimed).find({}).p is None


@pytest.mark.parametrize("change", [{"sealed": {"odd": 1}}, {"reads": (Reads(measurement="00-t", scorer="exact@5"),)}])
def test_one_that_was_sealed_otherwise_is_refused(change: dict[str, object]) -> None:
    claimed = claim_plan()
    (test,) = DeskScreen().plan(SealedPlanner(claimed))
    with pytest.raises(ValueError, match="reads the claim sheet and nothing else"):
        DeskScreen().open(msgspec.structs.replace(test, **change), claimed)
