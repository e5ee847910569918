"""The verdict for machines: what ``--json`` prints and ``report.json`` holds."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec

from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.evidence.canonical import parse_canonical
from steelyard.records import ClaimVerdict, DetectorResult, Finding, MeasurementResult, Note, Verdict
from steelyard.reports.choices import choices_of, taken_by
from steelyard.reports.gates import colour_of, gates_of
from steelyard.reports.limits import NOT_KEPT

__all__ = ["REPORT_FORMAT", "render", "sealed_report"]

REPORT_FORMAT = "steelyard-report/2"
# Keys of a later date: left out where there is nothing to say, as in reports of before.
NOTHING_TO_SAY: dict[str, Any] = {"cached_tokens": 0, "cost": None, "answered_by": ()}


def render(verdict: Verdict) -> dict[str, Any]:
    """The verdict as a JSON object: the keys of DESIGN.md in its order, then the others.

    A claim's ``claimed``, ``tolerance``, ``measured``, ``bounds`` and ``ci`` are in its own ``unit``: percent points
    for percent, 0 to 1 for a fraction. ``implied_reruns`` has null for more than a million. NaN and infinities are
    null, so the result is JSON to every reader.
    """
    document: dict[str, Any] = {
        "format": REPORT_FORMAT,
        "verdict": verdict.verdict.value,
        "exit": verdict.exit,
        "findings": [_finding(finding) for finding in verdict.findings],
        "notes": [_note(note) for note in verdict.notes],
        "claims": [_claim(claim) for claim in verdict.claims],
        "measurements": [_measured(each) for each in verdict.measurements],
        "tests": [_test(each) for each in verdict.results],
        "model": verdict.model,
        "served": verdict.served,
        "names": verdict.names,
        "order": list(verdict.order),
        "alpha": verdict.alpha,
    }
    if any(claim.asked for claim in verdict.claims):
        document["error_rates"] = {"inconsistent": verdict.alpha, "not_kept": list(NOT_KEPT)}
    if verdict.reference:
        document["reference"] = verdict.reference
    if verdict.judging is not None:
        document["judging"] = msgspec.to_builtins(verdict.judging)
    if found := gates_of(verdict):
        document["gates"] = [_gate(each) for each in found]
    if chosen := choices_of(verdict):
        document["choices"] = [_choice(each, verdict) for each in chosen]
    finite: dict[str, Any] = _finite(document)
    return finite


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "detector": finding.detector,
        "check": finding.check,
        "task": finding.task,
        "null": finding.null,
        "p": finding.p,
        "e": finding.e,
        "effect": finding.effect,
        "ci": finding.ci,
        "n": finding.n,
        "mde": finding.mde,
        "message": finding.message,
        "records": finding.records,
        "assumptions": finding.assumptions,
        "statistic": finding.statistic,
        "calls": finding.calls,
        "tokens": finding.tokens,
    }


def _note(note: Note) -> dict[str, Any]:
    return {"detector": note.detector, "check": note.check, "task": note.task, "message": note.message}


def _claim(claim: ClaimVerdict) -> dict[str, Any]:
    needs = None if claim.needs is None else {"samples": claim.needs.samples, "seconds": claim.needs.seconds}
    return {
        "task": claim.task,
        "claimed": _claimed(claim),
        "tolerance": _own_unit(claim.tolerance, claim.unit),
        "measured": _own_unit(claim.measured, claim.unit),
        "ci": _ends(claim.ci, claim.unit),
        "asked": claim.asked,
        "of": claim.of,
        "missing": claim.missing,
        "open": claim.open,
        "verdict": claim.verdict.value,
        "needs": needs,
        "implied_reruns": dict(claim.implied_reruns),
        "bounds": _ends(claim.bounds, claim.unit),
        "part_of": claim.part_of,
        "unit": claim.unit,
        "claimed_text": claim.claimed_text,
        "reason": claim.reason,
        "better": claim.better,
        "repeats": claim.repeats,
        "unparsed": claim.unparsed,
        "p": claim.p,
        "log_e": claim.log_e,
        "level": claim.level,
        "measurement": claim.measurement,
        "prompt": claim.prompt,
        "formats": claim.formats,
        "differences": claim.differences,
        "calls": claim.calls,
        "prompt_tokens": claim.prompt_tokens,
        "completion_tokens": claim.completion_tokens,
        "reasoning_tokens": claim.reasoning_tokens,
        **{
            key: msgspec.to_builtins(value)
            for key, nothing in NOTHING_TO_SAY.items()
            if (value := getattr(claim, key)) != nothing
        },
        "seconds": claim.seconds,
        "line": claim.line,
        **({} if claim.standard is None else {"standard": _ends(claim.standard, claim.unit)}),
    }


def _test(result: DetectorResult) -> dict[str, Any]:
    """The result of a test, as its record is; without a key for a gate, a choice or an effect where it has none."""
    document: dict[str, Any] = msgspec.to_builtins(result)
    for key in ("gate", "choice", "effect"):
        if document[key] is None:
            del document[key]
    for name in ("people", "budget"):
        if result.gate is not None and getattr(result.gate, name) is None:
            del document["gate"][name]
    return document


def _gate(result: DetectorResult) -> dict[str, Any]:
    """A gate with its ``colour``, its interval in percent points, and without keys that are another kind of gate's."""
    assert result.gate is not None
    gate = {key: value for key, value in msgspec.to_builtins(result.gate).items() if value != ""}
    people = gate.pop("people")
    if gate["budget"] is None:
        del gate["budget"]
    if people is not None:
        ends = {key: _own_unit(people[key], "percent") for key in ("estimate", "low", "high")}
        gate["people"] = people | ends | {"judge": _ends(people["judge"], "percent")}
    return {"test": result.test, "colour": colour_of(result.word), **gate, "ci": _ends(result.gate.ci, "percent")}


