"""``steelyard.gate``: does a model reach a bar on a suite? For the command line, Python and the pytest plugin."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from steelyard.api.choices import RunChoices, arguments_from, check_names, takes
from steelyard.api.conduct import Job, conduct, requested_job, run_request, signer_at
from steelyard.api.results import RunResult
from steelyard.errors import InputError
from steelyard.records import PlanInput, RequestedTest
from steelyard.util.background import Interruption, Work, call

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments
    from steelyard.api.models import AnyModels
    from steelyard.evidence.keys import KeySigner
    from steelyard.planning.options import Options

__all__ = [
    "Bar",
    "bar_of",
    "budgets_of",
    "check_is_counted",
    "failing_samples",
    "gate",
    "gate_job",
    "passed_or_failed",
    "rule_of",
    "share_text",
]

Bar = Callable[[str], tuple[dict[str, Any], dict[str, PlanInput]]]
SHOWN = 5  # failing samples in a log


@takes(RunChoices)
def gate(
    task: str | Path,
    *,
    model: AnyModels,
    at_least: str | float | None = None,
    baseline: str | Path | None = None,
    margin: str | float | None = None,
    family: int = 1,
    rule: str | None = None,
    strict_series: bool = False,
    max_latency_p95: str | float | None = None,
    max_cost_per_answer: str | float | None = None,
    **choices: Unpack[RunChoices],
) -> RunResult:
    """Ask a suite until it is shown that a model's score is at least a bar, or below it, as ``steelyard gate`` does.

    With a ``baseline`` the bar is that run's score less the ``margin``, and answers are paired with its own.

    Args:
        task: the folder of a suite, a file of questions or a built-in task's id, as :func:`steelyard.run` takes it.
        model: as :func:`steelyard.audit` takes it.
        at_least: the least share of right answers that is green: 0.85 or "85%".
        baseline: in its place, the folder of a finished run of the whole suite.
        margin: how many percentage points worse than the baseline is tolerated.
        rule: in place of both, how many of all questions must be right, as "18 of 20": about these questions only. A
            suite may have its own.
        family: how many gates have one level together; red is then decided at α/family.
        strict_series: all gates of this model with these prompts, by the ledger of the key, have one level together.
        max_latency_p95: within which time 95 % of this run's answers must come: "2s", "0.8s" or seconds. A gate of its
            own, as the next one is, which asks the whole suite and has no error rate.
        max_cost_per_answer: the most that this run's answers may cost on average, at the prices given.
        choices: as those of :func:`steelyard.run`, without ``repeats``.

    Returns:
        A result whose ``exit_code`` is 0 for green, 1 for red, 3 for undecided, 4 where answers are missing.

    Raises:
        SteelyardError: as :func:`steelyard.audit` does. A red gate raises nothing.
    """
    given = check_names("gate", RunChoices, choices)
    if "repeats" in given:
        raise TypeError("gate() asks each item once: leave repeats out")
    rule = rule_of(task, rule, at_least, baseline)
    if sum(each is not None for each in (rule, at_least, baseline)) != 1 or (baseline is None) != (margin is None):
        raise TypeError("gate() takes at_least, baseline and margin, or rule")
    bar = bar_of(at_least, baseline, margin, family, rule, strict_series=strict_series)
    budgets = budgets_of(max_latency_p95, max_cost_per_answer)
    return call(_work(partial(_job, task, bar, budgets, given), model, given, strict_series=strict_series))


def bar_of(
    at_least: str | float | None,
    baseline: str | Path | None,
    margin: str | float | None,
    family: int,
    rule: str | None = None,
    *,
    strict_series: bool = False,
) -> Bar:
    """What a gate asks for, by the name of its task. Raises InputError for a baseline or a margin that is none."""
    if rule is not None:
        return lambda task: ({"rule": rule}, {})
    more: dict[str, Any] = {"family": family} if family != 1 else {}
    more |= {"strict_series": True} if strict_series else {}
    if baseline is None:
        options: dict[str, Any] = {"at_least": share_text(str(at_least), "--at-least")}
        return lambda task: (options | more, {})
    from steelyard.api.gate_runs import baseline_bar, points_of, sealed_run

    points, run = points_of(str(margin)), sealed_run(Path(baseline).expanduser())

    def bar(task: str) -> tuple[dict[str, Any], dict[str, PlanInput]]:
        options, inputs = baseline_bar(run, task, points)
        return options | more, inputs

    return bar


def rule_of(task: str | Path, rule: str | None, at_least: object, baseline: object) -> str | None:
    """The rule that is given, else that of the suite where nothing else is."""
    from steelyard.tasks.suite_file import is_suite, read_suite

    if (rule, at_least, baseline) == (None, None, None) and is_suite(Path(task)):
        return read_suite(Path(task)).rule or None
    return rule


def budgets_of(latency: str | float | None, cost: str | float | None) -> tuple[dict[str, Any], ...]:
    """The options of a gate's budgets; raises InputError for a time or an amount that is none."""
    from decimal import Decimal

    from steelyard.util.duration import read_duration

    found: list[dict[str, Any]] = []
    if latency is not None:
        seconds = read_duration(latency, "--max-latency-p95")
        found.append({"seconds": format(Decimal(str(seconds)).normalize(), "f"), "quantile": "0.95"})
    if cost is not None:
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", str(cost)) or not float(cost):
            raise InputError(f"--max-cost-per-answer {str(cost)[:20]!r}: an amount above 0, as 0.002")
        found.append({"cost": format(Decimal(str(cost)).normalize(), "f")})
    return tuple(found)


