"""D2 with a panel: a model's public score, given that on authored twins, against the panel's; from extracts alone.

The panel's models answered the very samples that the tested model answered, in the same prompt format, by the same
scorer. A run that did not is left out with the reason, and so is the tested model itself where it is in the panel.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from steelyard.records import DetectorResult, Effect, Finding, Note, VerdictWord
from steelyard.reports.words import counted, p_value, share
from steelyard.util.text import one_line
from steelyard_forensics.panels.extracts import ReadScore
from steelyard_forensics.panels.record import ReadRun, Side
from steelyard_forensics.stats.panel import PanelGap, PanelScore, families_needed, panel_gap

__all__ = ["MARGIN", "RULE", "Arm", "TwinScores", "arms_of", "panel_twin_gap"]

RULE: Final = "panel_twin_gap@1"
MARGIN: Final = 0.05  # a gap that is shown to be below it is *consistent*
_NULL: Final = (
    "twins are as much harder than public samples to this model as to models of other families with its score on them"
)
_ASSUMPTIONS: Final = (
    "the panel's families are what honest models of other families are like, and do not descend from one another",
    "the twins were as unknown to the tested model as to the panel's when they were trained",
    "all answered the same samples, in the same prompt format, by the same scorer",
    "how much harder the twins are varies between models in about the same way at every ability within the panel's",
    "neither the model nor this run of it was chosen by its public score: the best of several is high by luck as well",
)
_WEAK: Final = 0.2  # a share of the panel's families; below it honest models are accused more often (bench.panel)

Scores = Mapping[str, Sequence[ReadScore]]


@dataclass(frozen=True)
class Arm:
    """The mean of one model's scores on one task: with what is open or missing as wrong, and as right."""

    low: float
    high: float


@dataclass(frozen=True)
class TwinScores:
    """One model's scores on the public samples and on the twins."""

    family: str
    public: Arm
    twins: Arm


def arms_of(run: ReadRun, scores: Scores) -> dict[str, tuple[Side, Arm]]:
    """Each side of a run with the mean of its scores, by measurement."""
    return {
        name: (side, Arm(fmean([each.low for each in scores[name]]), fmean([each.high for each in scores[name]])))
        for name, side in run.sides.items()
    }


def panel_twin_gap(
    tested: TwinScores, panel: Sequence[TwinScores], sides: tuple[Side, Side], alpha: float
) -> DetectorResult:
    """The result at level ``alpha``; ``sides`` are the public samples and the twins.

    What is open or missing speaks against an accusation, on the tested model's side (public samples wrong, twins right)
    and on the panel's (public samples right, twins wrong), and against *consistent* the other way round. The reading in
    which all of it is wrong must agree.
    """
    sizes = (sides[0].samples, sides[1].samples)
    if reason := _not_testable(tested, panel, alpha):
        return _result(VerdictWord.NOT_TESTABLE, reason)
    wrong = [PanelScore(each.family, each.public.low, each.twins.low) for each in panel]
    small_drops = [PanelScore(each.family, each.public.low, each.twins.high) for each in panel]
    large_drops = [PanelScore(each.family, each.public.high, each.twins.low) for each in panel]
    try:
        gaps = {
            "accuse": panel_gap(tested.public.low, tested.twins.high, sizes, large_drops, alpha),
            "plain": panel_gap(tested.public.low, tested.twins.low, sizes, wrong, alpha),
            "confirm": panel_gap(tested.public.high, tested.twins.low, sizes, small_drops, alpha),
        }
    except ValueError as error:
        return _result(VerdictWord.NOT_TESTABLE, str(error))
    return _tested(tested, gaps, sides, panel, alpha)


def _not_testable(tested: TwinScores, panel: Sequence[TwinScores], alpha: float) -> str:
    """Why nothing can be tested; empty where it can."""
    families, needed = len({each.family for each in panel}), families_needed(alpha)
    if (missing := needed - families) > 0:
        return (
            f"at a level of {alpha:g} a panel needs {needed} families that answered the same samples, and this one has "
            f"{families}: {counted(missing, 'family is', 'families are')} missing (runs of one family count once)"
        )
    low, high = min(each.twins.low for each in panel), max(each.twins.low for each in panel)
    if tested.twins.low < low or tested.twins.high > high:
        return (
            f"{_percent(tested.twins.low)} of the twins are answered rightly, and by the panel's models between "
            f"{_percent(low)} and {_percent(high)}: the panel does not say what such a model would have on public ones"
        )
    return ""


