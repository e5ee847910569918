"""``steelyard run``: one task on one model, with error bars and the same evidence as an audit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.options import asking_options, json_option, print_json, signer_at
from steelyard.errors import InputError

if TYPE_CHECKING:
    from array import array

    from steelyard.planning.build import Options
    from steelyard.records import ClaimSheet, ClaimVerdict, Plan, Verdict


@click.command()
@click.argument("task")
@asking_options
@click.option("--prompt", default="", help="The way of asking (a cell of the task's file); default: the task's own.")
@click.option("--shots", type=click.IntRange(min=0), help="Worked examples to show; default: the task's own number.")
@click.option("--temperature", type=click.FloatRange(0, 2), metavar="T", help="Sampling temperature (default: greedy).")
@click.option(
    "--repeats",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Answers to each sample; with several, pass@k is printed for the usual k up to N.",
)
@json_option
def command(task: str, uri: str, prompt: str, shots: int | None, **chosen: Any) -> int:
    """Measure TASK: a built-in one's id, a file of questions (.jsonl, .csv, .parquet) or a task file (.yaml)."""
    import asyncio

    from steelyard.cli.conduct import check_durations, default_folder, options_of, print_places

    name = task
    if "." in task or "/" in task:
        from steelyard.tasks.catalogue import open_task_file

        name = open_task_file(Path(task)).id
        chosen["task_files"] = (*chosen["task_files"], Path(task))
    _check_prompt(name, prompt, chosen["task_files"])
    options = options_of(chosen, uri)
    check_durations(chosen)
    run = chosen["out"] or default_folder(name.replace(":", "-"))
    signer = signer_at(chosen["key"])
    if (chosen["repeats"] or 1) > 1 and chosen["temperature"] is None:
        raise InputError("--repeats asks each sample several times: say at which --temperature (0 is greedy)")
    sheet = _sheet(name, prompt, shots, chosen["temperature"])
    verdict = asyncio.run(_run(sheet, uri, options, run, signer, chosen))
    if chosen["as_json"]:
        from steelyard.reports import machine

        print_json(machine.render(verdict))
        return verdict.exit
    for claim in verdict.claims:
        click.echo(_line(claim, "answers" if (chosen["repeats"] or 1) > 1 else "samples") + _clustered(run))
    for note in verdict.notes:
        if note.check == "missing":
            click.echo(note.message)
    if (chosen["repeats"] or 1) > 1:
        _print_pass_at_k(run)
    print_places(run, signed=signer is not None)
    return verdict.exit


def _check_prompt(task: str, prompt: str, files: tuple[Path, ...]) -> None:
    """Refuse a way of asking that the task's file does not declare, rather than ask in another."""
    from steelyard.tasks.catalogue import Catalogue

    found = Catalogue(files).find(task)
    if prompt and found is not None:
        found.cell(prompt)


def _sheet(task: str, prompt: str, shots: int | None, temperature: float | None) -> ClaimSheet:
    """A sheet that names one task and claims nothing; its digest stands for the question that was asked."""
    from steelyard.evidence.canonical import canonical, sha256_hex
    from steelyard.records import Claim, ClaimSheet, Protocol

    decoding = "" if temperature is None else f"temperature {temperature:g}"
    claim = Claim(task=task, value="0", shots=shots, protocol=Protocol(prompt=prompt, decoding=decoding))
    return ClaimSheet(model=task, claims=(claim,), digest=sha256_hex(canonical(claim)))


async def _run(
    sheet: ClaimSheet, uri: str, options: Options, run: Path, signer: Any, chosen: dict[str, Any]
) -> Verdict:
    from steelyard.cli.conduct import carry_out, plan

    audit = await plan(sheet, uri, options, signer, chosen, estimate=True)
    if refusal := _refusal(audit.plan):
        await audit.model.close()
        raise InputError(refusal)
    return await carry_out(audit, uri, options, run, signer, chosen)


def _refusal(plan: Plan) -> str:
    """Why the task cannot be asked, or not as it was wanted; empty where it can."""
    if plan.skipped:
        return f"{plan.skipped[0].task}: {plan.skipped[0].reason}"
    (row,), (claim,) = plan.rows, plan.sheet.claims
    if claim.shots is not None and claim.shots != row.shots:
        shown = f"asked by {row.cell} it shows {row.shots} worked examples"
        return f"{row.task}: {shown}: leave --shots out, or name another --prompt"
    return ""


def _line(claim: ClaimVerdict, what: str) -> str:
    from steelyard.reports.words import interval, share
    from steelyard.util.text import one_line

    answered = claim.asked - claim.missing
    right = round((claim.measured or 0.0) * answered)
    if not claim.asked:
        return f"{one_line(claim.task)} ({claim.cell}): nothing was asked; {claim.reason}"
    told = (
        f"{one_line(claim.task)} ({claim.cell}): {share(claim.measured, 'percent')}, "
        f"95 % interval {interval(claim.ci, 'percent')} (Wilson), {right} of {answered} right"
    )
    if claim.asked < claim.of:
        told += f", of {claim.of:,} {what}"
    for number, word in ((claim.unparsed, "unparsed"), (claim.missing, "missing")):
        told += f", {number} {word}" if number else ""
    return told + (f"; {claim.reason}" if claim.reason.startswith("a budget") else "")


def _print_pass_at_k(run: Path) -> None:
    """pass@k over the samples, each one cluster of its answers (Chen et al. 2021, equation 1)."""
    from steelyard.auditing.finalize import read_scores
    from steelyard.reports.words import interval, share
    from steelyard.stats.pass_at_k import run_pass_at_k

    marks = ((mark.sample, mark.value) for mark in read_scores(run) if mark.position >= 0)
    for found in run_pass_at_k(marks):
        least, most = share(found.least, "percent"), share(found.most, "percent")
        told = least if found.least == found.most else f"{least} to {most}"
        click.echo(f"pass@{found.k}: {told}, 95 % interval {interval((found.low, found.high), 'percent')}")


def _clustered(run: Path) -> str:
    """The standard error clustered by subtask, where there are several: items of one subtask are not independent."""
    from array import array

    from steelyard.auditing.finalize import read_scores
    from steelyard.stats.clustered import clustered_standard_error

    groups = _groups(run)
    if groups is None:
        return ""
    values, clusters = array("d"), array("I")
    for mark in read_scores(run):
        if mark.position >= 0 and mark.value is not None:
            values.append(mark.value)
            clusters.append(groups[mark.position])
    if len(set(clusters)) < 2:
        return ""
    error = clustered_standard_error(values, clusters)
    return f"; standard error {error * 100:.1f} points, clustered by {len(set(clusters))} subtasks"


def _groups(run: Path) -> array[int] | None:
    """The number of each sample's subtask, by place in the committed order; None where all are of one."""
    from array import array

    import msgspec

    from steelyard.auditing.scoring import final_attempts
    from steelyard.records import Sample
    from steelyard.storage.journal import open_index, read_lines
    from steelyard.storage.run_folder import open_plan_of

    (row,) = open_plan_of(run).plan.rows
    texts = open_index(run)
    decoder = msgspec.json.Decoder(Sample)
    numbers: dict[str, int] = {}
    found = array("I", bytes(4 * row.cells))
    for attempt in final_attempts(record for record, _ in read_lines(run)):
        if attempt.position >= 0:
            group = decoder.decode(texts[attempt.item]).group
            found[attempt.position] = numbers.setdefault(group, len(numbers))
    return found if len(numbers) > 1 else None
