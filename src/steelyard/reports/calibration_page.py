"""A judge held against people as one HTML file: no script, no request, readable offline, on a phone and on paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from steelyard.judging.calibration import Calibration
from steelyard.judging.items import about_key
from steelyard.judging.labels import MIN_LABELS
from steelyard.reports.calibration import ShownAnswer, calibration_lines, confusion_rows
from steelyard.reports.jinja import template
from steelyard.util.text import one_line, printable

__all__ = ["LISTED", "calibration_page"]

LISTED: Final = 100  # answers on which judge and people differ, of each model
LONGEST: Final = 4_000  # characters of a text


def calibration_page(run: str, judge: str, models: Sequence[tuple[str, Calibration | None, list[ShownAnswer]]]) -> str:
    """The page of a judge's ``run``; ``models`` are (name, calibration, answers to list), the name empty for one model.

    Every text from a data set, a model or a user passes the filter ``shown`` or :func:`printable`.
    """
    return template("calibration.html.j2").render(
        run=run, judge=judge, least=MIN_LABELS, models=[_model(*each) for each in models]
    )


def _model(name: str, found: Calibration | None, shown: Sequence[ShownAnswer]) -> dict[str, Any]:
    if found is None:
        return {"name": name, "found": None}
    first, *lines = calibration_lines(found)
    return {
        "name": name,
        "found": found,
        "lead": first[1],
        "lines": lines,
        "tables": [(each, confusion_rows(each)) for each in found.confusions],
        "differing": [_answer(each) for each in shown[:LISTED]],
        "left": len(found.differing) - min(LISTED, len(shown)),
    }


def _answer(each: ShownAnswer) -> dict[str, Any]:
    named = (
        ("Criterion", each.criterion),
        ("Question", each.question),
        ("Answer", each.answer),
        ("The judge wrote", each.reply),
    )
    return {
        "about": one_line(about_key(each.differing.key), 160),
        "judge": each.differing.judge,
        "people": each.differing.people,
        "texts": [(name, printable(text, LONGEST) or "(empty)") for name, text in named if text is not None],
    }
