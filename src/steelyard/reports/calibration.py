"""A judge held against people, as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import msgspec

from steelyard.judging.calibration import Calibration
from steelyard.judging.confusion import Confusion, Differing, ErrorRate
from steelyard.judging.items import about_key
from steelyard.reports.words import count, counted, interval, share
from steelyard.stats.judged import Agreement
from steelyard.util.text import one_line

__all__ = [
    "ShownAnswer",
    "calibration_document",
    "calibration_lines",
    "confusion_rows",
    "differing_lines",
    "gaps_in_words",
]

SHOWN: Final = 5  # answers on which judge and people differ, in the terminal
_WIDTH: Final = 84  # of a text in the terminal


@dataclass(frozen=True)
class ShownAnswer:
    """An answer on which judge and people differ, with its texts; None where the run that was judged is not here."""

    differing: Differing
    criterion: str | None
    question: str | None
    answer: str | None
    reply: str
    """What the judge wrote."""


def calibration_lines(found: Calibration) -> list[tuple[str, str]]:
    """Rows of (what, found): people's rate first, then what the judge is worth."""
    corrected = found.corrected
    skipped = f", {count(found.skipped)} without a label" if found.skipped else ""
    repeats = "" if found.questions in (0, found.answers) else f" to {counted(found.questions, 'question')}"
    people = (
        f"{share(corrected.estimate, 'percent')}, 95 % interval "
        f"{interval((corrected.low, corrected.high), 'percent')} "
        f"({count(found.labels)} of {count(found.answers)} answers{repeats} labelled{skipped})"
    )
    rows = [("People would give", people)]
    if gaps := gaps_in_words(found.skipped, found.answers):
        rows.append(("Labels", gaps))
    rows.append(("The judge gives", "no verdict" if found.judged is None else share(found.judged, "percent")))
    rows.append(("The judge buys", _bought(found)))
    if found.agreement is not None:
        agreed = _agreement(found.agreement, "a judge that always says the same")
        weighted = f"weighted to all {count(found.answers)} answers by the judge's verdicts on them"
        rows.append(("Judge and people", f"{agreed}; {weighted}"))
    if found.labellers is not None:
        rows.append(("Two people", _agreement(found.labellers, "a person who always says the same")))
    for each in found.confusions:
        of = f" ({one_line(each.criterion, 40)})" if len(found.confusions) > 1 else ""
        rows.append((f"Wrong yes{of}", _error(each.wrong_yes, "reject")))
        rows.append((f"Wrong no{of}", _error(each.wrong_no, "accept")))
    return rows


def gaps_in_words(skipped: int, answers: int) -> str:
    """Why an interval is wide though answers are labelled, and what to do; empty below a tenth without a label.

    Labels that were drawn for another judge are spread over all of this judge's order, and what lies between them
    counts as drawn.
    """
    if 10 * skipped < answers:
        return ""
    return (
        f"{count(skipped)} of the answers up to the last labelled one have no label and count both ways, which alone "
        f"makes the interval {100 * skipped / answers:.0f} points wide; labels that were drawn for another judge do "
        "so: label what this judge's own run draws (steelyard judge calibrate RUN, without other files of labels)"
    )


def confusion_rows(each: Confusion) -> list[tuple[str, int, int]]:
    """Rows of (what the judge says, how many of these people accept, how many they reject)."""
    rows = [("says yes", each.yes_yes, each.yes_no), ("says no", each.no_yes, each.no_no)]
    return [*rows, ("gives no verdict", each.open_yes, each.open_no)] if each.open_yes or each.open_no else rows


def differing_lines(found: Calibration, shown: Sequence[ShownAnswer]) -> list[str]:
    """The first answers on which judge and people differ, each text on one line."""
    if not found.differing:
        return ["Judge and people differ on no labelled answer."]
    total, first = len(found.differing), shown[:SHOWN]
    lines = [f"Judge and people differ on {counted(total, 'verdict')}" + ("." if total == len(first) else ", first:")]
    for each in first:
        said = f"judge {each.differing.judge}, people {each.differing.people}"
        lines.append(f"  {one_line(about_key(each.differing.key), _WIDTH - 10)}: {said}")
        for name, text in (("question", each.question), ("answer", each.answer), ("judge", each.reply)):
            if text is not None:
                lines.append(f"    {name:<8}  {one_line(text, _WIDTH)}")
    return lines


def calibration_document(found: Calibration) -> dict[str, Any]:
    """The calibration for ``--json``; it holds no text of an answer."""
    document = asdict(found)
    document["differing"] = [
        {**msgspec.to_builtins(each.key), "judge": each.judge, "people": each.people} for each in found.differing
    ]
    for each, table in zip(found.confusions, document["confusions"], strict=True):
        table["wrong_yes"], table["wrong_no"] = _rate(each.wrong_yes), _rate(each.wrong_no)
    return {
        **document,
        "saved": found.corrected.saved,
        "buys_next_to_nothing": found.buys_next_to_nothing,
        "gaps": gaps_in_words(found.skipped, found.answers),
    }


def _rate(each: ErrorRate) -> dict[str, Any]:
    return {"wrong": each.wrong, "of": each.of, "ci": each.ci}


def _error(each: ErrorRate, people: str) -> str:
    if not each.of:
        return f"not known: people {people} no labelled answer that has a verdict"
    return (
        f"{share(each.wrong / each.of, 'percent')}, 95 % interval {interval(each.ci, 'percent')} "
        f"({count(each.wrong)} of the {count(each.of)} labelled answers that people {people})"
    )


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