def check_is_counted(args: RunArguments, signer: KeySigner | None) -> None:
    """Raise InputError where no ledger counts how often a gate is asked."""
    if signer is None or args.no_ledger:
        raise InputError(
            "--strict-series counts gates by the ledger of your key: make one with steelyard key new, and leave "
            "--no-ledger out"
        )


def gate_job(
    task: str | Path,
    options: Options,
    bar: Bar,
    prompt: str = "",
    shots: int | None = None,
    temperature: float | None = None,
    budgets: Sequence[dict[str, Any]] = (),
) -> Job:
    """A gate on one task; ``bar`` gives the detector's options and the plan's inputs for the task's name.

    ``budgets`` are the options of further gates, on time and cost.

    Raises InputError for a task that is none, and what ``bar`` raises.
    """
    wanted, options = run_request(task, prompt, shots, temperature, options)
    own, inputs = bar(wanted.task)
    gates = [("budget" if "rule" in own else "gate", own), *(("budget", each) for each in budgets)]
    requested = [
        RequestedTest(
            detector=detector,
            task=wanted.task,
            prompt=prompt,
            shots=shots,
            temperature=temperature or 0.0,
            options=each,
        )
        for detector, each in gates
    ]
    return requested_job(requested, options, inputs)


def share_text(given: str, option: str) -> str:
    """``85%`` or ``0.85`` as a decimal text above 0 and at most 1; raises InputError, naming ``option``, for others."""
    from decimal import Decimal

    from steelyard.util.decimal_share import decimal_share

    text = given
    if given.endswith("%"):
        with suppress(ArithmeticError):
            text = format((Decimal(given[:-1].strip()) / 100).normalize(), "f")
    if not 0 < (decimal_share(text) or 0) <= 1:
        raise InputError(f"{option} {given[:20]!r}: it is above 0 and at most 1, as 0.9 or 90%")
    return text


def passed_or_failed(run: Path) -> list[str]:
    """Each question of a run in the committed order: ``pass: ID (right)``."""
    from steelyard.auditing.answers import answers_of
    from steelyard.storage.run_folder import RunFolder
    from steelyard.util.text import one_line

    found = sorted(answers_of(RunFolder.open(run), lambda score: True), key=lambda each: each.position)
    return [
        f"{'pass' if each.reading == 'right' else 'fail'}: {one_line(each.sample, 60)} ({each.reading})"
        for each in found
    ]


def failing_samples(
    run: Path, measurement: str, *, with_texts: bool = False, among: Collection[str] | None = None
) -> list[str]:
    """The first failing samples of a measurement in the committed order, one line each.

    Texts are in them only ``with_texts``, and where the run has them. ``among``: only these samples.
    """
    from steelyard.auditing.answers import answers_of
    from steelyard.storage.run_folder import RunFolder
    from steelyard.util.text import one_line

    found = [
        each
        for each in answers_of(RunFolder.open(run), lambda score: score.value != 1 and score.measurement == measurement)
        if each.position >= 0 and (among is None or each.sample in among)
    ]
    lines = []
    for each in sorted(found, key=lambda each: each.position)[:SHOWN]:
        line = f"  {one_line(each.sample, 60)}: {each.reading}"
        if with_texts and each.question is not None:
            line += f": {one_line(each.question, 120)} → {one_line(each.answer or '', 80)}"
            line += f" (expected {one_line(each.expected or '', 60)})"
        lines.append(line)
    return lines


def _job(
    task: str | Path, bar: Bar, budgets: Sequence[dict[str, Any]], given: dict[str, Any], args: RunArguments
) -> Job:
    from steelyard.api.options import options_of

    asked = given.get("prompt", ""), given.get("shots"), given.get("temperature")
    return gate_job(task, options_of(args), bar, *asked, budgets)


def _work(prepare: partial[Job], model: AnyModels, given: dict[str, Any], *, strict_series: bool) -> Work[RunResult]:
    async def work(interruption: Interruption) -> RunResult:
        args = arguments_from(given, model)
        signer = signer_at(args.key)
        if strict_series:
            check_is_counted(args, signer)
        conducted = await conduct(prepare(args), args, signer, interruption.handled_by)
        return RunResult(conducted.verdict, conducted.folder)

    return work
