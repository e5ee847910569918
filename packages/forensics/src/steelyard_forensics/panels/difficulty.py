"""Difficulties of a task's items from the runs of a panel: each family counts once, however many models it has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from steelyard.comparison.scored_run import MeasuredScores
from steelyard.errors import InputError
from steelyard.planning.difficulties import FORMAT
from steelyard.records import Difficulties
from steelyard.util.software import software
from steelyard.util.text import one_line
from steelyard_forensics.panels.folder import Panel
from steelyard_forensics.panels.record import PanelEntry
from steelyard_forensics.stats.difficulties import difficulties_of

__all__ = ["MODELS_NEEDED", "Answered", "panel_difficulties"]

MODELS_NEEDED: Final = 2  # one model's answers say which items it got right, not how difficult they are


@dataclass(frozen=True)
class Answered:
    """What one run of the panel answered of a task; ``digests`` are those of the samples, in the order of the items."""

    entry: PanelEntry
    measured: MeasuredScores
    digests: Sequence[str]

    @property
    def items(self) -> str:
        """The digest of the items, which does not depend on how they were asked."""
        return self.measured.measurement.items

    def scores(self) -> list[float]:
        """By item, the mean score over repeats; NaN where it is open or missing."""
        places = {digest: place for place, digest in enumerate(self.digests)}
        found = [float("nan")] * len(self.digests)
        for each in self.measured.samples.values():
            if not each.is_open:
                found[places[each.item]] = each.low
        return found


def panel_difficulties(panel: Panel, task: str, answered: Sequence[Answered], by: str = "") -> Difficulties:
    """The difficulties of one task's items, from all models that answered them.

    Several runs of one model, such as those in different prompt formats, are one row: their mean. Raises InputError
    for runs on different items of the task, and for too few models.
    """
    if len({each.items for each in answered}) > 1:
        named = "; ".join(f"{each.entry.name}: {each.items[:16]}…" for each in answered[:6])
        raise InputError(
            f"its runs of {task} are about different items ({named}): one panel for each", where=panel.path
        )
    by_model: dict[tuple[str, str], list[list[float]]] = {}
    for each in answered:
        by_model.setdefault((each.entry.family, each.entry.subject), []).append(each.scores())
    if len(by_model) < MODELS_NEEDED:
        raise InputError(
            f"{len(by_model)} of its models answered {one_line(task, 80)}, and difficulties need {MODELS_NEEDED} at "
            f"least; there are: {_tasks(panel)}",
            where=panel.path,
        )
    families = Counter(family for family, _ in by_model)
    rows = np.array([_mean(runs) for runs in by_model.values()])
    return Difficulties(
        format=FORMAT,
        task=one_line(task, 120),
        items=answered[0].items,
        odds=difficulties_of(rows, [1 / families[family] for family, _ in by_model]),
        made=date.today().isoformat(),
        by=by,
        panel=one_line(panel.name, 80),
        panel_sha256=panel.sha256,
        models=len(by_model),
        families=len(families),
        software=software(),
    )


def _mean(runs: Sequence[Sequence[float]]) -> list[float]:
    """By item, the mean of those runs that have a score of it."""
    known = [[score for score in scores if score == score] for scores in zip(*runs, strict=True)]  # NaN is not itself
    return [sum(scores) / len(scores) if scores else float("nan") for scores in known]


def _tasks(panel: Panel) -> str:
    names: Mapping[str, None] = dict.fromkeys(name for each in panel.entries for name in each.asked.values())
    return one_line(", ".join(names), 200) or "no runs"
