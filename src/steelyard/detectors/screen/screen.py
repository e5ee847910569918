"""D0, the desk screen: checks a vendor's table by arithmetic alone, without a model or a network.

A *finding* is reported only if no correct measurement could give the table (docs/statistics.md): a value outside its
range, rows measured on different models, or on another model of the family than the served one, a value that no whole
number of right answers gives. Everything else is a *note* (:mod:`steelyard.detectors.screen.notes`), which never
changes an exit code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from steelyard.claims.model_names import ModelName, may_be_served, parse_name, shares_no_word
from steelyard.detectors.screen.arithmetic import impossible, rounded_passes
from steelyard.detectors.screen.notes import notes_on
from steelyard.detectors.screen.rows import DETECTOR, SHOWN, Row, rows_of, short
from steelyard.records import ClaimSheet, Finding, Note

__all__ = ["screen"]


def screen(sheet: ClaimSheet) -> tuple[tuple[Finding, ...], tuple[Note, ...]]:
    """Screen a claim sheet; a pure function, linear in the rows.

    Findings and notes are ordered by check, then as in the sheet.
    A finding's ``records`` name the rows that it is based on, ``claims[3]`` counting from 0. Findings have no p-value:
    each is deterministic, and wrong only if the sheet is.
    """
    rows = rows_of(sheet)
    findings = (*_out_of_range(rows), *_other_models(sheet, rows), *_impossible(rows))
    return findings, tuple(notes_on(sheet, rows))


# ── a value outside its range ───────────────────────────────────────────────────────────────────────────────────────


def _out_of_range(rows: list[Row]) -> Iterator[Finding]:
    for row in rows:
        # An unknown metric may exceed 0 to 100 (word error rate, gain over a baseline): that is a note.
        if row.in_range or row.scoring == "unbounded":
            continue
        claim = row.claim
        unit = "percent" if claim.unit == "percent" else "as a fraction"
        yield Finding(
            detector=DETECTOR,
            check="range",
            task=claim.task,
            null=f"the value is a share of the samples, from 0 to {claim.scale}",
            n=1,
            message=(
                f"{claim.value} {unit} is outside 0 to {claim.scale} (line {claim.line}); if it is not a share "
                "of samples, state the metric or another unit"
            ),
            records=(row.id,),
        )


# ── another model ───────────────────────────────────────────────────────────────────────────────────────────────────


class _Variant(NamedTuple):
    """All rows that name one variant as the tested model."""

    name: ModelName
    rows: list[Row]

    @property
    def text(self) -> str:
        return self.rows[0].claim.variant


def _other_models(sheet: ClaimSheet, rows: list[Row]) -> Iterator[Finding]:
    sold = parse_name(sheet.model, sheet.vendor)
    served = parse_name(sheet.served_as, sheet.vendor)
    own: list[_Variant] = []
    for variant in _variants(sheet, [row for row in rows if row.claim.variant not in sheet.variants]):
        if may_be_served(variant.name, sold, served):
            own.append(variant)
        elif not shares_no_word(variant.text, sheet.model, sheet.served_as, vendor=sheet.vendor):
            yield _not_the_served(sheet, variant)
    yield from _not_one_model(own, sold)


def _variants(sheet: ClaimSheet, rows: list[Row]) -> list[_Variant]:
    variants: dict[str, _Variant] = {}
    names = {text: parse_name(text, sheet.vendor) for text in {row.claim.variant for row in rows}}
    for row in rows:
        name = names[row.claim.variant]
        if name.is_stated:
            variants.setdefault(name.letters, _Variant(name, [])).rows.append(row)
    return list(variants.values())


def _not_the_served(sheet: ClaimSheet, variant: _Variant) -> Finding:
    served = (
        f"the model that is served, {short(sheet.served_as, 80)}"
        if sheet.served_as
        else f"{short(sheet.model, 80)}, the model that is sold"
    )
    first = variant.rows[0].claim
    remark = f"; the sheet notes: {short(first.note)}" if first.note else ""
    return Finding(
        detector=DETECTOR,
        check="variant",
        task=first.task,
        null="every row was measured on the model that customers are served",
        assumptions=("names that differ by more than spelling, date, size or setting mean different models",),
        n=len(variant.rows),
        message=f"measured on {short(variant.text, 80)} ({_lines(variant.rows)}), not on {served}{remark}",
        records=tuple(row.id for row in variant.rows),
    )


def _not_one_model(variants: list[_Variant], sold: ModelName) -> Iterator[Finding]:
    """Each name may be the served model's, but two of them exclude each other, such as two dated snapshots."""
    named = [variant for variant in variants if not variant.name.same(sold)]
    if not named:
        return
    fullest = max(named, key=lambda variant: variant.name.words.total())
    others = [variant for variant in named if not variant.name.may_mean(fullest.name)]
    if not others:
        return
    rows = [row for variant in (fullest, *others) for row in variant.rows]
    names = ", ".join(f"{short(variant.text, 80)} ({_lines(variant.rows)})" for variant in (fullest, *others)[:SHOWN])
    more = f" and {len(others) + 1 - SHOWN} more" if len(others) + 1 > SHOWN else ""
    yield Finding(
        detector=DETECTOR,
        check="variant",
        task=others[0].rows[0].claim.task,
        null="every row was measured on the same model",
        assumptions=("names that exclude each other mean different models",),
        n=len(rows),
        message=f"rows of one table were measured on different models: {names}{more}",
        records=tuple(row.id for row in rows),
    )


def _lines(rows: list[Row]) -> str:
    lines = ", ".join(str(row.claim.line) for row in rows[:SHOWN])
    more = f" and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
    return f"{'line' if len(rows) == 1 else 'lines'} {lines}{more}"


# ── an impossible value ─────────────────────────────────────────────────────────────────────────────────────────────


def _impossible(rows: list[Row]) -> Iterator[Finding]:
    for row in rows:
        claim = row.claim
        if not row.states_plain_average or claim.samples is None or not isinstance(claim.repeats, int):
            continue
        if not impossible(claim.value, claim.unit, claim.samples, claim.repeats):
            continue
        if claim.repeats > 1 and rounded_passes(claim.value, claim.unit, claim.samples, claim.repeats):
            continue  # a note
        answers = claim.samples * claim.repeats
        below = int(claim.number * answers / claim.scale)
        around = " and ".join(
            f"{right} right give {_printed(right, answers, claim.scale, claim.decimals)}"
            for right in (below, below + 1)
        )
        yield Finding(
            detector=DETECTOR,
            check="granularity",
            task=claim.task,
            null="the value is a whole number of right answers divided by all answers, rounded or truncated in any way",
            assumptions=("the sheet's own items and passes", "every answer is scored 0 or 1 and has the same weight"),
            n=answers,
            message=(
                f"no whole number of right answers out of {answers:,} ({claim.samples:,} items × {claim.repeats} "
                f"{'pass' if claim.repeats == 1 else 'passes'}) gives {claim.value}: {around} (line {claim.line})"
            ),
            records=(row.id,),
        )


def _printed(right: int, answers: int, scale: int, decimals: int) -> str:
    return f"{scale * right / answers:.{decimals + 2}f}"
