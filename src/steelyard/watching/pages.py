"""A watch in the terminal, as JSON and as one HTML file: no script, no request, readable offline and on paper."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.reports.jinja import template
from steelyard.stats.watching import MICRO
from steelyard.util.text import one_line
from steelyard.watching import words
from steelyard.watching.changes import RULES
from steelyard.watching.standing import Look, Standing

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["html", "machine", "print_standing"]

SHOWN: Final = 10  # looks in the terminal's table; all are in the page and in the JSON
_CURVE: Final = 60  # looks in its curve
_WIDTH, _HEIGHT, _LEFT, _TOP, _LABEL = 640.0, 180.0, 46.0, 12.0, 16.0
_STATES: Final = {"alarm": "inconsistent", "quiet": "consistent", "baseline": "insufficient-power"}


def machine(standing: Standing) -> dict[str, Any]:
    """The document that ``--json`` prints; docs/how-to/watch-a-model.md lists its keys. Means are fractions."""
    base, log = standing.baseline, standing.log
    return {
        "state": standing.word,
        "exit": int(standing.exit),
        "headline": words.headline(standing),
        "remarks": words.remarks(standing),
        "watch": log.name,
        "head": log.head,
        "task": log.opened.task,
        "begun": log.opened.at,
        "alpha": log.opened.alpha,
        "level": standing.level,
        "alarm_since_look": standing.alarm,
        "worse_since_look": standing.since,
        "alarm_if_missing_were_wrong": standing.alarm_if_wrong,
        "baseline": {"passes": log.done, "of": log.opened.passes}
        if base is None
        else {
            "passes": log.done,
            "of": log.opened.passes,
            "items": base.items,
            "mean": base.mean,
            "spread": base.spread,
            "bound": base.bound / MICRO,
        },
        "lost": [each.words for each in standing.lost],
        "looks": [_entry(each) for each in standing.looks],
    }


def _entry(look: Look) -> dict[str, Any]:
    facts = look.facts
    found: dict[str, Any] = {"look": look.number, "at": look.at, "lost": look.lost, "e": math.exp(min(700, look.log_e))}
    if facts is None:
        return found | {"mean": None}
    return found | {
        "mean": facts.high / MICRO,
        "mean_if_missing_were_wrong": facts.low / MICRO,
        "items": facts.items,
        "missing": facts.missing,
        "open": facts.open,
        "served": list(facts.served),
        "answer_tokens": facts.answer_tokens,
        "milliseconds": facts.milliseconds,
        "changes": [msgspec.to_builtins(each) for each in look.changes],
    }


# ── the terminal ────────────────────────────────────────────────────────────────────────────────────────────────────


def print_standing(standing: Standing, console: Console) -> None:
    """Print the state, the curve of means, the last looks and the remarks: 100 columns at most."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from steelyard.util.console import fitting

    styles = {"alarm": "bold red", "quiet": "bold green", "baseline": "bold"}
    console.print(Text(words.headline(standing) + ".", style=styles[standing.word]))
    if standing.baseline is not None:
        base = standing.baseline
        console.print(
            f"baseline {words.percent(round(base.mean * MICRO))}, {base.passes} passes of {base.items} items, "
            f"lower bound {words.percent(base.bound)}"
        )
    ended = [each for each in standing.looks if each.facts is not None]
    if len(ended) > 1:
        means = [each.facts.high for each in ended[-_CURVE:] if each.facts is not None]
        console.print(f"means    {words.sparkline(means)}  ({len(means)} looks, from 0 to 100 %)")
    if standing.looks:
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
        for heading in ("look", "begun (UTC)"):
            table.add_column(heading, no_wrap=True)
        for heading in ("right", "missing", "open", "E"):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("changed", overflow="fold")
        for each in standing.looks[-SHOWN:]:
            table.add_row(*_cells(each))
        console.print()
        console.print(fitting(console, table))
        if len(standing.looks) > SHOWN:
            console.print(f"{len(standing.looks) - SHOWN} earlier looks: --html and --json have them all")
    for remark in words.remarks(standing):
        console.print(Text.assemble(("Note ", "yellow"), one_line(remark, 400)))


