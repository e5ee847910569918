"""A judge held against people, as text."""

from __future__ import annotations

from steelyard.judging.calibration import Calibration
from steelyard.reports.words import count, interval, share
from steelyard.stats.judged import Agreement

__all__ = ["calibration_lines"]


def calibration_lines(found: Calibration) -> list[tuple[str, str]]:
    """Rows of (what, found): people's rate first, then what the judge is worth."""
    corrected = found.corrected
    skipped = f", {count(found.skipped)} without a label" if found.skipped else ""
    people = (
        f"{share(corrected.estimate, 'percent')}, 95 % interval "
        f"{interval((corrected.low, corrected.high), 'percent')} "
        f"({count(found.labels)} of {count(found.answers)} answers labelled{skipped})"
    )
    rows = [("People would give", people)]
    rows.append(("The judge gives", "no verdict" if found.judged is None else share(found.judged, "percent")))
    rows.append(("The judge buys", _bought(found)))
    if found.agreement is not None:
        rows.append(("Judge and people", _agreement(found.agreement, "a judge that always says the same")))
    if found.labellers is not None:
        rows.append(("Two people", _agreement(found.labellers, "a person who always says the same")))
    return rows


def _bought(found: Calibration) -> str:
    corrected = found.corrected
    alone = interval((corrected.gold_low, corrected.gold_high), "percent")
    if corrected.saved <= 0:
        return f"nothing: the labels alone give {alone}"
    much = f"a shorter interval, by {100 * corrected.saved:.0f} % (the labels alone give {alone})"
    return f"next to nothing: {much}" if found.buys_next_to_nothing else much


def _agreement(found: Agreement, constant: str) -> str:
    kappa = "κ not defined"
    if found.kappa is not None:
        kappa = f"κ {found.kappa:.2f}, 95 % interval {found.kappa_low:.2f} to {found.kappa_high:.2f}".replace("-", "−")
    return (
        f"agree on {share(found.share, 'percent')}, {kappa}; {constant} would agree on "
        f"{share(found.constant_share, 'percent')}, with κ 0"
    )
