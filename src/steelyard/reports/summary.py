"""The summary of a run on one A4 page, for the person who decides: verdict, certainty and next step at a glance.

It is computed from the same verdict as the report, is not sealed, and says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from steelyard.planning.series import order_sentences, was_order_free
from steelyard.records import GATE_SERIES, DetectorResult, Finding, Plan, Verdict, VerdictWord
from steelyard.reports import choices, gates, headlines, words
from steelyard.reports.charts import css_name
from steelyard.reports.identity_checks import is_identity_check
from steelyard.reports.jinja import template
from steelyard.reports.measured import by_measurement, money_of, only_measured
from steelyard.reports.provenance import Provenance
from steelyard.reports.summary_choices import (
    choice_headline,
    choice_picture,
    choice_rows,
    choice_subject,
    choice_sure,
    choice_total,
    cost_heading,
    standing_label,
)
from steelyard.reports.summary_english import ENGLISH
from steelyard.reports.summary_gates import (
    drawn_ends,
    gate_row,
    gates_headline,
    gates_in_order,
    gates_sure,
    label_of,
)
from steelyard.reports.summary_german import GERMAN
from steelyard.reports.summary_identity import identity_headline, identity_label, identity_sure
from steelyard.reports.summary_numbers import Numbers
from steelyard.reports.summary_rows import (
    LINES,
    ROWS,
    Passage,
    Rows,
    claimed,
    claims_in_order,
    domain_of,
    fitted,
    model_names,
    named,
    rows_of,
)
from steelyard.reports.summary_steps import command, findings_in_words, steps_of, widest
from steelyard.reports.summary_words import Words
from steelyard.util.bounded_fraction import bounded_fraction
from steelyard.util.text import one_line

__all__ = ["LANGUAGES", "render"]

LANGUAGES: Final = {said.code: said for said in (ENGLISH, GERMAN)}
_FINDINGS, _TESTS, _SURE = 2, 2, 8  # more do not fit the sheet
_SPARSE = 8  # rows, findings, tests and steps together: a sheet with more is set closer


def render(verdict: Verdict, plan: Plan, provenance: Provenance, language: str = "en") -> str:
    """Write the summary's page in a language of :data:`LANGUAGES`.

    Nothing in it is loaded from elsewhere, and its policy (CSP) forbids scripts and every request. All text of others
    is escaped, bounded, and stripped of control characters.
    """
    said = LANGUAGES[language]
    numbers = Numbers(said.notation)
    all_tests = words.further_tests(verdict)
    if is_identity_check(verdict):  # a finding says what its test found
        all_tests = [each for each in all_tests if each.word is not VerdictWord.INCONSISTENT]
    findings, tests = verdict.findings[:_FINDINGS], all_tests[:_TESTS]
    if gates.is_gated(verdict) or choices.is_choice(verdict):
        findings = ()  # the row of a red gate, or of a candidate, says it
    lines = LINES - 3 * len(findings) - 2 * len(tests)
    rows = _rows(verdict, said, lines)
    steps, more_steps = steps_of(verdict, plan, provenance, said)
    label, lead = _lead(verdict, said)
    picture = choice_picture(verdict, said) if choices.is_choice(verdict) else ""
    return template("summary.html.j2").render(
        said=said,
        frame=said.frame,
        provenance=provenance,
        title=_title(verdict, said),
        model=choice_subject(verdict, said) if choices.is_choice(verdict) else _subject(verdict),
        by=_claimed_by(plan, said),
        lead_css=css_name(verdict.verdict),
        label=label,
        lead=lead,
        tally=_tally(verdict, said),
        level=numbers.level(verdict.alpha),
        rows=rows.shown,
        has_claims=bool(verdict.claims),
        columns=_columns(verdict, said),
        picture=picture,
        more_rows=_more(said.frame.more, rows.left, numbers),
        axis=rows.ends,
        findings=[_finding(each) for each in findings],
        more_findings=_more(said.frame.more, len(verdict.findings) - len(findings) if findings else 0, numbers),
        tests=_tests(tests, verdict, said),
        tests_heading=said.identity.heading if is_identity_check(verdict) else said.frame.tests,
        more_tests=_more(said.frame.more, len(all_tests) - len(tests), numbers),
        sure=list(_sure(verdict, plan, said))[:_SURE],
        steps=[(_with_options(each.text), each.commands) for each in steps],
        is_dense=len(rows.shown) + len(steps) + len(findings) + len(tests) + bool(picture) > _SPARSE,
        more_steps=_more(said.frame.more_steps, more_steps, numbers),
        facts=list(_facts(verdict, plan, provenance, said)),
        check=command("verify", provenance.folder),
        root=said.frame.root.format(root=provenance.root),
        run=said.frame.run.format(run=provenance.run),
    )


def _title(verdict: Verdict, said: Words) -> str:
    if gates.is_gated(verdict):
        return said.gates.title
    if choices.is_choice(verdict):
        return said.choice.title
    if is_identity_check(verdict):
        return said.identity.title
    return said.frame.title if verdict.claims or verdict.findings else said.frame.measured_title


def _subject(verdict: Verdict) -> str:
    """Whom the page is about: the model, or all that were measured beside each other."""
    models = model_names(verdict)
    return one_line(", ".join(models.values()), 120) if models else one_line(verdict.model, 60)


def _rows(verdict: Verdict, said: Words, lines: int) -> Rows:
    if choices.is_choice(verdict):
        return choice_rows(verdict, said, lines)
    if not gates.is_gated(verdict):
        return rows_of(verdict, said, lines)
    results = gates_in_order(verdict)
    domain = domain_of(drawn_ends(results[:ROWS]))
    rows = [gate_row(each, said, domain) for each in results[:ROWS]]
    return fitted(rows, len(results), domain, lines, said)


@dataclass(frozen=True)
class _Columns:
    """What stands above the rows: the section, its first and second column (empty: none), the legend's upright line."""

    heading: str
    first: str
    second: str = ""
    line: str = ""