def _choice(result: DetectorResult, verdict: Verdict) -> dict[str, Any]:
    """A choice with its candidates, their intervals in percent points, and what a call and a right answer cost."""
    assert result.choice is not None
    candidates = []
    for each in result.choice.candidates:
        taken = taken_by(each, verdict)
        costs = {"cost_per_call": taken.per_call, "cost_per_right": taken.per_right}
        tokens = {"tokens_per_right": taken.tokens_per_right, "calls": taken.calls, "late": taken.late}
        candidates.append(msgspec.to_builtins(each) | {"ci": _ends(each.ci, "percent")} | costs | tokens)
    return {"test": result.test, **msgspec.to_builtins(result.choice), "candidates": candidates}


def _measured(result: MeasurementResult) -> dict[str, Any]:
    """A measurement, its proportions in percent points as a claim's are."""
    document: dict[str, Any] = msgspec.to_builtins(result)
    for key, nothing in NOTHING_TO_SAY.items():
        if getattr(result, key) == nothing:
            del document[key]
    if not result.drawn:
        del document["drawn"]
    if result.mean is None:
        del document["mean"]
    else:
        found = result.mean
        document["mean"] = {"mean": _own_unit(found.mean, "percent"), "bounds": _ends(found.bounds, "percent"),
                            "ci": _ends(found.ci, "percent")}  # fmt: skip
    for key in ("measured", "standard_error"):
        document[key] = _own_unit(document[key], "percent")
    document |= {"bounds": _ends(result.bounds, "percent"), "ci": _ends(result.ci, "percent")}
    document["pass_at_k"] = [
        {"k": each.k} | {key: _own_unit(getattr(each, key), "percent") for key in ("least", "most", "low", "high")}
        for each in result.pass_at_k
    ]
    return document


def _ends(bounds: tuple[float, float] | None, unit: str) -> list[float | None] | None:
    return None if bounds is None else [_own_unit(bound, unit) for bound in bounds]


def _own_unit(value: float | None, unit: str) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    # Rounded far below the precision of any claim, so that 0.57 comes out as 57.0 and not as 56.99999999999999.
    return round(100 * value, 10) if unit == "percent" else value


def _claimed(claim: ClaimVerdict) -> float | None:
    if claim.claimed is not None:
        return _own_unit(claim.claimed, claim.unit)
    try:
        return float(claim.claimed_text)
    except ValueError:
        return None


def _finite(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: _finite(item) for key, item in value.items()}
        case list() | tuple():
            return [_finite(item) for item in value]
    return value


def sealed_report(folder: Path) -> Any:
    """The document in report.json; raises VerificationError where it is missing, too large or not canonical JSON.

    Other forms are refused, since two readers may find different values in them: one key twice, for example.
    """
    data = layout.read_bounded(folder, layout.REPORT, layout.MAX_BYTES[layout.REPORT])
    try:
        if not data.endswith(b"\n"):
            raise ValueError("its last line has no end")
        return parse_canonical(data[:-1])
    except ValueError as error:
        raise VerificationError(f"{layout.REPORT}: {error}") from None
