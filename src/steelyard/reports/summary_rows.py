"""The rows of a summary: what was claimed or measured, its interval as a small drawing, and what it means."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from steelyard.records import ClaimVerdict, MeanScore, MeasurementResult, Verdict, VerdictWord
from steelyard.reports import words
from steelyard.reports.charts import css_name, drawable
from steelyard.reports.jinja import markup
from steelyard.reports.measured import only_measured
from steelyard.reports.summary_numbers import Numbers
from steelyard.reports.summary_reasons import Reason, reason_of
from steelyard.reports.summary_words import Words
from steelyard.util.text import one_line

__all__ = [
    "DOT",
    "LINES",
    "MARKS",
    "ROWS",
    "Passage",
    "Row",
    "Rows",
    "claimed",
    "claims_in_order",
    "domain_of",
    "drawing_of",
    "fitted",
    "model_names",
    "named",
    "place_of",
    "rows_of",
]

ROWS: Final = 8  # more rows than this, or more lines in them, do not fit the sheet
LINES: Final = 24
_NAME = 36  # characters of a task's name
_WIDTH, _HEIGHT = 180, 18  # of a drawing, in its own units
_SEVERITY = (
    VerdictWord.INCONSISTENT,
    VerdictWord.UNVERIFIABLE,
    VerdictWord.INSUFFICIENT_POWER,
    VerdictWord.NOT_TESTABLE,
    VerdictWord.NOT_TESTED,
    VerdictWord.CONSISTENT,
)


@dataclass(frozen=True)
class Passage:
    """A sentence of ours, and the words of others that it quotes; ``lang`` is their language, empty if not known."""

    text: str
    quote: str = ""
    lang: str = "en"


@dataclass(frozen=True)
class Row:
    """One claim or measurement, as the summary shows it; ``drawing`` is empty where there is no interval."""

    task: str
    css: str
    label: str
    claimed: str
    measured: str
    interval: str
    asked: str
    meaning: tuple[Passage, ...]
    drawing: Any

    @property
    def lines(self) -> int:
        """About how many lines of print it takes."""
        meaning = sum(len(part.text) + len(part.quote) + 4 for part in self.meaning)
        name = math.ceil(len(self.task) / 24) + (math.ceil(len(self.label) / 28) if self.label else 0)
        return max(2, name, math.ceil(meaning / 52))


def claims_in_order(verdict: Verdict) -> list[ClaimVerdict]:
    """The claims, the most severe verdict first, each in the order of the sheet."""
    return sorted(verdict.claims, key=lambda claim: _SEVERITY.index(claim.verdict))


def named(name: str) -> str:
    """A task's name, short enough for a sentence."""
    return one_line(name, _NAME) or "–"


def claimed(claim: ClaimVerdict, numbers: Numbers) -> str:
    """The claim as the vendor printed it, with the marks of the page's language."""
    text = words.claimed_value(claim)
    if claim.unit == "points" and text.endswith(" points"):
        return numbers.percent_points(text.removesuffix(" points"))
    return numbers.local(text) if claim.claimed_text.replace(".", "", 1).isdigit() else text


@dataclass(frozen=True)
class Rows:
    """The rows that fit, how many more there are, and the two ends of their drawings' scale (empty: no drawing)."""

    shown: tuple[Row, ...]
    left: int
    ends: tuple[str, str]


def rows_of(verdict: Verdict, said: Words, lines: int = LINES) -> Rows:
    """The rows of the claims, or of the measurements where there is no claim: those that fit in so many ``lines``."""
    claims, results = claims_in_order(verdict), only_measured(verdict)
    if claims:
        domain = _scale(claims[:ROWS])
        rows = [_claim_row(each, said, domain) for each in claims[:ROWS]]
    else:
        domain = domain_of([bound for each in results[:ROWS] if each.ci for bound in each.ci])
        models = model_names(verdict)
        rows = [_measured_row(each, said, domain, models.get(each.role, "")) for each in results[:ROWS]]
    return fitted(rows, len(claims or results), domain, lines, said)


def fitted(rows: Sequence[Row], number: int, domain: tuple[float, float], lines: int, said: Words) -> Rows:
    """Those of the rows that fit in so many ``lines``, of a ``number`` in all."""
    ends_at = list(accumulate(each.lines for each in rows))
    shown = tuple(row for row, end in zip(rows, ends_at, strict=True) if end <= lines)
    low, high = (Numbers(said.notation).local(f"{100 * end:.0f} %") for end in domain)
    ends = (low, high) if any(row.drawing for row in shown) else ("", "")
    return Rows(shown, number - len(shown), ends)


