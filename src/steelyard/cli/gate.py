"""``steelyard gate``: green, red or undecided, for CI: exit code 0, 1 or 3; 4 where answers are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.api.arguments import REAL_RANGES
from steelyard.cli.options import asking_options, dry_run_option, json_option, run_arguments, whole, with_subject
from steelyard.cli.output import print_dry_run, print_json, print_open, print_places
from steelyard.errors import ExitCode, InputError

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments
    from steelyard.records import Verdict

__all__ = ["command"]


@click.command()
@click.argument("task")
@asking_options
@click.option("--at-least", metavar="SHARE", help="The least share of right answers that is green: 0.85 or 85%.")
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="In place of --at-least: a finished run of the whole suite, with whose answers these are paired.",
)
@click.option("--margin", metavar="POINTS", help="How many percentage points worse than --baseline is tolerated: 2.")
@click.option(
    "--rule",
    metavar="K of N",
    help="In place of both: at least K of the suite's N questions right, as '18 of 20', about these questions only "
    "(default: the suite's own rule).",
)
@click.option(
    "--family",
    type=click.IntRange(1, 100_000),
    default=1,
    help="How many gates have one level together, in this run and in others: red is decided at 5 %/N.  [default: 1]",
)
@click.option(
    "--strict-series",
    is_flag=True,
    help="All gates of this model with these prompts have one level together, by the ledger of your key: the n-th one "
    "6/(π²n²) of it.",
)
@click.option(
    "--max-latency-p95",
    metavar="TIME",
    help="A further gate: 95 % of this run's answers come within this time, as 2s. It asks the whole suite.",
)
@click.option(
    "--max-cost-per-answer",
    metavar="AMOUNT",
    help="A further gate: this run's answers cost at most this on average, at your --price or --prices.",
)
@click.option("--prompt", default="", help="The prompt format (of the task's file); default: the task's own.")
@click.option("--shots", type=whole("shots"), help="Worked examples to show; default: the task's own number.")
@click.option(
    "--temperature", type=click.FloatRange(*REAL_RANGES["temperature"]), metavar="T", help="Sampling temperature."
)
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Write JUnit XML for GitLab or Jenkins.")
@click.option(
    "--undecided",
    type=click.Choice(["fail", "skip"]),
    default="fail",
    help="What an undecided gate is in --junit; the exit code is 3 either way.  [default: fail]",
)
@click.option(
    "--summary",
    metavar="github|FILE",
    help="Write Markdown to the summary of a GitHub Actions step ($GITHUB_STEP_SUMMARY), or to FILE.",
)
@click.option(
    "--self-test",
    is_flag=True,
    help="Ask the baseline's model twice more and print how often this gate would be wrong, and how often it flips.",
)
@click.option(
    "--file",
    "files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Where TASK is a judge's run: a file with people's labels, as steelyard judge calibrate takes it (default: "
    "those beside the run).",
)
@click.option(
    "--run",
    "judged",
    type=click.Path(path_type=Path),
    help="Where TASK is a judge's run: the run that was judged, if it is not where it was.",
)
@click.option(
    "--expect", metavar="SHARE", help="With --dry-run: the share of right answers that you expect of the model, as 0.9."
)
@dry_run_option
@json_option
def command(
    task: str,
    at_least: str | None,
    baseline: Path | None,
    margin: str | None,
    rule: str | None,
    family: int,
    strict_series: bool,
    max_latency_p95: str | None,
    max_cost_per_answer: str | None,
    prompt: str,
    shots: int | None,
    temperature: float | None,
    junit: Path | None,
    undecided: str,
    summary: str | None,
    self_test: bool,
    files: tuple[Path, ...],
    judged: Path | None,
    expect: str | None,
    dry_run: bool,
    as_json: bool,
    **asking: Any,
) -> int:
    """Ask TASK until it is shown that the score is at least a bar, or below it.

    TASK is a suite's folder, a file of questions or a built-in task. Either error has a chance of at most 5 %.
    With --max-latency-p95 and --max-cost-per-answer all answers of this run must keep to budgets, too, without an
    error rate.
    With --baseline RUN --margin POINTS the bar is the score of that run, less the margin. TASK may then be a finished
    run, too: nothing is asked, and the two runs are held against each other. With --at-least TASK may be a judge's
    run of which people labelled a drawn part (steelyard judge calibrate): the bar is then for what people would give;
    where it judged several models, RUN#candidate-2 is one of them.
    Exit codes: 0 green, 1 red, 3 undecided, 4 answers are missing. Undecided is never green.
    """
    import asyncio

    from steelyard.api.conduct import conduct, signer_at
    from steelyard.api.gate_runs import is_judged, is_run
    from steelyard.api.gates import (
        bar_of,
        budgets_of,
        check_is_counted,
        gate_job,
        passed_or_failed,
        rule_of,
        share_text,
    )
    from steelyard.api.options import options_of

    rule = rule_of(task, rule, at_least, baseline)
    _check_bar(at_least, baseline, margin, rule)
    _check_places(junit, summary)
    if expect is not None and not dry_run:
        raise InputError("--expect is for --dry-run: leave it out, or add that")
    expected = None if expect is None else float(share_text(expect, "--expect"))
    if self_test and (baseline is None or is_run(task) or dry_run):
        raise InputError("--self-test needs a suite, --model, --baseline RUN and --margin POINTS, and asks the model")
    task, role = _run_and_role(task)
    of_judge = is_run(task) and is_judged(Path(task))
    if (files or judged is not None) and not (of_judge and baseline is None):
        raise InputError("--file and --run are for a judge's run and --at-least: leave them out")
    if (judge := _judge_among(task, baseline)) is not None:
        click.echo(
            f"undecided: the scores of {judge} are a judge's, and no gate holds two runs against each other by "
            "them; with people's labels (steelyard judge calibrate) one run can be held against a bar: --at-least"
        )
        return int(ExitCode.UNDECIDED)
    if is_run(task) or self_test:
        _check_asks_nothing_more(strict_series, max_latency_p95, max_cost_per_answer)
    if is_run(task):
        run = Path(task)
        if of_judge:
            verdict = _of_judged_run(run, at_least or "", (files, judged, role), family, asking)
        else:
            verdict = _of_two_runs(run, baseline, margin, family, asking)
        _print(verdict, run, as_json=as_json)
        with_texts = asking["with_texts"] and not of_judge
        _write(verdict, run, baseline, junit, undecided, summary, with_texts=with_texts)
        return verdict.exit
    args = with_subject(run_arguments(**asking))
    if self_test:
        asked = (prompt, shots, temperature)
        return asyncio.run(_print_self_test(task, baseline, margin, args, asked, as_json=as_json))
    signer = signer_at(args.key)
    if strict_series:
        check_is_counted(args, signer)
    bar = bar_of(at_least, baseline, margin, family, rule, strict_series=strict_series)
    budgets = budgets_of(max_latency_p95, max_cost_per_answer)
    job = gate_job(task, options_of(args), bar, prompt, shots, temperature, budgets)
    if dry_run:
        return asyncio.run(print_dry_run(job, args, as_json=as_json, expected=expected))
    done = asyncio.run(conduct(job, args, signer))
    _print(done.verdict, done.folder, as_json=as_json)
    if not as_json:
        for line in [] if rule is None else passed_or_failed(done.folder):
            click.echo(line)
        print_open(done.folder, done.verdict)
        print_places(done.folder, done.verdict, signed=done.is_signed)
    _write(done.verdict, done.folder, baseline, junit, undecided, summary, with_texts=args.with_texts)
    return done.verdict.exit


for _option in command.params:
    if _option.name == "uri":
        _option.required = False  # two finished runs need no model


def _check_bar(at_least: str | None, baseline: Path | None, margin: str | None, rule: str | None) -> None:
    from steelyard.api.gate_runs import points_of

    if sum(each is not None for each in (at_least, baseline, rule)) != 1:
        raise InputError("give one of --at-least SHARE, --baseline RUN with --margin POINTS, and --rule 'K of N'")
    if baseline is not None and margin is None:
        raise InputError("--baseline needs --margin POINTS: how many points worse is tolerated, as 2")
    if baseline is None and margin is not None:
        raise InputError("--margin is for --baseline RUN: leave it out, or give that run")
    if margin is not None:
        points_of(margin)


def _check_places(junit: Path | None, summary: str | None) -> None:
    """Refuse a file that cannot be written before anything is asked."""
    for option, path in (
        ("--junit", junit),
        ("--summary", None if summary in (None, "github") else Path(summary or "")),
    ):
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            raise InputError(f"{option}: cannot be written: give a file in an existing folder", where=path)


def _judge_among(task: str, baseline: Path | None) -> Path | None:
    """The first of two finished runs whose scores are a judge's; None without a baseline."""
    from steelyard.api.gate_runs import is_judged, is_run

    if baseline is None:
        return None
    given = [*([Path(task)] if is_run(task) else []), baseline]
    return next((path for path in given if is_judged(path)), None)