def _tested(
    tested: TwinScores,
    gaps: Mapping[str, PanelGap],
    sides: tuple[Side, Side],
    panel: Sequence[TwinScores],
    alpha: float,
) -> DetectorResult:
    accuse, plain, confirm = gaps["accuse"], gaps["plain"], gaps["confirm"]
    p = max(accuse.p, plain.p)
    upper = max(plain.ci[1], confirm.ci[1])
    word = VerdictWord.INSUFFICIENT_POWER
    if p <= alpha:
        word = VerdictWord.INCONSISTENT
    elif upper <= MARGIN:
        word = VerdictWord.CONSISTENT
    n = sides[0].samples + sides[1].samples
    effect = Effect(
        value=round(plain.gap, 6),
        ci=(round(min(accuse.ci[0], plain.ci[0]), 6), round(upper, 6)),
        n=n,
        of=n,
        within=MARGIN,
        mde=None if plain.mde is None else round(plain.mde, 6),
    )
    public, twins = sides
    said = (
        f"{_percent(tested.public.low)} of {public.samples:,} public samples are right and "
        f"{_percent(tested.twins.low)} of {twins.samples:,} twins; by the panel {_percent(plain.expected)} of the "
        "public ones were to be expected"
    )
    low, high = effect.ci
    finding = Finding(
        detector="panel_twin_gap",
        check="twins",
        task=sides[0].task,
        null=_NULL,
        assumptions=_ASSUMPTIONS,
        p=p,
        effect=effect.value,
        ci=effect.ci,
        n=n,
        mde=effect.mde,
        message=f"{said}: a gap between {100 * low:.1f} and {100 * high:.1f} points. The public score does not hold "
        "for twins of its samples as other models' scores do",
    )
    notes: tuple[Note, ...] = (
        _note("panel", f"{counted(plain.families, 'family', 'families')}, {counted(len(panel), 'model')}; scatter "
              f"between models beyond that of samples (τ) {100 * plain.scatter:.1f} points"),
        _note("parts", f"prediction interval {p_value(max(accuse.p_interval, plain.p_interval))}, conformal rank "
              f"{p_value(max(accuse.p_rank, plain.p_rank))}; the larger one counts"),
        _note("power", _power(effect, plain.scatter)),
    )  # fmt: skip
    if weak := _weak(tested, panel):
        notes += (_note("weak", weak),)
    reason = f"{said}, a gap between {100 * low:.1f} and {100 * high:.1f} points"
    if word is VerdictWord.INCONSISTENT:
        reason = ""
    found = (finding,) if word is VerdictWord.INCONSISTENT else ()
    return DetectorResult(
        test="panel-twins", rule=RULE, word=word, p=p, reason=reason, findings=found, notes=notes, effect=effect
    )


def _weak(tested: TwinScores, panel: Sequence[TwinScores]) -> str:
    """What to know where most of the panel is better; empty where it is not."""
    in_family = Counter(each.family for each in panel)
    below = math.fsum(1 / in_family[each.family] for each in panel if each.twins.low < tested.twins.low)
    if below >= _WEAK * len(in_family):
        return ""
    return (
        f"the model is in the panel's lowest fifth on the twins ({below:.0f} of {len(in_family)} families are below "
        "it): there honest models were accused more often, on halves of real benchmarks"
    )


def _power(effect: Effect, scatter: float) -> str:
    if effect.mde is None:
        return "with this panel not even a perfect public score would show a gap with probability .9"
    least = f"a gap of {100 * effect.mde:.1f} points is found with probability .9"
    if scatter <= 0:
        return least
    return f"{least}; more samples change this little, since honest models differ by τ, and more families do"


def _result(word: VerdictWord, reason: str) -> DetectorResult:
    return DetectorResult(test="panel-twins", rule=RULE, word=word, reason=one_line(reason, 600))


def _note(check: str, message: str) -> Note:
    return Note(detector="panel_twin_gap", check=check, message=message)


def _percent(value: float) -> str:
    return share(value, "percent")