# ── claims ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _claim_row(claim: ClaimVerdict, said: Words, domain: tuple[float, float]) -> Row:
    numbers = Numbers(said.notation)
    label = str(getattr(said.labels, claim.verdict.value))
    if claim.verdict is VerdictWord.CONSISTENT:
        label += f" ({said.meanings.within.format(margin=numbers.points(claim.tolerance, claim.unit))})"
    return Row(
        task=named(claim.task),
        css=css_name(claim.verdict),
        label=label,
        claimed=claimed(claim, numbers),
        measured=numbers.measured(claim, claim.unit),
        interval=numbers.interval(claim.ci, claim.unit) if claim.ci else "",
        asked=_asked(claim, said, numbers),
        meaning=tuple(_meaning(claim, said, numbers)),
        drawing=_drawing(claim, domain) if drawable([claim]) else "",
    )


def _asked(claim: ClaimVerdict, said: Words, numbers: Numbers) -> str:
    """How many of the questions were asked; empty where none was."""
    if not claim.asked:
        return ""
    form = said.meanings.asked_short if claim.repeats == 1 else said.meanings.asked_repeats
    each = numbers.count(claim.repeats)
    return form.format(asked=numbers.count(claim.asked), of=numbers.count(claim.of), each=each)


def _meaning(claim: ClaimVerdict, said: Words, numbers: Numbers) -> Iterable[Passage]:
    meanings = said.meanings
    if claim.verdict is VerdictWord.INCONSISTENT and claim.asked:
        yield Passage(meanings.below.format(margin=numbers.points(claim.tolerance, claim.unit)))
    elif claim.verdict is not VerdictWord.CONSISTENT:
        yield from (_reason(each, said, numbers) for each in reason_of(claim)[:2])
    else:
        above = meanings.above.format(margin=numbers.points(claim.tolerance, claim.unit))
        yield Passage(meanings.better if claim.better else above)
    if claim.needs is not None:
        time = "" if claim.needs.seconds is None else numbers.duration(claim.needs.seconds)
        needs = meanings.needs_time if time else meanings.needs
        yield Passage(needs.format(number=numbers.about(claim.needs.samples), time=time))
    if claim.part_of and claim.asked:
        yield Passage(meanings.part.format(of=numbers.count(claim.part_of)))
    if claim.note and claim.measurement:
        yield Passage(meanings.sheet_says, one_line(claim.note, 60), lang="")


_POINTS, _COUNTS = ("margin",), ("number", "of", "held", "low", "high", "value")


def _reason(reason: Reason, said: Words, numbers: Numbers) -> Passage:
    """A reason in the page's language; what has no translation is quoted."""
    values = {name: one_line(text, _NAME) for name, text in reason.values.items()}
    values |= {name: numbers.local(values[name]) for name in _COUNTS if name in values}
    values |= {name: numbers.percent_points(values[name]) for name in _POINTS if name in values}
    text = str(getattr(said.reasons, reason.kind)).format(**values)
    if reason.prompt:
        text = said.meanings.in_format.format(prompt=one_line(reason.prompt, _NAME), sentence=text)
    return Passage(text, one_line(reason.quote, 120))


# ── measurements ────────────────────────────────────────────────────────────────────────────────────────────────────


def _mean(found: MeanScore, said: Words) -> str:
    numbers = Numbers(said.notation)
    point = numbers.interval(found.bounds, "percent") if found.mean is None else numbers.share(found.mean, "percent")
    return said.meanings.mean.format(mean=point, interval=numbers.interval(found.ci, "percent"))


def model_names(verdict: Verdict) -> dict[str, str]:
    """Each measured model's name by its role, with the role where it is not the first one; empty where one answered."""
    roles = {each.role: each.model for each in only_measured(verdict)}
    if len(roles) < 2:
        return {}
    return {
        role: f"{named(model)} ({one_line(role, 20)})" if model else named(verdict.model)
        for role, model in roles.items()
    }