def _check_asks_nothing_more(strict_series: bool, max_latency_p95: str | None, max_cost_per_answer: str | None) -> None:
    """Refuse the options of a gate that asks a model."""
    for option, value in (
        ("--strict-series", strict_series),
        ("--max-latency-p95", max_latency_p95),
        ("--max-cost-per-answer", max_cost_per_answer),
    ):
        if value:
            raise InputError(f"{option} is for a gate that asks a model: leave it out")


def _run_and_role(task: str) -> tuple[str, str]:
    """A judge's run and the role in ``RUN#candidate-2``; else what was given."""
    from steelyard.api.gate_runs import is_judged, is_run
    from steelyard.storage.run_folder import place_and_role

    path, role = place_and_role(task)
    return (str(path), role) if role and is_run(str(path)) and is_judged(path) else (task, "")


def _of_judged_run(
    run: Path,
    at_least: str,
    of: tuple[tuple[Path, ...], Path | None, str],
    family: int,
    asking: Mapping[str, Any],
) -> Verdict:
    from steelyard.api.gates import share_text
    from steelyard.api.judged_gate import gate_judged

    if asking["uri"]:
        raise InputError("--model: the answers are there and judged, and no model is asked: leave it out")
    files, judged, role = of
    return gate_judged(run, share_text(at_least, "--at-least"), files, family=family, judged=judged, role=role)


