"""A claim sheet at the desk: what its numbers show by themselves, without a model and without a network."""

from __future__ import annotations

import math

from steelyard.errors import ExitCode
from steelyard.planning.sealed_planner import SealedPlanner
from steelyard.plugins import Detector, find
from steelyard.records import (
    PLAN_FORMAT,
    Claim,
    ClaimSheet,
    ClaimVerdict,
    DetectorResult,
    Plan,
    Verdict,
    VerdictWord,
)
from steelyard.util.software import software

__all__ = ["screen_sheet"]


def screen_sheet(sheet: ClaimSheet) -> Verdict:
    """Screen a claim sheet with the desk screen (D0), which comes in by the plugin door like any detector.

    A finding needs no error rate: it is arithmetic. Exit code 1 for findings, else 0; notes change nothing.
    ``alpha`` and the claims' tolerance are NaN: nothing is drawn and nothing is compared.
    """
    results = _results(sheet)
    findings = tuple(finding for result in results for finding in result.findings)
    return Verdict(
        verdict=VerdictWord.INCONSISTENT if findings else VerdictWord.NOT_TESTED,
        exit=int(ExitCode.INCONSISTENT if findings else ExitCode.CONSISTENT),
        model=sheet.model,
        served=sheet.served_as,
        alpha=math.nan,
        findings=findings,
        notes=tuple(note for result in results for note in result.notes),
        claims=tuple(_not_asked(claim) for claim in sheet.claims),
    )


def _results(sheet: ClaimSheet) -> list[DetectorResult]:
    detector: Detector = find("detector", "desk_screen")()
    plan = Plan(format=PLAN_FORMAT, software=software(), created="", sheet=sheet, models={}, alpha=math.nan)
    return [detector.open(test, plan).find({}) for test in detector.plan(SealedPlanner(plan))]


def _not_asked(claim: Claim) -> ClaimVerdict:
    return ClaimVerdict(
        task=claim.task,
        claimed_text=claim.value,
        unit=claim.unit,
        claimed=float(claim.number / claim.scale) if claim.is_proportion else None,
        tolerance=math.nan,
        verdict=VerdictWord.NOT_TESTED,
        reason="a screen runs no model",
        line=claim.line,
    )