def _columns(verdict: Verdict, said: Words) -> _Columns:
    if choices.is_choice(verdict):
        costs = cost_heading(verdict, said)
        return _Columns(said.choice.heading, said.choice.candidate, costs, said.choice.target)
    if gates.is_gated(verdict):
        return _Columns(said.gates.heading, said.gates.gate, said.gates.bar, said.gates.bar)
    if verdict.claims:
        return _Columns(said.frame.claims, said.frame.claim, said.frame.claimed)
    return _Columns(said.frame.measurements, said.frame.task)


def _lead(verdict: Verdict, said: Words) -> tuple[str, str]:
    if choices.is_choice(verdict):
        return choice_headline(verdict, said)
    if is_identity_check(verdict):
        return identity_headline(verdict, said, findings_in_words(verdict, said))
    return gates_headline(verdict, said) if gates.is_gated(verdict) else _headline(verdict, said)


def _sure(verdict: Verdict, plan: Plan, said: Words) -> Iterator[str]:
    if choices.is_choice(verdict):
        return choice_sure(verdict, said)
    if is_identity_check(verdict):
        return identity_sure(verdict, said)
    return gates_sure(verdict, said) if gates.is_gated(verdict) else _sureness(verdict, plan, said)


def _with_options(sentence: str) -> Any:
    """A sentence in which no option of a command is broken at its hyphens."""
    from markupsafe import Markup, escape

    option = r'<span class="option">\g<0></span>'
    return Markup(re.sub(r"--[a-z][a-z-]*", option, str(escape(sentence))))  # noqa: S704 — escaped here


def _more(message: str, number: int, numbers: Numbers) -> str:
    return message.format(number=numbers.count(number)) if number > 0 else ""


def _claimed_by(plan: Plan, said: Words) -> str:
    if plan.sheet is None:
        return ""
    vendor, date, files = one_line(plan.sheet.vendor, 40), plan.sheet.date, plan.sheet.source_files
    named = said.frame.claimed_on if date else said.frame.claimed_by
    parts = [named.format(vendor=vendor, date=Numbers(said.notation).date(date) if date else "")] if vendor else []
    parts += [said.frame.typed] if plan.sheet.typed else []
    parts += [f"{one_line(each.file, 40)}, SHA-256 {each.sha256[:16]}…" for each in files[:2]]
    return "; ".join(parts)


