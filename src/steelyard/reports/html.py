"""The report as one HTML file: no script, no network, light and dark, on paper and on a phone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from steelyard.evidence.forms import is_sha256
from steelyard.records import (
    ClaimVerdict,
    DetectorResult,
    Finding,
    GateVerdict,
    Limits,
    Measurement,
    MeasurementResult,
    Plan,
    PlannedTest,
    Verdict,
)
from steelyard.reports import choices, gates, headlines, identity_checks, networks, words
from steelyard.reports.charts import claims_chart, closing_chart, css_name, drawable, interval_bar
from steelyard.reports.jinja import markup, template
from steelyard.reports.judging import UNCALIBRATED, judging_lines
from steelyard.reports.limits import limits
from steelyard.reports.measured import by_measurement, measured_task, measured_words, money_of, only_measured

__all__ = ["render"]

_KINDS = {
    "generate": "text",
    "loglikelihood": "log-likelihood of each option",
    "next_token": "log-probabilities of the likeliest next tokens",
}


def render(verdict: Verdict, plan: Plan | None = None, plan_sha256: str = "") -> str:
    """Write the report's page; ``plan`` adds the measurements, the model's identity and how to verify.

    The beginning of ``plan_sha256``, the digest of the sealed plan, names the run at its end and on every sheet.

    Nothing in it is loaded from elsewhere: its policy (CSP) forbids scripts and every request. All text of others
    is escaped, and stripped of control characters (:func:`steelyard.util.text.one_line`).
    """
    asked = words.measurements_of(plan)
    lead_word, _, lead_rest = headlines.headline(verdict).partition(": ")
    drawn = drawable(verdict.claims)
    about, served = choices.subject_of(verdict)
    return template("report.html.j2").render(
        verdict=verdict,
        about=about,
        served=served,
        plan=plan,
        vendor=plan.sheet.vendor if plan and plan.sheet else "",
        sheet_date=plan.sheet.date if plan and plan.sheet else "",
        lead_word=lead_word,
        lead_rest=lead_rest,
        lead_class=css_name(verdict.verdict),
        tally=[(word, css_name(css), number) for word, css, number in headlines.tally(verdict)],
        interval_name=words.interval_name(verdict),
        chart_wide=markup(claims_chart(drawn, name="claims-wide")) if drawn else "",
        chart_narrow=markup(claims_chart(drawn, narrow=True, name="claims-narrow")) if drawn else "",
        rows=[_row(claim, asked) for claim in verdict.claims],
        gates=[
            (row := gates.gate_words(each, verdict), css_name(row.word), _breakable(row.task), _gate_bar(each.gate))
            for each in gates.gates_of(verdict)
        ],
        gated=gates.is_gated(verdict),
        choices=[_choice(each, verdict) for each in choices.choices_of(verdict)],
        chosen=choices.is_choice(verdict),
        held=identity_checks.HELD if identity_checks.is_identity_check(verdict) else "",
        measured=(measured := [_measured(each) for each in only_measured(verdict)]),
        measured_more=any(each["words"].detail for each in measured),
        judging=judging_lines(verdict.judging) if verdict.judging else [],
        uncalibrated=UNCALIBRATED,
        closings=[_closing(index, claim) for index, claim in enumerate(drawn) if len(claim.trace) > 2],
        tests=[(css_name(each.word), words.test_sentence(each)) for each in words.further_tests(verdict)],
        findings=[_finding(finding) for finding in verdict.findings],
        notes=[words.remark(note) for note in verdict.notes],
        asked=[_asked(measurement, plan) for measurement in asked.values()] if plan else [],
        costs=[_cost(each, plan) for each in by_measurement(verdict) if each.calls],
        total=_total(verdict, plan),
        priced=plan is not None and any(_is_priced(model.limits) for model in plan.models.values()),
        prices_of_parts=_prices_of_parts(plan),
        run=plan_sha256[:16] if is_sha256(plan_sha256) else "",
        identity=_identity(plan),
        limits=limits(verdict, plan),
        source_link=_web_address(plan.sheet.source) if plan and plan.sheet else "",
        exit_meaning=headlines.exit_meaning(verdict),
        screened=not (
            headlines.only_measures(verdict)
            or gates.is_gated(verdict)
            or choices.is_choice(verdict)
            or identity_checks.is_identity_check(verdict)
        ),
        level=f"{100 * verdict.alpha:g} %" if math.isfinite(verdict.alpha) else "",
    )


def _row(claim: ClaimVerdict, asked: Mapping[str, Measurement]) -> dict[str, Any]:
    row = words.claim_words(claim)
    return {
        "words": row,
        "task": _breakable(row.task),
        "css": css_name(claim.verdict),
        "asked": claim.asked,
        "asked_lines": row.asked.split(", "),
        "reruns": words.reruns(claim, asked.get(claim.measurement)),
        "answered": networks.in_words(claim),
    }


def _measured(result: MeasurementResult) -> dict[str, Any]:
    row = measured_words(result)
    bar = markup(interval_bar(result.measured, result.ci, result.bounds)) if result.ci else ""
    return {"words": row, "task": _breakable(row.task), "asked_lines": row.asked.split(", "), "bar": bar}


def _gate_bar(gate: GateVerdict | None) -> Any:
    """The interval of a score on a scale from 0 to 100 %, with the bar on it; nothing for a difference."""
    if gate is None or gate.ci is None or gate.baseline or gate.budget is not None:
        return ""
    least, most = gate.right / gate.asked, (gate.right + gate.open + gate.missing) / gate.asked
    return markup(interval_bar(least if least == most else None, gate.ci, (least, most), float(gate.at_least)))


def _choice(result: DetectorResult, verdict: Verdict) -> dict[str, Any]:
    choice = result.choice
    assert choice is not None
    rows = []
    for row, each in zip(choices.candidate_words(result, verdict), choice.candidates, strict=True):
        bar = ""
        if each.ci is not None:
            least, most = each.right / each.asked, (each.right + each.open + each.missing) / each.asked
            point = least if least == most else None
            bar = markup(interval_bar(point, each.ci, (least, most), float(choice.target)))
        rows.append((row, css_name(row.word), bar))
    target = f"{float(choice.target) * 100:g} %"
    return {"target": target, "headings": choices.headings(result, verdict), "rows": rows}


def _breakable(name: str) -> Any:
    """A task's name with optional line breaks after underscores."""
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


