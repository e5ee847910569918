"""Gates as JUnit XML, which GitLab, Jenkins and others read: one test case for each gate.

The form is that of the Ant task, as GitLab and Jenkins read it: ``testsuites/testsuite/testcase`` with ``failure``,
``error`` or ``skipped`` (https://docs.gitlab.com/ci/testing/unit_test_reports/).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

from steelyard.errors import ExitCode
from steelyard.records import DetectorResult, Verdict
from steelyard.reports.gates import gate_words, gates_of
from steelyard.util.text import one_line

__all__ = ["Undecided", "render"]

Undecided = Literal["fail", "skip"]


def render(
    verdict: Verdict, failing: Mapping[str, Sequence[str]], undecided: Undecided = "fail", folder: str = ""
) -> str:
    """The gates of a verdict as XML; ``failing`` are lines about the first failing samples, by the gate's test.

    Red is a failure. Undecided is a failure or skipped, as chosen; where answers are missing it is an error. All text
    of others is on one line, without control characters.
    """
    cases = [_case(each, verdict, failing.get(each.test, ()), undecided, folder) for each in gates_of(verdict)]
    counts = {kind: sum(f"<{kind}" in case for case in cases) for kind in ("failure", "error", "skipped")}
    seconds = sum(each.seconds for each in verdict.measurements)
    numbers = (
        f'tests="{len(cases)}" failures="{counts["failure"]}" errors="{counts["error"]}" '
        f'skipped="{counts["skipped"]}" time="{seconds:.3f}"'
    )
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites {numbers}>",
        f'<testsuite name="steelyard gate" {numbers}>',
        *cases,
        "</testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _case(result: DetectorResult, verdict: Verdict, failing: Sequence[str], undecided: Undecided, folder: str) -> str:
    row = gate_words(result, verdict)
    seconds = sum(
        each.seconds
        for each in verdict.measurements
        if result.gate is not None and each.measurement == result.gate.measurement
    )
    named = f'classname="steelyard.gate" name={quoteattr(f"{row.task} {row.bar}")} time="{seconds:.3f}"'
    text = "\n".join([row.sentence, *(one_line(line, 400) for line in failing)])
    out = f"<system-out>{escape(one_line(f'took {row.cost}; run {folder}', 400))}</system-out>"
    inside = ""
    if row.colour == "red":
        inside = _outcome("failure", "red", row.sentence, text)
    elif verdict.exit == ExitCode.PLAN_NOT_MET:
        inside = _outcome("error", "missing", f"answers are missing; {row.sentence}", text)
    elif row.colour == "undecided":
        kind = "failure" if undecided == "fail" else "skipped"
        inside = _outcome(kind, "undecided", row.sentence, text)
    return f"<testcase {named}>{inside}{out}</testcase>"


def _outcome(tag: str, kind: str, message: str, text: str) -> str:
    type_ = "" if tag == "skipped" else f' type="{kind}"'
    return f"<{tag}{type_} message={quoteattr(message)}>{escape(text)}</{tag}>"
