"""The report as one HTML file: no script, no network, light and dark, on paper and on a phone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from steelyard.records import ClaimVerdict, Finding, Plan, PlanRow, Verdict
from steelyard.reports import words
from steelyard.reports.charts import claims_chart, closing_chart, css_name, drawable
from steelyard.reports.jinja import markup, template
from steelyard.reports.limits import limits

__all__ = ["render"]


def render(verdict: Verdict, plan: Plan | None = None) -> str:
    """Write the report's page; ``plan`` adds what was asked, the model's identity and how to verify.

    Nothing in it is loaded from elsewhere: its policy (CSP) forbids scripts and every request. All text that came from
    others is escaped, and stripped of control characters (:func:`steelyard.util.text.one_line`).
    """
    rows = words.plan_rows(plan)
    lead_word, _, lead_rest = words.headline(verdict).partition(": ")
    drawn = drawable(verdict.claims)
    return template("report.html.j2").render(
        verdict=verdict,
        plan=plan,
        vendor=plan.sheet.vendor if plan else "",
        sheet_date=plan.sheet.date if plan else "",
        lead_word=lead_word,
        lead_rest=lead_rest,
        lead_class=css_name(verdict.verdict),
        tally=[(word.words, css_name(word), number) for word, number in words.tally(verdict)],
        interval_name=words.interval_name(verdict),
        chart_wide=markup(claims_chart(drawn, name="claims-wide")) if drawn else "",
        chart_narrow=markup(claims_chart(drawn, narrow=True, name="claims-narrow")) if drawn else "",
        rows=[_row(claim, rows) for claim in verdict.claims],
        closings=[_closing(index, claim) for index, claim in enumerate(drawn) if len(claim.trace) > 2],
        findings=[_finding(finding) for finding in verdict.findings],
        notes=[words.remark(note) for note in verdict.notes],
        asked=[_asked(row) for row in rows.values()],
        costs=[_cost(claim) for claim in verdict.claims if claim.calls],
        total=_total(verdict),
        identity=_identity(plan),
        limits=limits(verdict, plan),
        source_link=_web_address(plan.sheet.source) if plan else "",
        exit_meaning=words.exit_meaning(verdict),
        screened=not words.only_measures(verdict),
        level=f"{100 * verdict.alpha:g} %" if math.isfinite(verdict.alpha) else "",
    )


def _row(claim: ClaimVerdict, rows: Mapping[str, PlanRow]) -> dict[str, Any]:
    row = words.claim_words(claim)
    return {
        "words": row,
        "task": _breakable(row.task),
        "css": css_name(claim.verdict),
        "asked": claim.asked,
        "asked_lines": row.asked.split(", "),
        "reruns": words.reruns(claim, rows.get(claim.row)),
    }


def _breakable(name: str) -> Any:
    """A task's name that may break after an underscore, rather than in the middle of a word."""
    from markupsafe import Markup, escape

    return Markup(str(escape(name)).replace("_", "_<wbr>"))  # noqa: S704 — escaped here


def _closing(index: int, claim: ClaimVerdict) -> dict[str, Any]:
    chart = closing_chart(claim, name=f"closing-{index}")
    return {"words": words.claim_words(claim), "css": css_name(claim.verdict), "chart": markup(chart)}


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "text": words.remark(finding),
        "numbers": words.finding_numbers(finding),
        "source": f"{finding.detector}, {finding.check}",
        "null": finding.null,
    }


def _asked(row: PlanRow) -> dict[str, Any]:
    repeats = f", each {row.repeats} times" if row.repeats > 1 else ""
    decoding = "greedy" if row.decoding == "greedy" else f"sampled at temperature {row.temperature:g}"
    kind = "log-likelihood of each option" if row.kind == "loglikelihood" else "text"
    facts = [
        ("Configuration", row.cell),
        ("Asked for", f"{kind}, {decoding}"),
        ("Samples", f"{words.count(row.population)}{repeats}"),
        ("Scorer", row.scorer),
        ("Still counts as the claim", f"{words.count(row.threshold)} right of {words.count(row.population)}, or more"),
        ("Weight in the report's error rate", f"{row.weight:.3g}"),
    ]
    if row.limit is not None:
        facts.insert(3, ("Asked at most", words.count(row.limit)))
    digests = [("Order seed", row.order_seed), ("Root of the samples", row.samples_root)]
    return {"plan": row, "facts": facts, "digests": digests}


@dataclass(frozen=True)
class _Cost:
    """Calls, tokens and time of one claim, or of all."""

    task: str
    calls: int
    prompt: int
    completion: int
    seconds: float

    @property
    def time(self) -> str:
        """The time in words."""
        return words.about_time(self.seconds)


def _cost(claim: ClaimVerdict) -> _Cost:
    return _Cost(claim.task, claim.calls, claim.prompt_tokens, claim.completion_tokens, claim.seconds)


def _total(verdict: Verdict) -> _Cost:
    costs = [_cost(claim) for claim in verdict.claims]
    return _Cost(
        "Together",
        sum(cost.calls for cost in costs),
        sum(cost.prompt for cost in costs),
        sum(cost.completion for cost in costs),
        sum(cost.seconds for cost in costs),
    )


def _identity(plan: Plan | None) -> list[tuple[str, str]]:
    if plan is None:
        return []
    model = plan.model
    named = [
        ("Asked at", model.uri),
        ("Name", model.name),
        ("SHA-256", model.sha256),
        ("Backend", model.backend),
        ("Machine", model.machine),
    ]
    return [(name, value) for name, value in [*named, *sorted(model.details.items())] if value]


def _web_address(source: str) -> str:
    """The sheet's source where it is a plain web address, which a reader may follow; anything else is only shown."""
    return source if source.startswith(("https://", "http://")) and source.isprintable() else ""
