"""Known difficulties of the samples in the test of a claim: when they are used, by place of the order, and the note."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from steelyard.records import Difficulties, Measurement, Note, Plan, PlannedTest
from steelyard.util.committed_order import committed_order

if TYPE_CHECKING:
    from steelyard.detectors.claim_retest.sealed import ClaimTest
    from steelyard.stats.difficulty_bets import Bins

__all__ = ["bins_in_order", "note_of", "why_unused", "with_inputs"]


def with_inputs(test: PlannedTest, plan: Plan) -> PlannedTest:
    """A test that names the plan's inputs which come with the measurements that it reads."""
    read = [plan.by_id[reads.measurement] for reads in test.reads if reads.measurement in plan.by_id]
    names = dict.fromkeys(each.difficulties_input for each in read if each.difficulties is not None)
    return msgspec.structs.replace(test, inputs=tuple(names)) if names else test


def why_unused(sealed: ClaimTest, measurement: Measurement) -> str:
    """Why a claim's test bets without difficulties; empty where it uses those that the measurement has."""
    if measurement.difficulties is None:
        return "none are known"
    if sealed.grid > 1:
        return "a mean of scores between 0 and 1, or one with weights, is tested"
    if sealed.certain:
        return "the answers were recorded, so that nothing is bet"
    return "several trainings answer" if sealed.trainings > 1 else ""


def bins_in_order(measurement: Measurement) -> Bins:
    """The bins of difficulty of the trials, by place of the committed order."""
    from steelyard.stats.difficulty_bets import bins_of

    assert measurement.difficulties is not None, "a test that uses difficulties has them"
    odds: Sequence[int] = measurement.difficulties.odds
    order = committed_order(measurement.order_seed, measurement.population, measurement.repeats)
    return bins_of([odds[trial // measurement.repeats] for trial in order])


def note_of(sealed: ClaimTest, measurement: Measurement, plain_p: float | None, task: str) -> list[Note]:
    """What the report says of known difficulties: whose they are, what they may do, and p without them.

    That is None where nothing was bet.
    """
    known = measurement.difficulties
    if known is None:
        return []
    if not sealed.difficulties:
        said = f"known difficulties of its items were given and not used: {why_unused(sealed, measurement)}"
        return [Note(detector="claim_retest", check="difficulties", task=task, message=said)]
    plain = (
        "" if plain_p is None else f" Without them p would be {plain_p:.2g} after these answers, in this same order."
    )
    said = (
        f"known difficulties of its items entered the bets: {_origin(known)}. They were sealed before the first call, "
        "and the order of samples depends on them. A file that is merely wrong costs calls and accuses nobody. Whoever "
        "knew the answers beforehand could have tried many files until one decided as wanted, also from one panel: "
        f"neither p nor the interval allows for that, and no recomputation shows it.{plain}"
    )
    return [Note(detector="claim_retest", check="difficulties", task=task, message=said)]


def _origin(known: Difficulties) -> str:
    by = f"by {known.by}" if known.by else "by somebody who is not named"
    return (
        f"made {by} on {known.made} from the panel {known.panel} ({known.panel_sha256[:16]}…; models: "
        f"{known.models:,}, families: {known.families:,})"
    )
