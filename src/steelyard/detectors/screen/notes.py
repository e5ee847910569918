"""The desk screen's notes: remarks that prove nothing by themselves and never change an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from steelyard.claims.benchmarks import key_of
from steelyard.claims.model_names import may_be_served, parse_name, shares_no_word
from steelyard.detectors.screen.arithmetic import (
    fewest_passes,
    impossible,
    nearest_items,
    rounded_passes,
    sampling_noise,
)
from steelyard.detectors.screen.rows import DETECTOR, SHOWN, Row, short
from steelyard.records import Claim, ClaimSheet, Note

__all__ = ["notes_on"]

_UNIT_REMARKS = {
    "elo": "a rating depends on its arena, opponents and judges: compare it only within one arena on one day",
    "points": "the range of points is unknown: state who scored and on which scale",
}


def notes_on(sheet: ClaimSheet, rows: list[Row]) -> Iterator[Note]:
    """All notes on a sheet: at most a few for each row, and one for the sheet where many rows share it."""
    for row in rows:
        yield from _range(row)
        yield from _granularity(row)
        yield from _leads(row)
    yield from _named_variants(sheet, rows)
    yield from _names(sheet, [row for row in rows if row.claim.variant not in sheet.variants])
    yield from _duplicates(rows)
    yield from _units(rows)
    yield from _protocol(rows)


def _note(check: str, message: str, task: str = "") -> Note:
    return Note(detector=DETECTOR, check=check, task=task, message=message)


# ── one row ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _range(row: Row) -> Iterator[Note]:
    if not row.in_range and row.scoring == "unbounded":
        claim = row.claim
        message = f"{claim.value} is outside 0 to {claim.scale}, which the metric {claim.metric!r} may allow"
        yield _note("range", message, claim.task)


def _granularity(row: Row) -> Iterator[Note]:
    claim, items = row.claim, row.items
    if not claim.is_proportion or not row.in_range or items is None or row.scoring in ("graded", "unbounded"):
        return
    passes = claim.repeats if isinstance(claim.repeats, int) else 1
    if not impossible(claim.value, claim.unit, items, passes):
        return
    rounded = passes > 1 and rounded_passes(claim.value, claim.unit, items, passes)
    if row.states_plain_average and not rounded:
        return  # stated in full, this is a finding
    full = "one full pass" if passes == 1 else f"{passes} full passes"
    stated = "stated" if claim.samples else "the benchmark's size"
    parts = [f"not {full} over {items:,} ({stated}): {_explanations(claim, items, passes)}"]
    if rounded:
        parts.append("an average of passes that were rounded first would explain it")
    if claim.repeats == "several":
        parts.append("the sheet states several passes")
    if claim.average in ("macro", "weighted"):
        parts.append(f"the sheet states a {claim.average} average")
    parts.extend(f"“{short(remark)}”" for remark in row.averaging_beside[:2])
    yield _note("granularity", "; ".join(parts), claim.task)


def _explanations(claim: Claim, items: int, passes: int) -> str:
    more = fewest_passes(claim.value, claim.unit, items, more_than=passes)
    fewer = nearest_items(claim.value, claim.unit, items, passes)
    ways = []
    if more is not None:
        ways.append(f"an average of at least {more} passes")
    if fewer is not None:
        ways.append(f"{fewer:,} items scored")
    return f"{', '.join([*ways, 'a weighted mean'])} or partial credit would explain it"


def _leads(row: Row) -> Iterator[Note]:
    claim, items = row.claim, row.items
    if not claim.compared_with or not claim.is_proportion or not row.in_range or items is None:
        return
    own = claim.number / claim.scale
    small = []
    for rival in claim.compared_with:
        theirs = Fraction(rival.value) / claim.scale if rival.value else own
        if not 0 <= theirs < own:
            continue
        noise = sampling_noise(float(own), float(theirs), items)
        if own - theirs < noise:
            lead = _points(float(own - theirs), claim)
            small.append(f"{lead} over {short(rival.model, 60)} (noise ± {_points(noise, claim)})")
    if small:
        more = f" and {len(small) - SHOWN} more" if len(small) > SHOWN else ""
        message = f"a lead smaller than the sampling noise of {items:,} items, unpaired, 95 %: "
        yield _note("lead", message + "; ".join(small[:SHOWN]) + more, claim.task)


def _points(share: float, claim: Claim) -> str:
    return f"{100 * share:.1f} points" if claim.unit == "percent" else f"{share:.3f}"


# ── the whole sheet ─────────────────────────────────────────────────────────────────────────────────────────────────


def _named_variants(sheet: ClaimSheet, rows: list[Row]) -> Iterator[Note]:
    """The sheet says itself that several networks are meant: then no row is about all of them."""
    named = {name: their for name in sheet.variants if (their := [row for row in rows if row.claim.variant == name])}
    if named:
        parts = "; ".join(f"{short(name, 60)} ({_tasks(their)})" for name, their in list(named.items())[:SHOWN])
        more = f"; and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        yield _note("variant", f"the sheet is about several networks under one name: {parts}{more}")


def _names(sheet: ClaimSheet, rows: list[Row]) -> Iterator[Note]:
    """Names that may mean the served model but add a date, a size or a setting, and what may be no name at all."""
    sold, served = parse_name(sheet.model, sheet.vendor), parse_name(sheet.served_as, sheet.vendor)
    variants: dict[str, list[Row]] = {}
    for row in rows:
        variants.setdefault(row.claim.variant, []).append(row)
    if served.is_stated:
        while_ = f"while {short(sheet.served_as, 80)} is served"
    else:
        while_ = f"while {short(sheet.model, 80)} is sold; add 'served_as' to the sheet to settle it"
    for variant, their_rows in variants.items():
        name = parse_name(variant, sheet.vendor)
        exact = name.same(sold) or name.same(served)
        if not name.is_stated or exact:
            continue
        if may_be_served(name, sold, served):
            message = f"measured on {short(variant, 80)} ({_tasks(their_rows)}), which may be the same model, {while_}"
            yield _note("variant", message)
        elif shares_no_word(variant, sheet.model, sheet.served_as, vendor=sheet.vendor):
            message = (
                f"measured on {short(variant, 80)} ({_tasks(their_rows)}): another model than {short(sheet.model, 80)}"
            )
            yield _note(
                "variant", f"{message}, or a setting? It shares no word with the name; a setting goes under protocol"
            )


def _duplicates(rows: list[Row]) -> Iterator[Note]:
    groups: dict[tuple[object, ...], list[Claim]] = {}
    for row in rows:
        claim = row.claim
        task = row.fact.id if row.fact else key_of(claim.task)
        setting = (claim.metric, claim.unit, claim.samples, claim.repeats, claim.average, claim.shots, claim.variant)
        groups.setdefault((task, *setting, claim.protocol, claim.note), []).append(claim)
    for claims in groups.values():
        if len(claims) < 2:
            continue
        values = list(dict.fromkeys(claim.value for claim in claims))
        how = f"with {len(values):,} values" if len(values) > 1 else "with the same value"
        lines = ", ".join(str(claim.line) for claim in claims[:SHOWN]) + (" …" if len(claims) > SHOWN else "")
        yield _note("duplicate", f"stated {len(claims):,} times {how} (lines {lines})", claims[0].task)


def _units(rows: list[Row]) -> Iterator[Note]:
    for unit, remark in _UNIT_REMARKS.items():
        theirs = [row for row in rows if row.claim.unit == unit]
        if theirs:
            yield _note("unit", f"{remark} ({_tasks(theirs)})")


def _protocol(rows: list[Row]) -> Iterator[Note]:
    """What a retest must choose: one note for the sheet, since a table states these once or not at all."""
    shares = [row for row in rows if row.claim.is_proportion]
    missing = {
        "shots": [row for row in shares if row.claim.shots is None],
        "decoding": [row for row in shares if not row.claim.protocol.decoding],
        "harness": [row for row in shares if not row.claim.protocol.harness],
    }
    parts = [f"{what} for {_how_many(without, shares)}" for what, without in missing.items() if without]
    if parts:
        yield _note("protocol", f"not stated: {'; '.join(parts)}. A retest chooses them, and reports its choice")


def _how_many(some: list[Row], of: list[Row]) -> str:
    if len(some) == len(of):
        return "any row" if len(of) > 1 else "the row"
    return f"{len(some):,} of {len(of):,} rows ({_tasks(some)})"


def _tasks(rows: list[Row]) -> str:
    tasks = list(dict.fromkeys(short(row.claim.task, 40) for row in rows))
    more = f" and {len(tasks) - SHOWN:,} more" if len(tasks) > SHOWN else ""
    return ", ".join(tasks[:SHOWN]) + more