# ── the verdict in one sentence ─────────────────────────────────────────────────────────────────────────────────────


def _headline(verdict: Verdict, said: Words) -> tuple[str, str]:
    """The verdict's word, and the sentence that follows it."""
    label, lines = str(getattr(said.labels, verdict.verdict.value)), said.headlines
    match verdict.verdict:
        case VerdictWord.INCONSISTENT:
            return label, _inconsistent(verdict, said)
        case VerdictWord.CONSISTENT:
            within = widest(verdict.claims, Numbers(said.notation)) if verdict.claims else ""
            held = _counted(verdict, lines.holds, lines.hold_all, said, within)
            unread = Numbers(said.notation).names([named(task) for task in headlines.unread_fresh(verdict)])
            return label, f"{held} {lines.unread_fresh.format(tasks=unread)}" if unread else held
        case VerdictWord.UNVERIFIABLE:
            stated = next(claim for claim in verdict.claims if claim.verdict is verdict.verdict)
            within = Numbers(said.notation).interval(stated.standard, stated.unit) if stated.standard else "–"
            return label, _counted(verdict, lines.unverifiable, lines.unverifiable_many, said, within)
        case VerdictWord.INSUFFICIENT_POWER if not _of_word(verdict):
            return label, lines.undecided_test
        case VerdictWord.INSUFFICIENT_POWER:
            return label, _counted(verdict, lines.undecided, lines.undecided_many, said)
        case VerdictWord.NOT_TESTABLE:
            return label, _counted(verdict, lines.not_testable, lines.not_testable_many, said)
    if verdict.claims:
        return label, _counted(verdict, lines.not_tested, lines.not_tested_many, said)
    return said.labels.measured, _measured(verdict, said)


def _of_word(verdict: Verdict) -> int:
    return sum(claim.verdict is verdict.verdict for claim in verdict.claims)


def _counted(verdict: Verdict, one: str, many: str, said: Words, within: str = "") -> str:
    """A sentence on the claims that have the verdict's word: on the only one, or on so many of all."""
    numbers, number, of = Numbers(said.notation), _of_word(verdict), len(verdict.claims)
    if of == 1:
        only = verdict.claims[0]
        return one.format(task=named(only.task), within=within, claimed=claimed(only, numbers))
    return many.format(number=numbers.count(number), of=numbers.count(of), within=within)


def _inconsistent(verdict: Verdict, said: Words) -> str:
    numbers, lines = Numbers(said.notation), said.headlines
    below = [claim for claim in verdict.claims if claim.verdict is VerdictWord.INCONSISTENT and claim.asked]
    found = findings_in_words(verdict, said) if verdict.findings else ""
    if not below:
        by = {each.detector for each in verdict.findings}
        own = {"desk_screen": lines.table, "not_served": lines.not_served}
        line = own.get(by.pop(), lines.tests) if len(by) == 1 else lines.tests
        return line.format(findings=found)
    first, of = below[0], len(verdict.claims)
    values = {"number": numbers.count(len(below)), "of": numbers.count(of)}
    sentence = lines.below_many.format(**values) if len(below) < of else lines.below_all.format(**values)
    if len(below) == 1:
        measured = numbers.measured(first, first.unit)
        sentence = lines.below_one.format(task=named(first.task), claimed=claimed(first, numbers), measured=measured)
    return f"{sentence} {lines.besides.format(findings=found)}" if found else sentence


def _measured(verdict: Verdict, said: Words) -> str:
    numbers, results = Numbers(said.notation), [each for each in verdict.measurements if each.asked]
    if not results:
        return said.headlines.nothing
    if models := model_names(verdict):
        counts = {"of": numbers.count(len(results)), "models": numbers.count(len(models))}
        return said.headlines.measured_models.format(**counts)
    if len(results) > 1:
        return said.headlines.measured_many.format(of=numbers.count(len(results)))
    (result,) = results
    if result.measured is None and result.bounds:
        unread = {"number": numbers.count(result.open + result.missing), "of": numbers.count(result.asked)}
        ends = numbers.bounds(result.bounds, "percent")
        return said.headlines.measured_range.format(task=named(result.task), **unread, **ends)
    return said.headlines.measured.format(task=named(result.task), measured=numbers.measured(result, "percent"))