def _asked(measurement: Measurement, plan: Plan) -> dict[str, Any]:
    repeats = f", each {measurement.repeats} times" if measurement.repeats > 1 else ""
    decoding = "greedy"
    if measurement.decoding == "sampled":
        decoding = f"sampled at temperature {measurement.temperature:g}"
    kind = _KINDS[measurement.kind]
    facts = [
        ("Prompt format", measurement.prompt),
        ("Asked for", f"{kind}, {decoding}"),
        ("Samples", f"{words.count(measurement.population)}{repeats}"),
        ("Scorer" if len(measurement.scorers) == 1 else "Scorers", ", ".join(measurement.scorers)),
    ]
    if measurement.limit is not None:
        facts.insert(3, ("Limit on samples", words.count(measurement.limit)))
    if measurement.how_read:
        facts.append(("How the file was read", measurement.how_read))
    for test in plan.readers_of(measurement.id):
        facts += _test_facts(measurement, test)
    digests = [("Order seed", measurement.order_seed), ("Merkle root of the samples", measurement.samples_root)]
    served = [each for each in plan.served if each.reads.measurement == measurement.id]
    differences = dict.fromkeys([*measurement.differences, *(text for each in served for text in each.differences)])
    model = plan.models[measurement.role].identity if len(plan.models) > 1 else None
    shown = {"model": (model.name or model.uri) if model else ""}
    return shown | {"plan": measurement, "facts": facts, "digests": digests, "differences": list(differences)}


