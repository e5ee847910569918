"""A recording's report, in Markdown and as one HTML file without script or network; and its lines for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from steelyard.gateway.summary import PathSummary, Quantiles, RecordingSummary
from steelyard.records import Outcome, Plan
from steelyard.reports.markdown import escape
from steelyard.reports.words import count, counted
from steelyard.util.text import one_line

__all__ = ["html", "limits", "lines", "markdown"]

_COLUMNS: Final = (
    "Path",
    "Calls",
    "Answered",
    "Streamed",
    "Tokens in",
    "Tokens out",
    "Median",
    "p90",
    "p99",
    "First byte",
)
_WORDS: Final = {
    Outcome.OK: "ok",
    Outcome.RATE_LIMITED: "rate limited",
    Outcome.SERVER_ERROR: "server error",
    Outcome.CLIENT_ERROR: "client error",
    Outcome.MALFORMED: "malformed",
    Outcome.EMPTY: "empty",
    Outcome.TRUNCATED: "truncated",
    Outcome.REFUSED: "refused",
    Outcome.TIMEOUT: "timeout",
    Outcome.DROPPED: "dropped",
}


def markdown(summary: RecordingSummary, plan: Plan) -> str:
    """Write the report in Markdown, ending in a line feed."""
    parts = [
        f"# Steelyard recording: {escape(_title(plan), 120)}",
        f"**{escape(headline(summary))}**",
        _table(summary),
        *(
            f"## {title}\n\n" + "\n".join(f"- {escape(line)}" for line in sentences)
            for title, sentences in _sections(summary, plan)
            if sentences
        ),
        "Check it yourself: in the run's folder, `steelyard verify .` recomputes every digest and this report from the "
        "journal, offline.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _title(plan: Plan) -> str:
    return f"calls to {plan.subject.identity.uri.partition('@')[2]}"


def html(summary: RecordingSummary, plan: Plan) -> str:
    """Write the page. All text that came from others is escaped, and stripped of control characters."""
    from steelyard.reports.jinja import template

    return template("recording.html.j2").render(
        title=_title(plan),
        headline=headline(summary),
        columns=_COLUMNS,
        rows=[_cells(path) for path in summary.paths],
        sections=[(title, sentences) for title, sentences in _sections(summary, plan) if sentences],
    )


def lines(summary: RecordingSummary) -> list[str]:
    """The recording in a few lines, for a terminal."""
    sentences = [headline(summary)]
    for path in summary.paths:
        cells = dict(zip(_COLUMNS, _cells(path), strict=True))
        sentences.append(
            f"{cells['Path']}: {counted(path.calls, 'call')}, {cells['Tokens in']} tokens in, "
            f"{cells['Tokens out']} out, median {cells['Median']}, p99 {cells['p99']}"
        )
    return [one_line(line) for line in [*sentences, *_repeats(summary)]]


def headline(summary: RecordingSummary) -> str:
    """The recording in one sentence."""
    failed = summary.calls - summary.answered
    sentence = f"{counted(summary.calls, 'call')} recorded, {count(summary.answered)} answered"
    return f"{sentence}, {count(failed)} failed" if failed else sentence


def limits(summary: RecordingSummary, plan: Plan) -> list[str]:
    """The limits of a recording as evidence, in sentences."""
    sentences = [
        "The gateway records only calls that passed through it: calls that a harness made elsewhere are missing.",
        "What the harness did with the answers, and how it scored them, is not recorded.",
        "The identity of the endpoint rests on what it reports of itself.",
        "API keys are removed from what is kept; headers are not kept at all.",
    ]
    if not summary.whole:
        sentences.insert(0, "The recorder was killed: calls that were in flight then are missing.")
    if plan.texts == "withheld":
        sentences.append("The texts of requests and replies are withheld; their digests are sealed.")
    return sentences


def _table(summary: RecordingSummary) -> str:
    if not summary.paths:
        return ""
    rows = [f"| {' | '.join(_COLUMNS)} |", f"| :-- |{' --: |' * (len(_COLUMNS) - 1)}"]
    rows += [f"| {' | '.join(escape(cell, 200) for cell in _cells(path))} |" for path in summary.paths]
    return "\n".join(rows)


def _cells(path: PathSummary) -> list[str]:
    return [
        path.path,
        count(path.calls),
        count(path.answered),
        count(path.streamed),
        count(path.prompt_tokens),
        count(path.completion_tokens),
        *(_time(value) for value in (path.elapsed.median, path.elapsed.p90, path.elapsed.p99)),
        _first_byte(path.first_byte),
    ]


def _first_byte(found: Quantiles) -> str:
    return _time(found.median)


def _time(microseconds: int | None) -> str:
    if microseconds is None:
        return "–"
    return f"{microseconds / 1000:.1f} ms" if microseconds < 1_000_000 else f"{microseconds / 1e6:.2f} s"


def _sections(summary: RecordingSummary, plan: Plan) -> list[tuple[str, Sequence[str]]]:
    return [
        ("How the calls ended", [f"{_WORDS[Outcome(name)]}: {count(n)}" for name, n in summary.outcomes.items()]),
        ("Models that answered", [f"{name}: {counted(n, 'reply', 'replies')}" for name, n in summary.models.items()]),
        ("Repeated requests", _repeats(summary)),
        ("What was recorded", _about(summary, plan)),
        ("What this does not show", limits(summary, plan)),
    ]


def _repeats(summary: RecordingSummary) -> list[str]:
    if not summary.repeated:
        return []
    sentence = f"{counted(summary.repeated, 'call')} sent a body that had been sent before"
    again = summary.again_after_answer
    if not again:
        return [f"{sentence}, always after a failure: retries"]
    return [
        f"{sentence}; {count(again)} of them after a valid answer had been given: "
        "an answer may have been chosen among several"
    ]


def _about(summary: RecordingSummary, plan: Plan) -> list[str]:
    sentences = [f"Endpoint: {plan.subject.identity.uri.partition('@')[2]}", f"Begun: {plan.created}"]
    if summary.first_us is not None and summary.last_us is not None:
        first = datetime.fromtimestamp(summary.first_us / 1e6, UTC).isoformat(timespec="seconds")
        sentences.append(f"First call: {first}; last reply {(summary.last_us - summary.first_us) / 1e6:.1f} s after it")
    sentences.append(
        f"Tokens, as the replies state them: {count(summary.prompt_tokens)} in, {count(summary.completion_tokens)} out"
    )
    return sentences
