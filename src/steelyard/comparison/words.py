"""The sentences and numbers of a comparison, the same on every page. Differences are in points, of 100."""

from __future__ import annotations

import math

from steelyard.comparison.labels import labels_of
from steelyard.comparison.record import Comparison, Contrast, PairResult, Spent
from steelyard.reports.words import about, count, counted, p_value

__all__ = [
    "SIGNS",
    "between",
    "difference",
    "exit_meaning",
    "headline",
    "interval",
    "label",
    "money",
    "name_of",
    "one",
    "p_words",
    "score",
    "score_interval",
    "seconds",
    "sentence",
    "tests_line",
    "title",
]

SIGNS = {"better": "▲", "worse": "▼", "not_told_apart": "·"}


def label(comparison: Comparison, letter: str) -> str:
    """The name of a run's model as a sentence has it."""
    return labels_of({run.letter: run.model for run in comparison.runs})[letter]


def title(comparison: Comparison, pair: PairResult) -> str:
    """What stands above a pair: ``large against small``."""
    return f"{label(comparison, pair.second)} against {label(comparison, pair.first)}"


def sentence(comparison: Comparison, pair: PairResult, contrast: Contrast) -> str:
    """The result in a sentence: ``large is better by 3.1 points (1.2 to 5.0)``; it never says that two are equal."""
    first, second = (label(comparison, letter) for letter in (pair.first, pair.second))
    if contrast.word == "not_told_apart":
        return f"not told apart: {second} − {first} is {between(contrast)}; {_needed(contrast)}"
    winner = second if contrast.word == "better" else first
    size = one(_middle(contrast))
    low, high = _outward(contrast)
    span = f"{min(abs(low), abs(high)):.1f} to {max(abs(low), abs(high)):.1f}"
    if low < 0 < high:
        span = f"{second} − {first} is {between(contrast)}"
    if contrast.open:
        ends = sorted(abs(each) for each in contrast.difference)
        return f"{winner} is better by {one(ends[0])} to {one(ends[1])} points, as open answers are read ({span})"
    return f"{winner} is better by {size} points ({span})"


def _middle(contrast: Contrast) -> float:
    return abs(sum(contrast.difference) / 2)


def _needed(contrast: Contrast) -> str:
    points = f"{100 * contrast.see:g} points"
    if contrast.needs is None:
        return f"{counted(contrast.n, 'sample')} say too little"
    if contrast.needs <= contrast.n:
        return f"a difference of {points} would probably show with these {counted(contrast.n, 'sample')}"
    return f"to see {points} you need about {about(contrast.needs)} samples"


def between(contrast: Contrast) -> str:
    """The interval in words: ``between −1.2 and +2.0 points``, rounded outward."""
    low, high = _outward(contrast)
    return f"between {_signed(low)} and {_signed(high)} points"


def _outward(contrast: Contrast) -> tuple[float, float]:
    return _contains(contrast.ci)


def _contains(ci: tuple[float, float]) -> tuple[float, float]:
    """An interval's ends in points, rounded so that what is shown contains it."""
    return math.floor(round(1000 * ci[0], 6)) / 10, math.ceil(round(1000 * ci[1], 6)) / 10


def interval(contrast: Contrast) -> str:
    """The interval as a table has it: ``−1.2 to +2.0``."""
    return between(contrast).removeprefix("between ").removesuffix(" points").replace(" and ", " to ")


def difference(contrast: Contrast) -> str:
    """The difference in points with its sign; a range where answers are open."""
    low, high = (round(100 * each, 1) for each in contrast.difference)
    return _signed(low) if low == high else f"{_signed(low)} to {_signed(high)}"


def score(ends: tuple[float, float]) -> str:
    """A mean score of 100; a range where answers are open."""
    low, high = (f"{100 * each:.1f}" for each in ends)
    return low if low == high else f"{low}–{high}"


def score_interval(ci: tuple[float, float]) -> str:
    """The interval of a mean score of 100, rounded outward as a report has it: ``76.0 to 86.8``."""
    low, high = _contains(ci)
    return f"{low:.1f} to {high:.1f}"


def one(share: float) -> str:
    """A share in points, with one decimal."""
    return f"{100 * share:.1f}"


def _signed(value: float) -> str:
    return "0.0" if not round(value, 1) else f"{'+' if value > 0 else '−'}{abs(value):.1f}"


def name_of(contrast: Contrast) -> str:
    """What a contrast is about, in a few words."""
    if contrast.scope == "slice":
        return f"{contrast.task}: {contrast.slice}"
    return contrast.task or "all tasks"


def p_words(contrast: Contrast) -> str:
    """Holm's adjusted p-value: ``.012``, ``<.0001``."""
    return p_value(contrast.p_adjusted).removeprefix("p ").removeprefix("= ") or "–"


def headline(comparison: Comparison) -> str:
    """The whole comparison in one sentence."""
    overall = [(pair, pair.overall) for pair in comparison.pairs]
    if all(contrast is None for _, contrast in overall):
        return "Nothing could be compared."
    if len(overall) == 1:
        pair, contrast = overall[0]
        assert contrast is not None
        text = sentence(comparison, pair, contrast)
        return f"{text[0].upper()}{text[1:]}." if contrast.word == "not_told_apart" else f"{text}."
    told = []
    for pair, contrast in overall:
        if contrast is not None and contrast.word != "not_told_apart":
            places = (pair.second, pair.first) if contrast.word == "better" else (pair.first, pair.second)
            told.append(" is better than ".join(label(comparison, letter) for letter in places))
    left = sum(contrast is not None and contrast.word == "not_told_apart" for _, contrast in overall)
    rest = f"{counted(left, 'pair')} not told apart" if left else ""
    return f"{'; '.join(filter(None, (*told, rest)))}."


def tests_line(comparison: Comparison) -> str:
    """How the error rate is kept."""
    if comparison.tests < 2:
        return "One test at 5 %. The interval is at 95 %."
    return (
        f"Over these {count(comparison.tests)} tests, the probability of any false “better” is at most 5 % (Holm; "
        f"{comparison.weights}). Each interval is at 95 % by itself."
    )


def exit_meaning(comparison: Comparison) -> str:
    """What the exit code says."""
    return "something could not be compared" if comparison.exit else "compared, whatever came out: this is no gate"


def seconds(value: float | None) -> str:
    """A time of one call; a dash where there is none."""
    if value is None:
        return "–"
    return f"{1000 * value:.0f} ms" if value < 1 else f"{value:.1f} s"


def money(spent: Spent, name: str = "cost") -> str:
    """An amount with three digits; a dash where the run knew no prices."""
    value = getattr(spent, name)
    return "–" if value is None else f"{value:.3g}"