def _cells(look: Look) -> tuple[str, ...]:
    at = look.at[:16].replace("T", " ")
    if look.facts is None:
        return str(look.number), at, f"({'lost' if look.lost else 'open'})", "", "", words.e_words(look.log_e), ""
    facts = look.facts
    return (
        str(look.number),
        at,
        words.percent(facts.high),
        str(facts.missing or ""),
        str(facts.open or ""),
        words.e_words(look.log_e),
        ", ".join(each.kind.replace("_", " ") for each in look.changes),
    )


# ── the page ────────────────────────────────────────────────────────────────────────────────────────────────────────


def html(standing: Standing) -> str:
    """The page. Every text of an endpoint or a suite passes the filter ``shown``."""
    base = standing.baseline
    ended = [each for each in standing.looks if each.facts is not None]
    return template("watch.html.j2", "steelyard.watching").render(
        css=_STATES[standing.word],
        word=standing.word,
        headline=words.headline(standing),
        remarks=words.remarks(standing),
        log=standing.log,
        level=f"{standing.level:g}",
        alpha=f"{100 * standing.log.opened.alpha:g}",
        exit=int(standing.exit),
        rules=[*RULES.values()],
        baseline=None
        if base is None
        else {
            "mean": words.percent(round(base.mean * MICRO)),
            "bound": words.percent(base.bound),
            "passes": base.passes,
            "size": f"{base.items:,}",
        },
        means=None if base is None or not ended else _means_chart(standing, ended),
        evidence=None if base is None or not ended else _e_chart(standing, ended),
        rows=[dict(zip(("number", "at", "right", "missing", "open", "e", "changed"), _cells(each), strict=True),
                   css="lost" if each.facts is None else "") for each in reversed(standing.looks)],
    )  # fmt: skip


def _across(count: int) -> list[float]:
    step = (_WIDTH - _LEFT - 8) / max(1, count - 1)
    return [_LEFT + step * number for number in range(count)]


def _chart(values: list[float], low: float, high: float, lines: list[tuple[float, str, str]]) -> dict[str, Any]:
    """Values as points of a drawing, with lines across it: (value, label, class)."""

    def down(value: float) -> float:
        share = (min(max(value, low), high) - low) / (high - low)
        return _TOP + (1 - share) * (_HEIGHT - 2 * _TOP)

    points = [(x, down(value)) for x, value in zip(_across(len(values)), values, strict=True)]
    return {
        "points": " ".join(f"{x:.1f},{y:.1f}" for x, y in points),
        "dots": [(f"{x:.1f}", f"{y:.1f}") for x, y in (points if len(points) <= 100 else points[-1:])],
        "lines": [(f"{down(value):.1f}", label, css) for value, label, css in lines],
    }


def _means_chart(standing: Standing, ended: list[Look]) -> dict[str, Any]:
    assert standing.baseline is not None, "a chart is drawn of looks, which follow a baseline"
    means = [each.facts.high / MICRO for each in ended if each.facts is not None]
    bound, mean = standing.baseline.bound / MICRO, standing.baseline.mean
    low = math.floor(20 * min([*means, bound])) / 20
    high = max(low + 0.1, math.ceil(20 * max([*means, mean])) / 20)
    near = (mean - bound) / (high - low) * (_HEIGHT - 2 * _TOP) < _LABEL
    lines = [(mean, "" if near else f"{100 * mean:.0f} %", "mean"), (bound, f"{100 * bound:.0f} %", "bound")]
    return _chart(means, low, high, lines)


def _e_chart(standing: Standing, ended: list[Look]) -> dict[str, Any]:
    """E on a logarithmic scale, so that the alarm's level is where the eye looks for it."""
    values, level = [each.log_e for each in ended], math.log(standing.level)
    lines = [(level, f"{standing.level:g}", "bound"), (0.0, "1", "mean")]
    return _chart(values, min([-2.0, *values]), max(level + 1, *values), lines)
