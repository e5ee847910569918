"""The verdict in Markdown (GitHub's flavour): a table, findings, notes and limits, for an issue or a wiki."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from steelyard.records import DetectorResult, Finding, Measurement, Plan, Verdict
from steelyard.reports import choices, gates, headlines, identity_checks, networks, words
from steelyard.reports.judging import UNCALIBRATED, judging_lines
from steelyard.reports.limits import limits
from steelyard.reports.measured import measured_words, only_measured
from steelyard.util.text import one_line

__all__ = ["escape", "gates_summary", "render"]

_SPECIAL = re.compile(
    r"""
      [\\`*_\[\]<>|~$^&]          # what opens markup anywhere
    | [@#]                        # what GitHub turns into mentions and issue links after rendering
    | :(?=[/\w])                  # bare addresses and :emoji:
    | (?<=www)\.                  # bare addresses without a scheme
    | ^[-+=](?=[-+=\s]|$)         # lists and rules at the start
    | (?<=^\d)[.)](?=\s|$)        # numbered lists at the start
    """,
    re.VERBOSE | re.IGNORECASE,
)


def escape(text: str, limit: int = 400) -> str:
    """Hostile text as Markdown that shows exactly this text: one line, no markup, link, table cell or mention."""
    return _SPECIAL.sub(_escaped, one_line(text, limit))


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    if character in "@#":
        # GitHub decodes an entity before it looks for mentions; an empty comment prevents the mention.
        return character + "<!-- -->"
    return f"&#{ord(character)};" if character in ":.<>&)" else "\\" + character


def render(verdict: Verdict, plan: Plan | None = None) -> str:
    """Write the verdict as Markdown, ending in a line feed; ``plan`` adds what was asked and the model's identity."""
    about, served = choices.subject_of(verdict)
    title = identity_checks.HELD if identity_checks.is_identity_check(verdict) else "Further tests"
    parts = [
        f"# Steelyard report: {escape(about, 80)}",
        f"**{escape(headlines.headline(verdict))}**",
        f"Asked: `{_code(served)}`. Exit code {verdict.exit}.",
        f"Held against the reference {escape(verdict.reference, 1500)}." if verdict.reference else "",
        escape(" ".join(verdict.order), 600),
        escape(verdict.names, 400),
        _claims(verdict),
        _gates(verdict),
        *(_choice(each, verdict) for each in choices.choices_of(verdict)),
        _measured(verdict),
        _list("The judge", _judging(verdict)),
        _list("Re-runs", _reruns(verdict, plan)),
        _list(title, [escape(words.test_sentence(each), 500) for each in words.further_tests(verdict)]),
        _list("Findings", [_finding(finding) for finding in verdict.findings]),
        _list("Notes (they prove nothing by themselves)", [escape(words.remark(note)) for note in verdict.notes]),
        _list("Not tested, and why", _untested(verdict)),
        _list("What was asked", _asked(plan)),
        _list("What this does not show", [escape(limit) for limit in limits(verdict, plan)]),
        "Check it yourself: in the run's folder, `steelyard verify .` recomputes all digests, scores and verdicts, "
        "offline.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _code(text: str) -> str:
    # A code span cannot hold a backtick of its own delimiter; nothing else is interpreted in it.
    return one_line(text, 120).replace("`", "'")


def _claims(verdict: Verdict) -> str:
    if not verdict.claims:
        return ""
    names = any(claim.answered_by for claim in verdict.claims)
    lines = [
        f"| Task | {'Answered by | ' if names else ''}Claimed | Measured | {words.interval_name(verdict)} | Asked "
        "| Verdict |",
        f"| :-- | {':-- | ' if names else ''}--: | --: | --: | --: | :-- |",
    ]
    for claim in verdict.claims:
        row = words.claim_words(claim)
        answered = (networks.in_words(claim) or "–",) if names else ()
        cells = (row.task, *answered, row.claimed, row.measured, row.interval, row.asked)
        lines.append(
            f"| {' | '.join(escape(cell, 1000) for cell in cells)} | {words.SIGNS[row.verdict]} {escape(row.full)} |"
        )
    return "\n".join(lines)


def _gates(verdict: Verdict) -> str:
    results = gates.gates_of(verdict)
    if not results:
        return ""
    lines = [
        f"| Gate | Bar | Seen | {words.interval_name(verdict)} | Asked | Colour | Took |",
        "| :-- | :-- | --: | --: | --: | :-- | :-- |",
    ]
    for row in (gates.gate_words(each, verdict) for each in results):
        cells = [escape(cell, 400) for cell in (row.task, row.bar, row.seen, row.interval, row.asked)]
        colour = f"{words.SIGNS[row.word]} **{row.colour}**{f' ({escape(row.reason)})' if row.reason else ''}"
        lines.append(f"| {' | '.join((*cells, colour, escape(row.cost)))} |")
    return "\n".join(lines)


def _choice(result: DetectorResult, verdict: Verdict) -> str:
    headings = choices.headings(result, verdict)
    lines = [f"| Model, the cheapest first | | {' | '.join(headings)} |", f"| :-- | :-- |{' --: |' * len(headings)}"]
    for row in choices.candidate_words(result, verdict):
        cells = " | ".join(escape(cell, 200) for cell in row.cells)
        lines.append(f"| {escape(row.model)} | {words.SIGNS[row.word]} **{row.standing}** | {cells} |")
    return "\n".join(lines)


def gates_summary(verdict: Verdict, failing: Mapping[str, Sequence[str]]) -> str:
    """The gates for the summary of a CI job: the sentence, the table, and lines about the first failing samples."""
    found = [escape(line.strip()) for each in gates.gates_of(verdict) for line in failing.get(each.test, ())]
    parts = [
        f"### Steelyard gate: {escape(headlines.headline(verdict))}",
        _gates(verdict),
        escape(gates.ABOUT_PEOPLE, 400)
        if any(each.gate and each.gate.people for each in gates.gates_of(verdict))
        else "",
        "First failing samples:\n\n" + "\n".join(f"- {line}" for line in found) if found else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _measured(verdict: Verdict) -> str:
    rows = [measured_words(each) for each in only_measured(verdict)]
    if not rows:
        return ""
    lines = [
        f"| Task | Prompt format | Measured | {words.interval_name(verdict)} | Asked | Also |",
        "| :-- | :-- | --: | --: | --: | :-- |",
    ]
    for row in rows:
        cells = (row.task, row.prompt, row.measured, row.interval, row.asked, row.detail)
        lines.append(f"| {' | '.join(escape(cell, 800) for cell in cells)} |")
    return "\n".join(lines)


def _judging(verdict: Verdict) -> list[str]:
    if verdict.judging is None:
        return []
    rows = [f"{escape(name, 200)}: {escape(text, 600)}" for name, text in judging_lines(verdict.judging)]
    return [*rows, escape(UNCALIBRATED)]


def _list(title: str, items: list[str]) -> str:
    return f"## {title}\n\n" + "\n".join(f"- {item}" for item in items) if items else ""


def _reruns(verdict: Verdict, plan: Plan | None) -> list[str]:
    measurements = words.measurements_of(plan)
    sentences = ((claim.task, words.reruns(claim, measurements.get(claim.measurement))) for claim in verdict.claims)
    return [f"{escape(task, 80)}: {escape(sentence)}" for task, sentence in sentences if sentence]


def _finding(finding: Finding) -> str:
    numbers = words.finding_numbers(finding)
    source = f"`{_code(finding.detector)}`, `{_code(finding.check)}`"
    return f"{escape(words.remark(finding))} ({', '.join(part for part in (source, escape(numbers)) if part)})"


def _untested(verdict: Verdict) -> list[str]:
    return [
        escape(f"{', '.join(tasks)}: {word.words}{f' ({reason})' if reason else ''}", 2000)
        for word, reason, tasks in words.untested(verdict)
    ]


def _asked_of(measurement: Measurement, plan: Plan) -> str:
    task, identity = escape(measurement.task, 80), plan.models[measurement.role].identity
    return task if len(plan.models) == 1 else f"{task}, {escape(identity.name or identity.uri, 80)}"


def _asked(plan: Plan | None) -> list[str]:
    if plan is None:
        return []
    lines = []
    for each in (each for each in plan.measurements if not each.again):
        samples, seed = words.counted(each.population, "sample"), _code(each.order_seed)
        served = [served for served in plan.served if served.reads.measurement == each.id]
        differences = dict.fromkeys([*each.differences, *(text for one in served for text in one.differences)])
        differs = (
            f" Differs from the vendor: {escape('; '.join(differences).rstrip('.'), 2000)}." if differences else ""
        )
        differs += f" How the file was read: {escape(each.how_read, 2000)}" if each.how_read else ""
        lines.append(
            f"{_asked_of(each, plan)}: prompt format `{_code(each.prompt)}`, {each.kind}, {each.decoding}, "
            f"scorer `{_code(', '.join(each.scorers))}`, {samples}, order seed `{seed}`.{differs}"
        )
    for role, planned in plan.models.items():
        model = planned.identity
        digest = f", SHA-256 `{_code(model.sha256)}`" if model.sha256 else ""
        named = f"Model ({escape(role, 40)})" if len(plan.models) > 1 else "Model"
        lines.append(f"{named}: {escape(model.name or model.uri)}, {escape(model.backend or 'an endpoint')}{digest}.")
    return lines