def _tally(verdict: Verdict, said: Words) -> list[tuple[str, str, str]]:
    """How many claims got which word: its class, the number, the word."""
    numbers = Numbers(said.notation)
    if choices.is_choice(verdict):
        return [
            (css_name(word), numbers.count(each), _in_sentence(standing_label(standing, said.choice)))
            for standing, word, each in choices.counted_standings(verdict)
        ]
    if gates.is_gated(verdict) and len(gates.gates_of(verdict)) > 1:
        colours = gates.counted_colours(verdict)
        return [(css_name(word), numbers.count(each), _in_sentence(label_of(word, said))) for _, word, each in colours]
    return [
        (css_name(word), numbers.count(number), _in_sentence(getattr(said.labels, word.value)))
        for _, word, number in (headlines.tally(verdict) if len(verdict.claims) > 1 else ())
    ]


def _in_sentence(label: str) -> str:
    return label[0].lower() + label[1:]


def _finding(finding: Finding) -> Passage:
    return Passage(f"{named(finding.task)}:" if finding.task else "", one_line(finding.message, 120))


def _tests(results: Iterable[DetectorResult], verdict: Verdict, said: Words) -> list[tuple[str, str, str]]:
    label = identity_label if is_identity_check(verdict) else _label
    return [(css_name(each.word), one_line(each.test, 60), _in_sentence(label(each.word, said))) for each in results]


def _label(word: VerdictWord, said: Words) -> str:
    return str(getattr(said.labels, word.value))


# ── how sure ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _sureness(verdict: Verdict, plan: Plan, said: Words) -> Iterator[str]:
    """What the numbers guarantee, and what they do not show, the most important first."""
    numbers, sure = Numbers(said.notation), said.sureness
    asked = [claim for claim in verdict.claims if claim.asked]
    found, rate = {claim.verdict for claim in asked}, numbers.rate(verdict.alpha)
    level = numbers.level(verdict.alpha)
    if asked:
        yield sure.accuse.format(rate=rate)
    if VerdictWord.CONSISTENT in found:
        yield sure.confirm.format(rate=rate)
    if shown := next((claim for claim in claims_in_order(verdict) if claim.asked and claim.ci), None):
        ends = numbers.bounds(shown.ci or (0.0, 1.0), shown.unit)
        yield sure.true_score.format(task=named(shown.task), level=level, **ends)
    if asked:
        tolerance = float(bounded_fraction(plan.tolerance or "0")) / 100
        yield sure.tolerance.format(margin=numbers.points(tolerance, "percent"))
    elif any(each.ci for each in only_measured(verdict)):
        yield sure.interval_measured.format(level=level)
    if VerdictWord.INCONSISTENT in found:
        yield sure.no_bad_faith
    elif asked or only_measured(verdict):
        yield sure.one_setup
    yield from _caveats(verdict, plan, said)


def _caveats(verdict: Verdict, plan: Plan, said: Words) -> Iterator[str]:
    numbers, sure = Numbers(said.notation), said.sureness
    asked = [claim for claim in verdict.claims if claim.asked]
    if plan.origin.kind == "imported":
        yield sure.imported.format(harness=one_line(plan.origin.harness, 40))
    if verdict.not_recomputed:
        yield sure.not_recomputed.format(number=numbers.count(len(verdict.not_recomputed)))
    if unread := sum(claim.missing + claim.open for claim in asked):
        yield sure.unread.format(number=numbers.count(unread))
    if any(claim.differences for claim in asked):
        yield sure.differences
    if any(claim.formats for claim in asked):
        yield sure.formats
    if any(each.how_read for each in verdict.measurements):
        yield sure.how_read


# ── who, when, what it took ─────────────────────────────────────────────────────────────────────────────────────────


def _addresses(verdict: Verdict, plan: Plan) -> list[str]:
    """What was asked: the served model, and the others that were measured beside it."""
    others = [plan.models[role].identity.uri for role in model_names(verdict) if role in plan.models]
    return [one_line(each, 80) for each in others or [verdict.served]]


