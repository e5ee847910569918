"""``steelyard show``: the questions and answers of a run, and how they were read."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import field_lines, print_json
from steelyard.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from steelyard.auditing.answers import Answer
    from steelyard.records import Plan, SampleScore
    from steelyard.reports.answers_page import ShownAnswer
    from steelyard.storage.run_folder import RunFolder


@click.command()
@click.argument("given", metavar="RUN", type=click.Path())
@click.option("--right", "readings", flag_value="right", multiple=True, help="Answers that are right.")
@click.option("--wrong", "readings", flag_value="wrong", multiple=True, help="Answers that are wrong, or partly right.")
@click.option(
    "--open", "readings", flag_value="open", multiple=True, help="Answers that were cut off or can be read two ways."
)
@click.option("--missing", "readings", flag_value="missing", multiple=True, help="Questions that got no answer.")
@click.option("--sample", "samples", multiple=True, metavar="ID", help="This sample; may be given more than once.")
@click.option("--task", metavar="NAME", help="Only this task.")
@click.option(
    "--limit", type=click.IntRange(min=0), default=20, show_default=True, metavar="N",
    help="Show so many at most; 0 is all.",
)  # fmt: skip
@click.option("--reasoning", is_flag=True, help="Show the model's reasoning, too.")
@click.option("--csv", "as_csv", is_flag=True, help="Print them as CSV.")
@click.option(
    "--html", "html_file", type=click.Path(path_type=Path),
    help="Write all of them to this file, outside the run: a page that filters and searches.",
)  # fmt: skip
@json_option
def command(
    given: str,
    readings: tuple[str, ...],
    samples: tuple[str, ...],
    task: str | None,
    limit: int,
    reasoning: bool,
    as_csv: bool,
    html_file: Path | None,
    as_json: bool,
) -> int:
    """Show the questions of RUN with the expected answer, the model's answer, how it was read, and its score.

    RUN#ROLE shows one model of a run that has several. Without a selection all answers are shown. Nothing is asked,
    and the run is not changed. --limit is for the terminal: --csv, --html and --json give all that are selected.
    """
    from steelyard.auditing.answers import answers_of
    from steelyard.evidence.verify import verify_integrity
    from steelyard.gateway.seal import is_recording
    from steelyard.storage.run_folder import RunFolder, place_and_role

    forms = [name for name, given in (("--csv", as_csv), ("--html", html_file), ("--json", as_json)) if given]
    if len(forms) > 1:
        raise InputError(f"{' and '.join(forms)}: give one of them")
    if html_file is not None and reasoning:
        raise InputError("--reasoning: no page holds it; each answer in the page names the command that shows it")
    run, role = place_and_role(given)
    folder = RunFolder.open(run)
    if folder.is_sealed and (folder.plan.texts == "withheld" or _has_texts(run)):
        verify_integrity(run)
    elif folder.is_sealed:
        click.echo("the texts are not here, so the seal was not checked: scores are as the folder has them", err=True)
    if html_file is not None:
        _check_place(html_file, run)
    plan = folder.plan
    if is_recording(plan):
        raise InputError("a gateway's recording has no questions and scores: steelyard report shows it", where=run)
    if plan.is_identity_check:
        from steelyard.cli.show_held import show_held

        chosen = {f"--{reading}": True for reading in readings}
        chosen |= {"--sample": bool(samples), "--task": task is not None, "--csv": as_csv, "--html": bool(html_file)}
        chosen |= {"--reasoning": reasoning, f"#{role}": bool(role)}
        return show_held(folder, limit, tuple(name for name, is_given in chosen.items() if is_given), as_json=as_json)
    tasks = _tasks_shown(plan, role, task, run)
    counted = _Counted(
        lambda score: (
            score.measurement in tasks and _wants(score, readings, samples) and task in (None, tasks[score.measurement])
        )
    )
    answers = answers_of(folder, counted)
    _check_samples(folder, samples)
    shown = islice(answers, limit) if limit and not forms else answers
    if html_file is not None:
        _write_page(html_file, folder, shown, counted, _chosen(readings, samples, task), role)
    elif as_csv:
        _print_csv(shown, reasoning=reasoning)
    elif as_json:
        print_json({"answers": [_document(each, reasoning=reasoning) for each in shown], "of": counted.all})
    else:
        _print_texts(shown, counted, limit, _models(plan) if not role else {}, reasoning=reasoning)
    return 0


def _tasks_shown(plan: Plan, role: str, task: str | None, run: Path) -> dict[str, str]:
    """The task of each measurement that is shown; raises InputError for a role or a task that the run does not have."""
    roles = dict.fromkeys(each.role for each in plan.measurements)
    if role and role not in roles:
        raise InputError(f"has no answers of a model in the role {role!r}; there are: {', '.join(roles)}", where=run)
    tasks = {each.id: each.task for each in plan.measurements if role in ("", each.role)}
    if task is not None and task not in tasks.values():
        named = ", ".join(dict.fromkeys(tasks.values())) or "none"
        raise InputError(f"--task {task!r} was not measured here; measured: {named}", where=run)
    return tasks


def _models(plan: Plan) -> dict[str, str]:
    """Which model answered, by measurement; nothing where it is one."""
    from steelyard.util.text import one_line

    if len({each.role for each in plan.measurements}) < 2:
        return {}
    return {
        each.id: f"{one_line(plan.models[each.role].identity.name, 60)} ({one_line(each.role, 40)})"
        for each in plan.measurements
    }


def _has_texts(run: Path) -> bool:
    from steelyard.evidence import layout

    return any((run / layout.TEXTS).glob("*"))


def _check_samples(run: RunFolder, samples: tuple[str, ...]) -> None:
    """Raise InputError for a sample that the run does not have."""
    from steelyard.records import Attempt
    from steelyard.storage.journal.reader import read_lines

    if not samples:
        return
    asked = dict.fromkeys(record.sample for record, _ in read_lines(run.path) if isinstance(record, Attempt))
    if absent := [sample for sample in samples if sample not in asked]:
        example = f"; ids look like {next(iter(asked))}" if asked else ""
        raise InputError(f"--sample {absent[0]!r} was not asked here{example}", where=run.path)


def _wants(score: SampleScore, readings: tuple[str, ...], samples: tuple[str, ...]) -> bool:
    from steelyard.auditing.answers import reading_of

    reading = reading_of(score).replace("partly right", "wrong")
    return (not readings or reading in readings) and (not samples or score.sample in samples)


class _Counted:
    """A selection that counts what it is asked about, and what it takes."""

    def __init__(self, wants: Callable[[SampleScore], bool]) -> None:
        self.all = self.taken = 0
        self._wants = wants

    def __call__(self, score: SampleScore) -> bool:
        self.all += 1
        is_taken = self._wants(score)
        self.taken += is_taken
        return is_taken


def _document(answer: Answer, *, reasoning: bool) -> dict[str, object]:
    from dataclasses import asdict

    fields = asdict(answer)
    if not reasoning:
        fields["reasoning"] = len(answer.reasoning)
    return fields


def _print_csv(answers: Iterable[Answer], *, reasoning: bool) -> None:
    """Every field of every answer, a row each; a cell that a spreadsheet would evaluate begins with an apostrophe."""
    import csv
    import sys

    writer = None
    for answer in answers:
        fields = {name: _cell(value) for name, value in _document(answer, reasoning=reasoning).items()}
        fields["images"] = " ".join(image.sha256 for image in answer.images)
        if writer is None:
            writer = csv.DictWriter(sys.stdout, list(fields), lineterminator="\n")
            writer.writeheader()
        writer.writerow(fields)


def _cell(value: object) -> object:
    from steelyard.util.table_cell import text_cell
    from steelyard.util.text import printable

    return text_cell(printable(value, len(value))) if isinstance(value, str) else value


def _check_place(file: Path, run: Path) -> None:
    """Raise InputError where no page can be written, or where a stranger would take it for a part of a run."""
    from steelyard.evidence import layout

    if not file.parent.is_dir() or (file.exists() and not file.is_file()):
        raise InputError("cannot be written: give a file in an existing folder", where=file)
    places = {file.parent.resolve() / file.name, file.resolve()}
    for folder in (folder for place in places for folder in place.parents):
        if folder.samefile(run) or (folder / layout.PLAN).exists():
            raise InputError(f"lies in the folder of a run ({folder}), whose seal does not cover it", where=file)


def _chosen(readings: tuple[str, ...], samples: tuple[str, ...], task: str | None) -> str:
    """The options that choose answers, as a shell takes them."""
    import shlex

    chosen = [f"--{reading}" for reading in dict.fromkeys(readings)]
    chosen += [part for sample in samples for part in ("--sample", sample)]
    return shlex.join([*chosen, *(() if task is None else ("--task", task))])


def _write_page(
    file: Path, run: RunFolder, answers: Iterable[Answer], counted: _Counted, chosen: str, role: str
) -> None:
    from collections import Counter
    from itertools import chain

    from steelyard.reports.answers_page import About, write_page

    plan, measured = run.plan, Counter(each.task for each in run.plan.measurements if role in ("", each.role))
    models = {} if role else _models(plan)
    asked = plan.models[role] if role else plan.subject
    one = asked.identity.name or asked.identity.uri
    name = f"{len(set(models.values()))} models" if models else one
    answers = iter(answers)
    first = list(islice(answers, 1))  # all scores are counted before the first answer comes
    about = About(
        model=plan.sheet.model if plan.sheet else name,
        served=", ".join(dict.fromkeys(models.values())) or asked.identity.uri,
        run=run.path,
        digest=run.plan_sha256,
        is_sealed=run.is_sealed,
        selection=chosen,
        of=counted.all,
    )
    shown = (
        _shown(each, models.get(each.measurement, each.measurement) if measured[each.task] > 1 else "", run.path)
        for each in chain(first, answers)
    )
    try:
        number = write_page(file, shown, about)
    except OSError as error:
        if error.filename and Path(error.filename).is_relative_to(run.path):
            raise
        raise InputError(f"cannot be written: {error.strerror}", where=file) from None
    click.echo(f"page  {file} ({number:,} of {counted.all:,} answers), not a part of the sealed run")


def _shown(answer: Answer, which: str, run: Path) -> ShownAnswer:
    """An answer as the page takes it, with ``which`` of several it is: of its reasoning only the length."""
    from functools import partial

    from steelyard.reports.answers_page import ShownAnswer
    from steelyard.reports.page_images import PageImage
    from steelyard.storage.journal.media import image_at

    return ShownAnswer(
        measurement=which,
        task=answer.task,
        sample=answer.sample,
        repeat=answer.repeat,
        reading=answer.reading,
        score=answer.score,
        scorer=answer.scorer,
        why=answer.why,
        question=answer.question,
        expected=answer.expected,
        answer=answer.answer,
        reasoning=len(answer.reasoning),
        images=tuple(
            PageImage(each.media_type, each.sha256, each.bytes, partial(image_at, run, each.sha256))
            for each in answer.images
        ),
    )


def _print_texts(
    answers: Iterable[Answer], counted: _Counted, limit: int, models: Mapping[str, str], *, reasoning: bool
) -> None:
    from steelyard.util.console import out

    console = out()
    shown = 0
    for answer in answers:
        shown += 1
        for line in _lines(answer, models.get(answer.measurement, ""), console.width, reasoning=reasoning):
            click.echo(line)
        click.echo()
    if not counted.taken:
        click.echo(f"none of {counted.all:,} answers is one of these")
    elif limit and counted.taken > shown:
        click.echo(f"{shown:,} of {counted.taken:,} shown ({counted.all:,} answers in all): --limit 0 shows them")
    else:
        click.echo(f"{shown:,} of {counted.all:,} answers")


def _lines(answer: Answer, model: str, width: int, *, reasoning: bool) -> list[str]:
    from steelyard.reports.answers_page import SIGNS, WITHHELD
    from steelyard.util.text import one_line

    def field(name: str, text: str | None) -> list[str]:
        return field_lines(name, WITHHELD if text is None else text, width)

    place = f", repeat {answer.repeat}" if answer.repeat else ""
    score = f" ({answer.score:.2f})" if answer.reading == "partly right" else ""
    why = f": {one_line(answer.why, 200)}" if answer.why else ""
    lines = [
        f"{SIGNS[answer.reading]} {answer.reading}{score}  {one_line(answer.task, 60)}  "
        f"{one_line(answer.sample, 80)}{place}  by {one_line(answer.scorer, 80)}{why}"
    ]
    if model:
        lines += field("model", model)
    lines += field("question", answer.question)
    for number, image in enumerate(answer.images, 1):
        held = "withheld" if image.bytes is None else f"{image.bytes:,} bytes, media/{image.sha256}"
        lines += field(f"image {number}", f"{image.media_type}, {held}")
    lines += field("expected", answer.expected)
    if reasoning and answer.reasoning:
        lines += field("reasoning", answer.reasoning)
    elif answer.reasoning:
        lines += field("reasoning", f"{len(answer.reasoning):,} characters: --reasoning shows them")
    return lines + field("answer", answer.answer)
