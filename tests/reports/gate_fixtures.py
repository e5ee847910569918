"""Verdicts of gates as a real run gives them: one of each colour, and one with a baseline."""

from __future__ import annotations

from steelyard.records import (
    SUBJECT,
    BudgetVerdict,
    DetectorResult,
    Finding,
    GateVerdict,
    MeasurementResult,
    Verdict,
    VerdictWord,
)

__all__ = ["budgets", "gate_result", "gates_verdict", "measured_for"]


def gate_result(task: str, word: VerdictWord, **more: object) -> DetectorResult:
    """The result of one gate, on a suite of 700 items."""
    fields: dict[str, object] = {
        "task": task,
        "measurement": task,
        "at_least": "0.85",
        "right": 176,
        "asked": 200,
        "of": 700,
        "items": 700,
        "ci": (0.812, 0.926),
    }
    gate = GateVerdict(**{**fields, **more})  # type: ignore[arg-type]
    red = Finding(detector="gate", check="below_bar", task=task, message="the score is below the bar", p=0.004)
    return DetectorResult(
        test=f"gate-00-{task}",
        rule="gate@3",
        word=word,
        p=0.004 if word is VerdictWord.INCONSISTENT else 0.6,
        findings=(red,) if word is VerdictWord.INCONSISTENT else (),
        gate=gate,
    )


def budgets() -> tuple[DetectorResult, DetectorResult]:
    """The results of a gate on time that is green, and of one on cost that is red."""
    latency = BudgetVerdict(kind="latency", limit="2", quantile="0.95", seen=1.42, band=(1.2, 1.88))
    cost = BudgetVerdict(kind="cost", limit="0.002", seen=0.0031, band=(0.0025, None))
    return (
        gate_result("tickets", VerdictWord.CONSISTENT, at_least="", right=198, ci=None, budget=latency),
        gate_result("tickets", VerdictWord.INCONSISTENT, at_least="", right=0, ci=None, budget=cost),
    )


def measured_for(result: DetectorResult) -> MeasurementResult:
    """What was measured for one gate: 4 answers came after it had decided."""
    assert result.gate is not None
    asked = result.gate.asked + 4
    return MeasurementResult(
        measurement=result.gate.measurement, role=SUBJECT, task=result.gate.task, prompt="plain", scorer="exact@1",
        right=result.gate.right, asked=asked, of=700, planned=700, read_by=(result.test,), calls=asked,
        open=result.gate.open, prompt_tokens=90 * asked, completion_tokens=7 * asked, seconds=1.1 * asked, cost=0.0421,
    )  # fmt: skip


def gates_verdict(*results: DetectorResult) -> Verdict:
    """All colours, or the given results."""
    shown = results or (
        gate_result("tickets", VerdictWord.CONSISTENT, right=190),
        gate_result("refunds_and_returns", VerdictWord.INCONSISTENT, right=140, ci=(0.62, 0.77), open=2),
        gate_result("tone", VerdictWord.INSUFFICIENT_POWER, asked=700, right=598, ci=(0.845, 0.872), of=700),
        gate_result(
            "old tickets", VerdictWord.CONSISTENT, at_least="", baseline="ab" * 32, margin="2", worse=3, better=9,
            baseline_right=170, ci=(-0.0186, 0.0712),
        ),
    )  # fmt: skip
    words = {each.word for each in shown}
    whole = next(
        word
        for word in (VerdictWord.INCONSISTENT, VerdictWord.INSUFFICIENT_POWER, VerdictWord.CONSISTENT)
        if word in words
    )
    return Verdict(
        verdict=whole,
        exit={VerdictWord.INCONSISTENT: 1, VerdictWord.INSUFFICIENT_POWER: 3, VerdictWord.CONSISTENT: 0}[whole],
        model="support-bot",
        served="openai:support-bot@http://127.0.0.1:8000/v1",
        alpha=0.05,
        findings=tuple(finding for each in shown for finding in each.findings),
        measurements=tuple(measured_for(each) for each in shown),
        results=shown,
    )
