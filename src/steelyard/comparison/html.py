"""A comparison as one HTML file: no script, no request, readable offline, on a phone, in the dark and on paper."""

from __future__ import annotations

from typing import Any

from steelyard.comparison import words
from steelyard.comparison.record import Comparison, Contrast, DifferingSample, PairResult
from steelyard.reports.jinja import template
from steelyard.util.text import one_line, printable

__all__ = ["render", "span"]

WITHHELD = "(withheld: its text is not in this folder)"
_LONGEST = 2_100
_CSS = {"better": "consistent", "worse": "inconsistent", "not_told_apart": "not-tested"}


def render(comparison: Comparison) -> str:
    """The page. Every text from a data set, a model or a user passes the filter ``shown`` or :func:`printable`."""
    reach = _reach([each for pair in comparison.pairs for each in pair.contrasts])
    return template("compare.html.j2", "steelyard.comparison").render(
        comparison=comparison,
        headline=words.headline(comparison),
        tests_line=words.tests_line(comparison),
        exit_meaning=words.exit_meaning(comparison),
        runs=[_run(comparison, number) for number in range(len(comparison.runs))],
        pairs=[_pair(comparison, pair, reach) for pair in comparison.pairs],
        reach=f"{100 * reach:.0f}",
        withheld=WITHHELD,
    )


def _run(comparison: Comparison, number: int) -> dict[str, Any]:
    run = comparison.runs[number]
    spent = run.spent
    return {
        "run": run,
        "calls": f"{spent.calls:,}",
        "median": words.seconds(spent.seconds_median),
        "p95": words.seconds(spent.seconds_p95),
        "tokens": "–" if spent.tokens_median is None else f"{spent.tokens_median:,.0f}",
        "tokens_p95": "–" if spent.tokens_p95 is None else f"{spent.tokens_p95:,.0f}",
        "cost": words.money(spent),
        "per_right": words.money(spent, "cost_per_right"),
    }


def _pair(comparison: Comparison, pair: PairResult, reach: float) -> dict[str, Any]:
    rows = [_row(comparison, pair, each, reach) for each in pair.contrasts]
    return {
        "pair": pair,
        "title": words.title(comparison, pair),
        "first": comparison.run(pair.first),
        "second": comparison.run(pair.second),
        "rows": [row for row in rows if row["scope"] != "slice"],
        "slices": [row for row in rows if row["scope"] == "slice"],
        "told": sum(each.scope == "slice" and each.word != "not_told_apart" for each in pair.contrasts),
        "samples": [_sample(each) for each in pair.differing_samples],
    }


def _row(comparison: Comparison, pair: PairResult, contrast: Contrast, reach: float) -> dict[str, Any]:
    return {
        "scope": contrast.scope,
        "name": one_line(words.name_of(contrast), 120),
        "n": f"{contrast.n:,}",
        "clusters": f"{contrast.clusters:,}" if contrast.clusters != contrast.n else "",
        "first": words.score(contrast.first),
        "second": words.score(contrast.second),
        "difference": words.difference(contrast),
        "interval": words.interval(contrast),
        "p": words.p_words(contrast),
        "method": contrast.method,
        "gains": f"{contrast.gains:,}",
        "losses": f"{contrast.losses:,}",
        "open": f"{contrast.open:,}" if contrast.open else "",
        "css": _CSS[contrast.word],
        "sign": words.SIGNS[contrast.word],
        "sentence": words.sentence(comparison, pair, contrast),
        "bar": span(contrast.ci, sum(contrast.difference) / 2, reach),
    }


def _sample(sample: DifferingSample) -> dict[str, Any]:
    texts = {
        name: WITHHELD if text is None else printable(text.strip("\n"), _LONGEST) or "(empty)"
        for name in ("question", "expected", "first_answer", "second_answer")
        for text in [getattr(sample, name)]
    }
    return {
        "task": one_line(sample.task, 80),
        "sample": one_line(sample.sample, 120),
        "first": f"{sample.first:.3g}",
        "second": f"{sample.second:.3g}",
        "better": sample.second > sample.first,
        **texts,
    }


def _reach(contrasts: list[Contrast]) -> float:
    """Half of the scale that all intervals share: the next 5 points beyond the widest of the tests but groups."""
    ends = [abs(end) for each in contrasts for end in each.ci if each.scope != "slice"]
    return min(1.0, max(1, -(-1000 * max(ends, default=0.05) // 50)) * 0.05)


def span(ends: tuple[float, float], middle: float, reach: float) -> dict[str, str]:
    """An interval as places of a drawing that is 200 wide, with 0 in its middle; what is beyond ends at its edge."""
    low, high, point = (100 + 96 * max(-1.0, min(1.0, each / reach)) for each in (*ends, middle))
    return {"low": f"{low:.1f}", "high": f"{high:.1f}", "point": f"{point:.1f}"}