def _of_two_runs(
    run: Path, baseline: Path | None, margin: str | None, family: int, asking: Mapping[str, Any]
) -> Verdict:
    from steelyard.api.gate_runs import gate_runs, points_of, sealed_run

    if baseline is None:
        raise InputError("is a finished run: give --baseline RUN and --margin POINTS, or a suite", where=run)
    if asking["uri"]:
        raise InputError("--model: two finished runs are held against each other, and no model is asked: leave it out")
    return gate_runs(sealed_run(run), sealed_run(baseline), points_of(margin or ""), family)


async def _print_self_test(
    task: str,
    baseline: Path | None,
    margin: str | None,
    args: RunArguments,
    asked: tuple[str, int | None, float | None],
    *,
    as_json: bool,
) -> int:
    from steelyard.api.conduct import signer_at
    from steelyard.api.gate_runs import points_of, sealed_run
    from steelyard.api.gate_self_test import passes_of, self_test_document, self_test_lines
    from steelyard.api.options import options_of
    from steelyard.stats.gate import self_test

    assert baseline is not None
    points = points_of(margin or "")
    run = sealed_run(baseline)
    passes = await passes_of(task, run, options_of(args), args, signer_at(args.key), asked)
    found = self_test(passes, float(points) / 100)
    if as_json:
        print_json(self_test_document(found, points, len(passes[0])))
        return 0
    for line in self_test_lines(found, points, len(passes[0])):
        click.echo(line)
    return 0


def _print(verdict: Verdict, folder: Path, *, as_json: bool) -> None:
    """One line for each gate: its colour, the bar, and what was seen; with ``--json`` the whole verdict."""
    from steelyard.reports import machine
    from steelyard.reports.gates import ABOUT_PEOPLE, gate_words, gates_of
    from steelyard.util.text import one_line

    if as_json:
        print_json(machine.render(verdict))
        return
    for result in gates_of(verdict):
        row = gate_words(result, verdict)
        is_budget = result.gate is not None and result.gate.budget is not None
        click.echo(row.sentence if is_budget else f"{row.sentence}; took {row.cost}")
        if result.gate is not None and result.gate.people is not None:
            click.echo(ABOUT_PEOPLE)
        if result.gate is not None and result.gate.baseline:
            click.echo(f"baseline: the run with the seal {result.gate.baseline[:16]}…")
    for note in verdict.notes:
        if note.check == "as_sealed":
            click.echo(one_line(note.message, 400))


def _write(
    verdict: Verdict,
    folder: Path,
    baseline: Path | None,
    junit: Path | None,
    undecided: str,
    summary: str | None,
    *,
    with_texts: bool,
) -> None:
    """The files for CI."""
    import os

    from steelyard.reports import junit as xml
    from steelyard.reports.markdown import gates_summary
    from steelyard.util.atomic_file import write_file
    from steelyard.util.console import err

    if junit is None and summary is None:
        return
    failing = _failing(verdict, folder, baseline, with_texts=with_texts)
    if junit is not None:
        write_file(junit, xml.render(verdict, failing, "skip" if undecided == "skip" else "fail", str(folder)).encode())
    if summary is None:
        return
    text = gates_summary(verdict, failing)
    if summary != "github":
        write_file(Path(summary), text.encode())
    elif place := os.environ.get("GITHUB_STEP_SUMMARY", ""):
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(text)
    else:
        err().print("--summary github: GITHUB_STEP_SUMMARY is not set, so no summary was written")


def _failing(verdict: Verdict, folder: Path, baseline: Path | None, *, with_texts: bool) -> dict[str, Sequence[str]]:
    """The first failing samples of each gate that is not green; with a baseline, of those that it had right."""
    from steelyard.api.gate_runs import sealed_run
    from steelyard.api.gates import failing_samples
    from steelyard.records import VerdictWord
    from steelyard.reports.gates import gates_of

    run = None if baseline is None else sealed_run(baseline)
    return {
        each.test: failing_samples(
            folder,
            each.gate.measurement,
            with_texts=with_texts,
            among=None if run is None else run.right_of(each.gate.task),
        )
        for each in gates_of(verdict)
        if each.word is not VerdictWord.CONSISTENT
        and each.gate is not None
        and each.gate.people is None
        and each.gate.budget is None
    }