def _facts(verdict: Verdict, plan: Plan, provenance: Provenance, said: Words) -> Iterator[tuple[str, str]]:
    """Name and value of each fact, on one line each."""
    numbers, who = Numbers(said.notation), said.who
    if not choices.is_choice(verdict):
        named_as = _names(verdict, plan, said)
        yield who.served, "; ".join(part for part in (*_addresses(verdict, plan), named_as) if part)
    dates = [who.planned.format(planned=numbers.date(plan.created))] if plan.created else []
    dates += [who.sealed.format(sealed=numbers.moment(provenance.sealed_at))] if provenance.sealed_at else []
    yield who.dates, " ".join(dates)
    signature = who.signed.format(key=provenance.signed_by) if provenance.signed_by else who.not_signed
    parts = [signature if provenance.is_sealed else who.not_sealed, _order(plan, said)]
    yield who.signature, "; ".join(part for part in parts if part)
    yield who.effort, _effort(verdict, plan, said)
    yield who.software, one_line(plan.software, 60)


def _order(plan: Plan, said: Words) -> str:
    """Who could have chosen the order of the questions, or how often the key asked them."""
    if not order_sentences(plan):
        return ""
    if was_order_free(plan):
        return said.who.order_chosen
    if plan.ledger is None:
        return said.who.no_ledger
    numbers = Numbers(said.notation)
    found = sorted({each.number for each in plan.questions.values() if not each.benchmark.startswith(GATE_SERIES)})
    if len(found) == 1:
        return said.who.audit_number.format(number=numbers.count(found[0]))
    return said.who.audit_numbers.format(number=f"{numbers.count(found[0])}–{numbers.count(found[-1])}")


def _names(verdict: Verdict, plan: Plan, said: Words) -> str:
    """The names of the endpoint, where they differ from the claimed one, and what follows from that."""
    identity, who = plan.subject.identity, said.who
    if not verdict.names:
        return ""
    answers = identity.details.get("answers_as", "") or identity.name
    named_as = who.named.format(asked=one_line(identity.name, 40), answers=one_line(answers, 40))
    remarks = {
        "accepted as one)": who.accepted,
        "two models by their names)": who.two_models,
        "one is taken for an alias)": who.alias,
        "states a precision)": who.precision,
    }
    remark = next((text for end, text in remarks.items() if verdict.names.endswith(end)), "")
    return f"{named_as} ({remark})" if remark else named_as


def _effort(verdict: Verdict, plan: Plan, said: Words) -> str:
    """Calls, time and tokens of all measurements, and the cost where the plan holds prices."""
    numbers, results = Numbers(said.notation), by_measurement(verdict)
    text = said.who.calls.format(
        calls=numbers.count(sum(each.calls for each in results)),
        time=numbers.duration(sum(each.seconds for each in results)),
        prompt=numbers.count(sum(each.prompt_tokens for each in results)),
        completion=numbers.count(sum(each.completion_tokens for each in results)),
    )
    cost = choice_total(verdict, said) if choices.is_choice(verdict) else _cost(verdict, plan, said)
    return f"{text}; {cost}" if cost else text


def _cost(verdict: Verdict, plan: Plan, said: Words) -> str:
    """What the tokens cost at the user's prices; empty unless all models that were asked have the same ones."""
    results = [each for each in by_measurement(verdict) if each.calls]
    known = [plan.models[each.role].limits for each in results]
    prices = {(each.price_prompt, each.price_completion, each.price_cached, each.price_reasoning) for each in known}
    amounts = [money_of(each, plan) for each in results]
    if len(prices) != 1 or None in amounts:
        return ""
    numbers = Numbers(said.notation)
    (price_in, price_out, price_cached, price_reasoning) = prices.pop()
    shown = {"amount": sum(filter(None, amounts)), "price_in": price_in, "price_out": price_out}
    text = said.who.cost.format(**{name: numbers.money(value or 0.0) for name, value in shown.items()})
    for price, sentence in ((price_cached, said.who.cached), (price_reasoning, said.who.reasoning)):
        text += "" if price is None else sentence.format(price=numbers.money(price))
    factor = plan.subject.limits.price_factor
    return text if factor == 1.0 else text + said.who.batches.format(factor=numbers.local(f"{factor:g}"))
