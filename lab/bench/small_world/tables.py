"""The tables of the small world, and the rate that reports show."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np
from scipy import stats

from bench.elsewhere import write_elsewhere
from bench.engine.markdown import table
from bench.inhouse.table import share
from bench.small_world.measure import InOrder, Measured
from bench.small_world.size import MoreFiles, homogeneity
from bench.small_world.vendors import FILE, SHUFFLED, SKILL, Family

__all__ = ["cheaters", "further_files", "honest", "markdown", "write_reports"]

_MANY: Final = 100  # files of a model: of fewer χ² would expect less than five accused
_NAMES: Final = {"": "honest", FILE: "in file order", SHUFFLED: "shuffled", SKILL: "fresh items, as many"}


def markdown(families: Sequence[Family], more: Sequence[MoreFiles], date: str, *, reduced: bool) -> str:
    """All tables, with the line that says where they come from; ``more`` files of some of the honest models."""
    option = " --reduced" if reduced else ""
    head = f"`python -m bench.small_world{option}`, {date}, {platform.machine()}, Python {platform.python_version()}"
    return "\n".join([head, "", honest(families, more), cheaters(families), others(families)])


def further_files(families: Sequence[Family], more: Sequence[MoreFiles]) -> list[list[InOrder]]:
    """All files that were held against each honest model and that it never saw."""
    also = {each.model: each.found for each in more}
    return [[*family.further, *also.get(family.model, ())] for family in families]


def honest(families: Sequence[Family], more: Sequence[MoreFiles]) -> str:
    """How often honest models are accused, of their own test file and of further ones."""
    own = [each for family in families for each in family.measured if not each.order]
    by_model = further_files(families, more)
    further = [each for files in by_model for each in files]
    rows = []
    for name, found in (("own file", [each.in_order for each in own]), ("further files", further)):
        rows.append([name, "order", *_rates([each.p for each in found]), _mean_rank(found)])
        rows.append([name, "t-test (Oren)", *_rates([each.oren_p for each in found]), ""])
    rows.append(["own file", "fresh twins", *_rates([each.skill.twins_p for each in own]), ""])
    rows.append(["own file", "z test", *_rates([float(stats.norm.sf(each.skill.z)) for each in own]), ""])
    fewest, most = min(map(len, by_model)), max(map(len, by_model))
    many = f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"
    note = (
        f"{len(families)} models, each with a test file and an order of its own; {many} further files of each. "
        f"{_hang_together(by_model)}95 % intervals (Clopper-Pearson over tests)."
    )
    return table(
        "Honest models that are accused", ["file", "test", "tests", "at .05", "at .01", "mean rank"], rows, 2, note
    )


def _hang_together(by_model: Sequence[Sequence[InOrder]]) -> str:
    many = [files for files in by_model if len(files) >= _MANY]
    if len(many) < 2:
        return ""
    found = homogeneity(many)
    return (
        f"Whether files of one model hang together, of {len(many)} models with {_MANY} files and more: "
        f"p = {found.accused:.2f} (χ² of the accused at .05, by model) and {found.ranks:.2f} (F test of mean ranks "
        "between models). "
    )


def cheaters(families: Sequence[Family]) -> str:
    """What is found of models that learned from their test file, by how and how often."""
    rows = []
    for (order, repeats), found in _by_kind(families).items():
        gaps = [each.skill.public - each.skill.fresh for each in found]
        rows.append(
            [
                _NAMES[order],
                f"{repeats}" if order else "–",
                f"{len(found)}",
                f"{np.mean([each.skill.fresh for each in found]):.2f}",
                _interval([100 * gap for gap in gaps]),
                f"{np.median([each.skill.z for each in found]):z.1f}",
                _found(found, lambda each: each.skill.twins_p),
                f"{np.mean([each.in_order.mean_rank for each in found]):.2f}",
                _found(found, lambda each: each.in_order.p),
            ]
        )
    note = (
        "*Gap*: public less fresh items right, in points, its mean with a 95 % interval (t over models); *z*: its "
        "median over models. *Twins* and *order*: found at .01 by the detectors' own rules, 95 % intervals "
        "(Clopper-Pearson over models)."
    )
    heads = ["learned", "times", "models", "fresh right", "gap", "z", "twins", "mean rank", "order"]
    return table("Models that learned from their test file", heads, rows, 1, note)


def others(families: Sequence[Family]) -> str:
    """The baselines on the same models."""
    rows = []
    for (order, repeats), found in _by_kind(families).items():
        rows.append(
            [
                _NAMES[order],
                f"{repeats}" if order else "–",
                _found(found, lambda each: each.in_order.oren_p),
                _found(found, lambda each: float(stats.norm.sf(each.skill.z))),
                _interval([each.skill.min_k for each in found], 3),
                f"{np.mean([each.known for each in found]):.2f}",
            ]
        )
    note = (
        "*t-test*: Oren et al. on the same log-likelihoods, and *z test* of two proportions: found at .01. *Min-K %*: "
        "the chance that a public item scores higher than a fresh one (.5: no difference), its mean with an interval. "
        "*Duplicates*: the share of the test file that stands in the training data, if somebody shows them."
    )
    heads = ["learned", "times", "t-test", "z test", "Min-K %", "duplicates"]
    return table("Others, on the same models", heads, rows, 1, note)


def _by_kind(families: Sequence[Family]) -> dict[tuple[str, int], list[Measured]]:
    found: dict[tuple[str, int], list[Measured]] = {}
    for family in families:
        for each in family.measured:
            found.setdefault((each.order, each.repeats), []).append(each)
    return found


def _found(found: Iterable[Measured], p_of: Callable[[Measured], float]) -> str:
    values = [p_of(each) for each in found]
    return share(sum(p <= 0.01 for p in values), len(values))


def _rates(values: Sequence[float]) -> list[str]:
    return [f"{len(values):,}", *(share(sum(p <= at for p in values), len(values)) for at in (0.05, 0.01))]


def _mean_rank(found: Sequence[InOrder]) -> str:
    return _interval([each.mean_rank for each in found], 3)


def _interval(values: Sequence[float], digits: int = 1) -> str:
    mean, count = float(np.mean(values)), len(values)
    half = float(stats.t.ppf(0.975, count - 1) * np.std(values, ddof=1)) / count**0.5 if count > 1 else float("nan")
    return f"{mean:z.{digits}f} ± {half:.{digits}f}"


def write_reports(families: Sequence[Family], more: Sequence[MoreFiles]) -> None:
    """Write what reports show of the order: files that no honest model saw, at .05. Other rates are kept."""
    values = [each.p for files in further_files(families, more) for each in files]
    what = f"files held against {len(families)} small language models that never saw them, at 0.05"
    write_elsewhere("order@1", what, sum(p <= 0.05 for p in values), len(values))
