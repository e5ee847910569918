"""``steelyard remote run``: have the team's platform carry out an audit or a run, for CI."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.api.arguments import REAL_RANGES
from steelyard.cli.options import COST, json_option, table_options, whole
from steelyard.cli.output import print_json
from steelyard.errors import ExitCode, InputError
from steelyard_server.cli.remote.job import follow, job_address
from steelyard_server.cli.remote.options import at_option, token_file_option

if TYPE_CHECKING:
    from steelyard.records.file_options import FileOptions
    from steelyard_server.wire.job_records import DryRunFigures

_SHEETS = (".yaml", ".yml")
_MOST_ROWS = 50


@click.command()
@click.argument("what", metavar="SHEET_OR_TASK")
@click.option("--model", required=True, metavar="NAME", help="One of the endpoint's models, as the platform lists it.")
@click.option(
    "--endpoint",
    default="",
    metavar="NAME",
    help="The endpoint, by its name on the platform (default: none, for the small model embedded:smollm2 there).",
)
@at_option
@token_file_option
@click.option("--yes", is_flag=True, help="Start it without a dry run, and without asking.")
@click.option("--dry-run", is_flag=True, help="Say what it would take, and start nothing.")
@click.option("--no-wait", is_flag=True, help="Print the job's address, and do not wait for its end.")
@click.option(
    "--task",
    "questions",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Questions of your own that claims name, by the file's name (.jsonl, .csv, .xlsx, …): question, answer and "
    "choices are sent to the platform.",
)
@table_options
@click.option("--limit", type=whole("limit"), metavar="N", help="Ask at most N samples of each task.")
@click.option("--budget", metavar="TIME", help="Stop asking after this time and conclude: 90s, 15m, 2h.")
@click.option("--tolerance", metavar="POINTS", help="Of a sheet: how far below the claim a score still counts as it.")
@click.option("--detect", metavar="NAMES", help="Of a sheet: detectors that ask beside the claims.")
@click.option("--prompt", default="", help="Of a task: the prompt format.")
@click.option("--window", default="", metavar="DATES", help="Of a task: the part of a benchmark that grows.")
@click.option("--shots", type=whole("shots"), help="Of a task: worked examples to show.")
@click.option("--temperature", type=click.FloatRange(*REAL_RANGES["temperature"]), metavar="T", help="Of a task.")
@click.option("--repeats", type=whole("repeats"), metavar="N", help="Of a task: answers to each sample.")
@click.option("--scorer", default="", metavar="NAME[:OPTION]", help="Score answers to your own questions by this rule.")
@click.option("--concurrency", type=whole("concurrency"), metavar="N", help="Calls at once, at most the endpoint's.")
@click.option("--timeout", type=click.FloatRange(*REAL_RANGES["timeout"]), metavar="S", help="Of an attempt.")
@click.option("--output-tokens", type=whole("output_tokens"), metavar="N", help="At most N tokens in one answer.")
@click.option("--reasoning-effort", metavar="EFFORT", help="Sent with every request to an endpoint that reasons.")
@click.option("--max-tokens", type=whole("max_tokens"), metavar="N", help="Stop before the model uses N tokens.")
@click.option("--max-cost", type=COST, metavar="AMOUNT", help="Stop before it costs more, at the list's prices.")
@click.option("--with-texts", is_flag=True, help="Seal the texts of samples and outputs too.")
@click.option("--priority", type=click.IntRange(-100, 100), default=0, metavar="N", help="The highest goes first.")
@json_option
def command(
    what: str,
    url: str,
    token_file: Path | None,
    yes: bool,
    dry_run: bool,
    no_wait: bool,
    questions: tuple[Path, ...],
    priority: int,
    as_json: bool,
    question: str,
    answer: str,
    sheet_name: str,
    skip_empty: bool,
    **options: Any,
) -> int:
    """Have the platform at URL audit a claim sheet (FILE.yaml), or measure a task, and wait for the verdict.

    SHEET_OR_TASK is a sheet, questions of your own (a file as for --task), or the id of a task that is built in there.
    The platform says first what it takes at most (minutes and money) and asks whether to start; --yes leaves that out.
    The token, of the scope run, comes from STEELYARD_TOKEN or --token-file, and goes to URL alone.
    Exit codes are those of steelyard audit: 0 consistent, 1 inconsistent, 3 undecided, 4 answers are missing or the job
    ended without a verdict, 2 refused. Ctrl-C ends the waiting alone: the job goes on there, and
    steelyard remote status job:NUMBER goes on with it here.
    """
    import asyncio

    from steelyard.records.file_options import FileOptions
    from steelyard.util.text import one_line
    from steelyard_server.client.jobs import foresee, start_job
    from steelyard_server.client.place import platform_address, read_token

    if yes and dry_run:
        raise InputError("--yes starts it, and --dry-run does not: leave one out")
    tables = FileOptions(question=question, answer=answer, sheet=sheet_name, skip_empty=skip_empty)
    address, token = platform_address(url, "--at"), read_token(token_file)
    asks = _asks(what, questions, tables, options)
    if not yes:
        figures = asyncio.run(foresee(asks, address, token))
        if dry_run and as_json:
            _print_figures_as_json(figures)
        else:
            _print_figures(figures, to_stderr=not dry_run)
        if dry_run:
            return int(ExitCode.CONSISTENT if figures.rows else ExitCode.UNDECIDED)
        _check_is_wanted()
    added = asyncio.run(start_job(asks, priority, address, token))
    if no_wait:
        if as_json:
            print_json({"job": added.job, "page": one_line(added.page, 300)})
        else:
            click.echo(f"job     {added.job}\npage    {one_line(added.page, 300)}")
            click.echo(f"status  {job_address(added.job, address)}")
        return int(ExitCode.CONSISTENT)
    click.echo(f"job {added.job}: {one_line(added.page, 300)}", err=True)
    return follow(added.job, address, token, as_json=as_json)


def _asks(what: str, questions: tuple[Path, ...], tables: FileOptions, options: dict[str, Any]) -> dict[str, Any]:
    """What the job asks, as the platform reads it; raises InputError, in one line, for what no job may ask."""
    import msgspec

    from steelyard.tasks.loaders import ENDINGS
    from steelyard.util.duration import read_duration
    from steelyard_server.jobs.specification import encode, read_specification

    given = {name: value for name, value in options.items() if value not in (None, "", False)}
    if "budget" in given:
        given["budget_seconds"] = read_duration(given.pop("budget"))
    files = {each.stem: _own_questions(each, tables) for each in questions}
    path = Path(what)
    if path.suffix in _SHEETS:
        _check_options(given, ("prompt", "window", "shots", "temperature", "repeats"), "a claim sheet")
        given |= {"kind": "audit", "sheet": _text(path)}
    else:
        _check_options(given, ("tolerance", "detect"), "a task")
        if path.suffix.lower() in ENDINGS or (path.exists() and ("/" in what or path.suffix)):
            files[path.stem] = _own_questions(path, tables)
        else:
            given["task"] = what
        given["kind"] = "run"
    if files:
        given["questions"] = files
    encode(read_specification(msgspec.json.encode(given)))
    return given


def _check_options(given: dict[str, Any], names: tuple[str, ...], of: str) -> None:
    if found := [name for name in names if name in given]:
        raise InputError(f"--{found[0]} is not for {of}: leave it out")


def _own_questions(path: Path, tables: FileOptions) -> str:
    """A file of questions as JSON lines; one of a private suite is refused, whatever its suite.yaml allows."""
    from steelyard.util.text import one_line
    from steelyard_server.suites.plain_questions import questions_in_lines

    if (path.resolve().parent / "suite.yaml").exists():
        raise InputError(
            "is of a private suite, which no job of a platform asks: run it here, and push the run", where=path
        )
    if path.suffix == ".jsonl" and not (tables.question or tables.answer or tables.skip_empty):
        return _text(path)
    text, said = questions_in_lines(path, tables)
    if said:
        click.echo(one_line(f"{path}: {said}", 800), err=True)
    return text


def _text(path: Path) -> str:
    """A file, of no more than a job may hold; raises InputError where it cannot be read."""
    from steelyard_server.jobs.specification import MAX_BYTES

    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path) from None
    except UnicodeDecodeError:
        raise InputError("is no text in UTF-8", where=path) from None
    if len(data) > MAX_BYTES:
        raise InputError(f"a job holds {MAX_BYTES >> 20} MB at most", where=path)
    return text


def _check_is_wanted() -> None:
    """Ask whoever is at the terminal; raises InputError where nobody can be asked, Abort where they say no."""
    if not sys.stdin.isatty():
        raise InputError("nothing was started, since nobody can be asked here: --yes starts it")
    click.confirm("Start it?", err=True, abort=True)


def _print_figures_as_json(figures: DryRunFigures) -> None:
    import msgspec

    print_json(msgspec.to_builtins(figures))


def _print_figures(figures: DryRunFigures, *, to_stderr: bool) -> None:
    """What it takes at most; all words are the platform's."""
    from steelyard.reports.words import counted
    from steelyard.util.text import one_line

    for row in figures.rows[:_MOST_ROWS]:
        claimed = f", claimed {one_line(row.claimed, 40)}" if row.claimed else ""
        decides = f"; decided after about {row.if_true:,} if the claim holds" if row.if_true and row.claimed else ""
        cannot = f"; cannot be confirmed: {one_line(row.cannot, 400)}" if row.cannot else ""
        click.echo(
            f"  {one_line(row.task, 80)}{claimed}: {_at_most(row.calls, row.seconds, row.cost)}{decides}{cannot}",
            err=to_stderr,
        )
    if len(figures.rows) > _MOST_ROWS:
        click.echo(f"  and {len(figures.rows) - _MOST_ROWS:,} more", err=to_stderr)
    asked = {each.task for each in figures.rows}
    for each in figures.skipped[:_MOST_ROWS]:
        what = "a further test of " if each.task in asked else ""
        click.echo(f"  {what}{one_line(each.task, 80)} is not asked: {one_line(each.reason, 400)}", err=to_stderr)
    tokens = counted(figures.prompt_tokens + figures.completion_tokens, "token")
    click.echo(f"at most {_at_most(figures.calls, figures.seconds, figures.cost)}, {tokens}", err=to_stderr)
    click.echo(one_line(figures.assumptions, 400), err=to_stderr)
    if figures.needs_approval:
        click.echo("it would wait until another editor or admin of the project approves so much", err=to_stderr)


def _at_most(calls: int, seconds: float, cost: float | None) -> str:
    from steelyard.reports.words import about_time, counted

    money = "cost unknown, the list has no prices" if cost is None else f"{cost:,.4g} at the list's prices"
    return f"{counted(calls, 'call')}, {about_time(seconds)}, {money}"
