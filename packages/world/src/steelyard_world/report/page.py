"""The page of world-model tests: one HTML file without scripts or network, which only shows recorded results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from steelyard.reports.jinja import markup, template
from steelyard.reports.vega import BAND, INK, MUTED
from steelyard_world.evaluation.result import ScoreSummary, standing
from steelyard_world.report.efficiency_chart import EfficiencyCurves, efficiency_chart, style
from steelyard_world.report.film_strip import FilmStrip, strip
from steelyard_world.report.scores_chart import by_measure, scores_chart
from steelyard_world.report.surprise_chart import SurprisePair, frames_below, surprise_chart
from steelyard_world.report.words import (
    STANDINGS,
    against,
    gained,
    interval_text,
    lost,
    name_of,
    score_headline,
    score_limits,
    settings_line,
    sized,
    value,
)

__all__ = ["Page", "render_page"]

# The SVG path of each method's mark in a legend, 16 units high.
_MARKS = {
    "circle": "M10,8a4,4 0 1,0 8,0a4,4 0 1,0 -8,0Z",
    "square": "M10.5,4.5h7v7h-7Z",
    "triangle-up": "M14,3.5L18.5,12H9.5Z",
    "diamond": "M14,3L18.5,8L14,13L9.5,8Z",
    "cross": "M12.5,4h3v2.5h2.5v3h-2.5v2.5h-3v-2.5h-2.5v-3h2.5Z",
}


class Page(NamedTuple):
    """The contents of the page. All but ``title`` may be empty."""

    title: str
    subtitle: str = ""
    summaries: Sequence[ScoreSummary] = ()
    films: Sequence[FilmStrip] = ()
    surprises: Sequence[SurprisePair] = ()
    curves: Sequence[EfficiencyCurves] = ()
    attentions: Sequence[FilmStrip] = ()
    left_out: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    """Name and value of facts about the checkpoints."""
    command: str = ""
    version: str = ""


def render_page(page: Page) -> str:
    """Write the page; its policy (CSP) forbids scripts and requests, and all foreign text is escaped."""
    summaries = list(page.summaries)
    return template("world.html.j2", "steelyard_world.report").render(
        page=page,
        headline=score_headline(summaries) if summaries else "",
        lead_class=_lead_class(summaries),
        charts=[_scores(number, measure, group) for number, (measure, group) in enumerate(by_measure(summaries))],
        rows=[_row(summary) for summary in summaries],
        films=[_film(film) for film in page.films],
        surprises=[_surprise(number, pair) for number, pair in enumerate(page.surprises)],
        curves=_curves(page.curves),
        attentions=[_film(film) for film in page.attentions],
        limits=score_limits(summaries),
        band=BAND,
        ink=INK,
        muted=MUTED,
    )


def _lead_class(summaries: Sequence[ScoreSummary]) -> str:
    """The colour of the headline: the worst standing of all."""
    found = {standing(summary) for summary in summaries}
    for each in ("below", "unclear", "above"):
        if each in found:
            return STANDINGS[each][0]
    return STANDINGS["no floor"][0]


def _scores(number: int, measure: str, group: list[ScoreSummary]) -> dict[str, Any]:
    return {
        "measure": measure,
        "wide": markup(scores_chart(group, name=f"scores-{number}")),
        "narrow": markup(scores_chart(group, name=f"scores-narrow-{number}", narrow=True)),
    }


def _row(summary: ScoreSummary) -> dict[str, Any]:
    css, word = STANDINGS[standing(summary)]
    return {
        "name": name_of(summary),
        "world": summary.world,
        "measure": summary.measure + (", less is better" if summary.better == "lower" else ""),
        "css": css,
        "word": word,
        "score": value(summary.score),
        "interval": interval_text(summary.low, summary.high),
        "floor": value(summary.floor),
        "floor_name": summary.floor_name,
        "ceiling": value(summary.ceiling),
        "ceiling_name": summary.ceiling_name,
        "normalised": value(summary.normalised),
        "normalised_interval": interval_text(summary.normalised_low, summary.normalised_high),
        "sized": sized(summary),
        "details": [
            (name, text)
            for name, text in (
                ("Each training seed", ", ".join(map(value, summary.by_seed))),
                ("Floors and ceilings", ", ".join(f"{name} {value(mean)}" for name, mean in summary.controls.items())),
                ("By the shift", lost(summary)),
                ("Better than the best floor by", gained(summary)),
                ("Floor", against(summary.floor, summary.floor_name)),
                ("Ceiling", against(summary.ceiling, summary.ceiling_name)),
                ("Settings", settings_line(summary.settings)),
            )
            if text and text != "–"
        ],
    }


def _film(film: FilmStrip) -> dict[str, Any]:
    return {"title": film.title, "caption": film.caption, "drawn": markup(strip(film))}


def _surprise(number: int, pair: SurprisePair) -> dict[str, Any]:
    return {
        "title": pair.title,
        "cut": pair.cut,
        "wide": markup(surprise_chart(pair, name=f"surprise-{number}")),
        "narrow": markup(surprise_chart(pair, name=f"surprise-narrow-{number}", narrow=True)),
        "film": markup(strip(frames_below(pair))),
    }


def _curves(curves: Sequence[EfficiencyCurves]) -> dict[str, Any]:
    methods = list(dict.fromkeys(point.method for each in curves for point in each.points))
    legend = []
    for number, method in enumerate(methods):
        colour, dash, mark = style(number)
        legend.append({"method": method, "colour": colour, "dash": " ".join(map(str, dash)), "mark": _MARKS[mark]})
    drawn = [
        {
            "title": each.title,
            "axis": each.amount_name,
            "score": each.score_name,
            "conclusion": each.conclusion,
            "floor": each.floor,
            "ceiling": each.ceiling,
            "drawn": markup(efficiency_chart(each, methods, name=f"curves-{number}")),
        }
        for number, each in enumerate(curves)
        if each.points
    ]
    return {"legend": legend, "drawn": drawn}
