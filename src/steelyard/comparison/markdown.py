"""A comparison as Markdown, for a pull request or a wiki. Foreign text stands in code spans or is escaped."""

from __future__ import annotations

from collections.abc import Iterator

from steelyard.comparison import words
from steelyard.comparison.record import Comparison, PairResult
from steelyard.reports.markdown import escape

__all__ = ["render"]


def render(comparison: Comparison) -> str:
    """The whole comparison but the differing samples, of which it gives the ids."""
    return "\n".join([*_lines(comparison), ""])


def _lines(comparison: Comparison) -> Iterator[str]:
    yield "# Comparison"
    yield ""
    yield f"**{escape(words.headline(comparison))}**"
    yield ""
    yield "| | model | run | asked | median time | median tokens | cost |"
    yield "|---|---|---|---|---:|---:|---:|"
    for run in comparison.runs:
        spent = run.spent
        tokens = "–" if spent.tokens_median is None else f"{spent.tokens_median:,.0f}"
        yield (
            f"| {run.letter} | {escape(run.model)} | {escape(run.name)} | {escape(run.created[:10])} | "
            f"{words.seconds(spent.seconds_median)} | {tokens} | {words.money(spent)} |"
        )
    for pair in comparison.pairs:
        yield ""
        yield from _pair(comparison, pair)
    yield ""
    yield words.tests_line(comparison)
    for note in comparison.notes:
        yield f"\n- {escape(note)}"


def _pair(comparison: Comparison, pair: PairResult) -> Iterator[str]:
    yield f"## {escape(words.title(comparison, pair))}"
    yield ""
    if pair.contrasts:
        names = f"{pair.first} | {pair.second} | {pair.second} − {pair.first}"
        yield f"| | samples | {names} | 95 % interval | p (Holm) | |"
        yield "|---|---:|---:|---:|---:|---:|---:|---|"
    for each in pair.contrasts:
        yield (
            f"| {escape(words.name_of(each))} | {each.n:,} | {words.score(each.first)} | {words.score(each.second)} | "
            f"{words.difference(each)} | {words.interval(each)} | {words.p_words(each)} | "
            f"{escape(words.sentence(comparison, pair, each))} |"
        )
    yield ""
    for skipped in pair.skipped:
        yield f"- **Not compared**: {escape(': '.join(filter(None, (skipped.task, skipped.reason))))}"
    for note in pair.notes:
        yield f"- {escape(note)}"
    if pair.differing:
        names = ", ".join(escape(each.sample) for each in pair.differing_samples[:20])
        yield f"- They differ on {pair.differing:,} samples: {names}{' …' if pair.differing > 20 else ''}"