def _test_facts(measurement: Measurement, test: PlannedTest) -> list[tuple[str, str]]:
    below, least = test.sealed.get("accuse"), test.sealed.get("confirm")
    facts = [(f"Weight of {test.id} in the report's error rate", f"{test.weight:.3g}")]
    if isinstance(below, int) and isinstance(least, int) and measurement.id == test.reads[0].measurement:
        of = f"right of {words.count(measurement.trials)}"
        more = "; further apart by the noise where answers vary" if test.sealed.get("varies") else ""
        facts.insert(0, ("Counts as the claim", f"{words.count(least)} {of}, or more{more}"))
        facts.insert(1, ("Counts as below the claim", f"fewer than {words.count(below)} {of}"))
    return facts


@dataclass(frozen=True)
class _Cost:
    """Calls, tokens and time of one measurement, or of all."""

    task: str
    calls: int
    prompt: int
    completion: int
    seconds: float
    money: float | None
    cached: int
    reasoning: int

    @property
    def tokens_in(self) -> str:
        """The prompt tokens as text, and how many of them the endpoint had cached."""
        return words.count(self.prompt) + (f" ({words.count(self.cached)} cached)" if self.cached else "")

    @property
    def tokens_out(self) -> str:
        """The completion tokens as text, and how many of them were reasoning."""
        return words.count(self.completion) + (f" ({words.count(self.reasoning)} reasoning)" if self.reasoning else "")

    @property
    def price(self) -> str:
        """The money as text, in the currency of the user's prices, which nobody stated."""
        return "–" if self.money is None else f"{self.money:,.2f}" if self.money >= 1 else f"{self.money:.2g}"

    @property
    def time(self) -> str:
        """The time as text."""
        return words.about_time(self.seconds)


def _is_priced(limits: Limits) -> bool:
    return limits.cost_of(0, 0) is not None


def _prices_of_parts(plan: Plan | None) -> str:
    """Which tokens have a price of their own, in parentheses; empty where none have."""
    known = [model.limits for model in plan.models.values()] if plan else []
    kinds = ["cached"] if any(limits.price_cached is not None for limits in known) else []
    kinds += ["reasoning"] if any(limits.price_reasoning is not None for limits in known) else []
    return f" ({' and '.join(kinds)} tokens at prices of their own)" if kinds else ""


def _cost(result: MeasurementResult, plan: Plan | None) -> _Cost:
    """Calls, tokens, time and, at the prices that the user gave, the money for the tokens that were reported."""
    return _Cost(
        measured_task(result, plan),
        result.calls,
        result.prompt_tokens,
        result.completion_tokens,
        result.seconds,
        money_of(result, plan),
        result.cached_tokens,
        result.reasoning_tokens,
    )


def _total(verdict: Verdict, plan: Plan | None) -> _Cost:
    costs = [_cost(each, plan) for each in by_measurement(verdict)]
    known = [cost.money for cost in costs if cost.money is not None]
    return _Cost(
        "Total",
        sum(cost.calls for cost in costs),
        sum(cost.prompt for cost in costs),
        sum(cost.completion for cost in costs),
        sum(cost.seconds for cost in costs),
        sum(known) if known else None,
        sum(cost.cached for cost in costs),
        sum(cost.reasoning for cost in costs),
    )


def _identity(plan: Plan | None) -> list[tuple[str, str]]:
    if plan is None:
        return []
    found = []
    for role, model in plan.models.items():
        identity = model.identity
        named = [
            ("Model URI", identity.uri),
            ("Name", identity.name),
            ("SHA-256", identity.sha256),
            ("Backend", identity.backend),
            ("Machine", identity.machine),
        ]
        prefix = "" if len(plan.models) == 1 else f"{role}: "
        found += [(prefix + name, value) for name, value in [*named, *sorted(identity.details.items())] if value]
    return found


def _web_address(source: str) -> str:
    """The sheet's source where it is a plain web address, which a reader may follow; anything else is only shown."""
    return source if source.startswith(("https://", "http://")) and source.isprintable() else ""