def _measured_row(result: MeasurementResult, said: Words, domain: tuple[float, float], model: str) -> Row:
    numbers, meanings = Numbers(said.notation), said.meanings
    counts = {"asked": numbers.count(result.asked), "of": numbers.count(result.of)}
    asked = meanings.asked if result.asked == result.of else meanings.asked_part
    parts = [asked.format(**counts)]
    parts += [meanings.missing.format(number=numbers.count(result.missing))] if result.missing else []
    parts += [meanings.open.format(number=numbers.count(result.open))] if result.open else []
    parts += [_mean(result.mean, said)] if result.mean is not None else []
    return Row(
        task=f"{named(result.task)} ({one_line(result.prompt, 30)}){f', {model}' if model else ''}",
        css=css_name(VerdictWord.NOT_TESTED),
        label="",
        claimed="",
        measured=numbers.measured(result, "percent"),
        interval=numbers.interval(result.ci, "percent") if result.ci else "",
        asked="",
        meaning=(Passage(" ".join(parts)),),
        drawing=drawing_of(_interval(result, domain, DOT)) if result.ci else "",
    )


# ── drawings ────────────────────────────────────────────────────────────────────────────────────────────────────────

MARKS = {
    VerdictWord.INCONSISTENT: '<path d="M{x},9m-4,-4l8,8m0,-8l-8,8" stroke="currentColor" stroke-width="2.4"/>',
    VerdictWord.INSUFFICIENT_POWER: '<path d="M{x},9m0,-5l5,5l-5,5l-5,-5z" fill="var(--surface)" '
    'stroke="currentColor" stroke-width="1.8"/>',
}
DOT = '<circle cx="{x}" cy="9" r="4.4" fill="currentColor"/>'


def _scale(claims: Sequence[ClaimVerdict]) -> tuple[float, float]:
    values: list[float] = []
    for claim in drawable(claims):
        values += [*(claim.ci or ()), claim.claimed or 0.0, words.floor(claim) or 0.0]
    return domain_of(values)


def domain_of(values: Sequence[float]) -> tuple[float, float]:
    """The range of all drawings: everything in them, out to the next tenth."""
    finite = [min(1.0, max(0.0, value)) for value in values if math.isfinite(value)]
    if not finite:
        return 0.0, 1.0
    low, high = math.floor(round(min(finite) * 10, 6)) / 10, math.ceil(round(max(finite) * 10, 6)) / 10
    return (low, high) if high > low else (max(0.0, low - 0.1), min(1.0, low + 0.1))


def place_of(value: float | None, domain: tuple[float, float]) -> float:
    """Where a proportion lies in a drawing."""
    low, high = domain
    share = ((value if value is not None and math.isfinite(value) else low) - low) / (high - low)
    return round(6 + (_WIDTH - 12) * min(1.0, max(0.0, share)), 1)


def _drawing(claim: ClaimVerdict, domain: tuple[float, float]) -> Any:
    floor, tick = place_of(words.floor(claim), domain), place_of(claim.claimed, domain)
    band = f'<rect x="{floor}" y="2" width="{round(tick - floor, 1)}" height="14" fill="var(--band)"/>'
    line = f'<path d="M{tick},1V17" stroke="var(--ink)" stroke-width="2.4"/>'
    return drawing_of(band + line + _interval(claim, domain, MARKS.get(claim.verdict, DOT)))


def _interval(result: ClaimVerdict | MeasurementResult, domain: tuple[float, float], mark: str) -> str:
    """The interval as a line, on it the measured share as a mark, or its range as a bar."""
    assert result.ci is not None
    low, high = (place_of(bound, domain) for bound in result.ci)
    line = f'<path d="M{low},9H{high}" stroke="currentColor" stroke-width="2.4" stroke-linecap="round"/>'
    if result.measured is not None:
        return line + mark.format(x=place_of(result.measured, domain))
    low, high = (place_of(bound, domain) for bound in result.bounds or result.ci)
    return f'{line}<path d="M{low},9H{high}" stroke="currentColor" stroke-width="8"/>'


def drawing_of(inside: str) -> Any:
    """A drawing of numbers that stand beside it as text, so a screen reader passes over it."""
    ground = f'<path d="M6,9H{_WIDTH - 6}" stroke="var(--grid)" stroke-width="1"/>'
    return markup(f'<svg class="bar" viewBox="0 0 {_WIDTH} {_HEIGHT}" aria-hidden="true">{ground}{inside}</svg>')
