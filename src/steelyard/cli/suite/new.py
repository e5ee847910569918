"""``steelyard suite new``: from tables, chat logs and documents to the folder of a private suite."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.errors import InputError

if TYPE_CHECKING:
    from steelyard.records.file_options import FileOptions
    from steelyard.suites.collected import Collected
    from steelyard.suites.tables import TableColumns

__all__ = ["command"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "sources",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    metavar="SOURCE",
    help="A table: .csv, .tsv, .xlsx, .jsonl, .json or .parquet. Several are joined.",
)
@click.option("--name", default="", help="The suite's name (default: the folder's).")
@click.option("--about", default="", help="One line on what it tests.")
@click.option(
    "--endpoint",
    "endpoints",
    multiple=True,
    metavar="URL",
    help="An address that may see the items, as https://HOST/v1; any other is refused. A model on this machine needs "
    "none.",
)
@click.option("--question", default="", metavar="COLUMN", help="The column with the question, where it is not clear.")
@click.option("--answer", default="", metavar="COLUMN", help="The column with the right answer.")
@click.option("--group", default="", metavar="COLUMN", help="A column that says which items belong together.")
@click.option("--tags", default="", metavar="COLUMN", help="A column with words, separated by commas, to slice by.")
@click.option("--sheet", "sheet_name", default="", help="The sheet of a workbook.")
@click.option("--instruction", default="", metavar="TEXT", help="Put before each question; @FILE reads it.")
@click.option("--choices", default="", metavar="LABELS", help="The labels that an answer is one of: 'yes,no'.")
@click.option("--keep-duplicates", is_flag=True, help="Keep items that ask nearly the same as an earlier one.")
def command(
    folder: Path,
    sources: tuple[Path, ...],
    name: str,
    about: str,
    endpoints: tuple[str, ...],
    question: str,
    answer: str,
    group: str,
    tags: str,
    sheet_name: str,
    instruction: str,
    choices: str,
    keep_duplicates: bool,
) -> int:
    """Make the suite FOLDER: plain files that you read, review and keep in git.

    Nothing is sent anywhere. What is thrown out stands in dropped.jsonl, each item with its reason.
    """
    from steelyard.records.file_options import FileOptions
    from steelyard.suites.collected import joined, without_duplicates
    from steelyard.suites.made import make_suite, suite_name
    from steelyard.suites.tables import TableColumns
    from steelyard.tasks.file_options import instruction_of, labels_of
    from steelyard.tasks.suite_file import SuiteFile

    options = FileOptions(
        question=question,
        answer=answer,
        sheet=sheet_name,
        instruction=instruction_of(instruction),
        choices=labels_of(choices),
    )
    suite = SuiteFile(
        suite=suite_name(folder, name),
        about=" ".join(about.split()),
        endpoints=endpoints,
        instruction=options.instruction,
        choices=options.choices,
    )
    collected = joined([_collected(source, options, TableColumns(group=group, tags=tags)) for source in sources])
    if not keep_duplicates:
        collected = without_duplicates(collected)
    make_suite(folder, suite, collected)
    _print_made(folder, suite.endpoints, collected)
    return 0


def _collected(source: Path, options: FileOptions, columns: TableColumns) -> Collected:
    from steelyard.suites.tables import items_of_table

    if not source.exists():
        raise InputError("there is no such file", where=source)
    return items_of_table(source, options, columns)


def _print_made(folder: Path, endpoints: tuple[str, ...], collected: Collected) -> None:
    import shlex

    from steelyard.suites.made import reasons_in_words
    from steelyard.util.text import one_line

    for remark in collected.remarks:
        click.echo(one_line(remark, 800), err=True)
    dropped = f", {len(collected.dropped):,} thrown out ({reasons_in_words(collected.dropped)})" * bool(
        collected.dropped
    )
    click.echo(f"{folder}: {len(collected.items):,} items{dropped}")
    if not endpoints:
        click.echo("No endpoint may see it yet: name those that may under 'endpoints' in suite.yaml.")
    click.echo(f"Next: steelyard run {shlex.quote(str(folder))} --model URI")
