"""``steelyard suite new``: from tables, chat logs and documents to the folder of a private suite."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from steelyard.cli.options import api_keys_option, run_arguments
from steelyard.errors import InputError

if TYPE_CHECKING:
    from steelyard.api.suite_sources import Writing
    from steelyard.records.file_options import FileOptions
    from steelyard.suites.collected import Collected
    from steelyard.suites.near_meaning import Vectors
    from steelyard.suites.redacting import Replaced
    from steelyard.tasks.column_names import UnclearColumns

__all__ = ["command"]

_SHOWN: Final = 40  # replacements that a question shows
_COLUMNS: Final = 40  # more columns are no list to choose from


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "sources",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    metavar="SOURCE",
    help="A table (.csv, .tsv, .xlsx, .jsonl, .json, .parquet), a chat log, a recording of steelyard gateway, a "
    "document (.pdf, .docx, .html, .md, .txt) or a folder of documents. Several are joined.",
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
@click.option(
    "--near-duplicates",
    type=click.Choice(["words", "meaning"]),
    default="words",
    show_default=True,
    help="What items that ask the same are found by. With meaning also English paraphrases with the same answer, by a "
    "small model in this process; pairs that are near and differ in a number, a name or a negation are named and kept.",
)
@click.option(
    "--writer",
    default="",
    metavar="cloze|URI",
    help="Who writes questions about documents: cloze leaves gaps by rules, a model (openai:NAME@URL) is asked.",
)
@click.option("--per-passage", type=click.IntRange(1, 20), default=3, show_default=True, metavar="N",
              help="Questions for each passage of a document.")  # fmt: skip
@click.option("--passages", type=click.IntRange(1), metavar="N", help="At most N passages, spread over all documents.")
@click.option("--seed", default="0", help="The seed of the cloze writer.")
@click.option("--closed-book", is_flag=True, help="Ask without the passage: whether a system finds the document.")
@click.option("--term", "terms", multiple=True, metavar="TEXT",
              help="A name that is replaced wherever it stands (no rule knows names).")  # fmt: skip
@click.option("--no-redaction", is_flag=True, help="Keep and send everything as it is, with personal data and keys.")
@click.option("--yes", is_flag=True, help="Do not ask whether what is replaced is right.")
@api_keys_option
def command(
    folder: Path, sources: tuple[Path, ...], keep_duplicates: bool, near_duplicates: str, yes: bool, **given: Any
) -> int:
    """Make the suite FOLDER: plain files that you read, review and keep in git.

    Nothing is sent anywhere but to the model of --writer. What is thrown out stands in dropped.jsonl, each item with
    its reason; a suite without any item is not made (exit 1).
    """
    import asyncio
    import dataclasses

    from steelyard.api.suite_sources import Sources, collect
    from steelyard.records.file_options import FileOptions
    from steelyard.suites.collected import without_duplicates
    from steelyard.suites.made import make_suite, suite_name
    from steelyard.suites.tables import TableColumns
    from steelyard.tasks.column_names import UnclearColumns
    from steelyard.tasks.file_options import instruction_of, labels_of
    from steelyard.tasks.suite_file import SuiteFile, check_endpoint

    if keep_duplicates and near_duplicates == "meaning":
        raise InputError("--keep-duplicates and --near-duplicates meaning exclude each other: give one")
    vectors = _vectors() if near_duplicates == "meaning" else None  # what is missing is said before a model is asked
    for endpoint in given["endpoints"]:
        check_endpoint(endpoint, "--endpoint")
    options = FileOptions(
        question=given["question"],
        answer=given["answer"],
        sheet=given["sheet_name"],
        instruction=instruction_of(given["instruction"]),
        choices=labels_of(given["choices"]),
    )
    suite = SuiteFile(
        suite=suite_name(folder, given["name"]),
        about=" ".join(given["about"].split()),
        endpoints=given["endpoints"],
        instruction=options.instruction,
        choices=options.choices,
    )
    columns = TableColumns(group=given["group"], tags=given["tags"])
    args = run_arguments(api_key_env=given["api_key_env"])
    wanted = Sources(
        paths=sources,
        options=options,
        columns=columns,
        writing=_writing(given, yes=yes),
        redacts=not given["no_redaction"],
        terms=given["terms"],
    )
    try:
        collected, replaced = asyncio.run(collect(wanted, args))
    except UnclearColumns as unclear:  # tables are read before anything is sent, so all can begin again
        options = _asked_columns(unclear, options)
        collected, replaced = asyncio.run(collect(dataclasses.replace(wanted, options=options), args))
    if replaced and given["endpoints"] and not yes and not _confirmed(replaced):
        raise InputError("stopped: no suite was made")
    if not keep_duplicates:
        collected = without_duplicates(collected, vectors)
    make_suite(folder, suite, collected)
    if replaced:
        click.echo(f"{len(replaced):,} places with personal data or secrets are replaced by placeholders", err=True)
    _print_made(folder, suite.endpoints, collected)
    return 0


def _vectors() -> Vectors:
    from steelyard.cli.suite.progress import shown_progress
    from steelyard.suites.sentence_vectors import SentenceVectors

    found = SentenceVectors()
    return lambda texts: found.of(texts, shown_progress("questions"))


def _asked_columns(unclear: UnclearColumns, options: FileOptions) -> FileOptions:
    """Ask in the terminal which columns hold question and answer; the error stands where nobody can answer."""
    import sys

    from msgspec.structs import replace

    from steelyard.util.text import one_line

    names = [name for name in unclear.names if name.strip()]
    if not sys.stdin.isatty() or not 2 <= len(names) <= _COLUMNS:
        raise unclear
    click.echo("It is not clear which columns hold question and answer:", err=True)
    for number, name in enumerate(names, 1):
        click.echo(f"  {number:>2}  {one_line(name, 80)}", err=True)
    of_number = click.IntRange(1, len(names))
    question, answer = (
        names[click.prompt(f"The number of the column with the {what}", type=of_number, err=True) - 1]
        for what in ("question", "right answer")
    )
    return replace(options, question=question, answer=answer)


def _writing(given: dict[str, Any], *, yes: bool) -> Writing:
    from steelyard.api.models import recipient_of
    from steelyard.api.suite_sources import CLOZE, Writing
    from steelyard.cli.suite.progress import shown_progress

    writer = given["writer"]
    leaves = bool(writer) and writer != CLOZE and bool(recipient_of(writer))
    return Writing(
        writer=writer,
        per_passage=given["per_passage"],
        passages=given["passages"],
        seed=given["seed"],
        with_context=not given["closed_book"],
        confirm=_confirmed if leaves and not yes else lambda replaced: True,
        progress=shown_progress("passages"),
    )


def _confirmed(replaced: list[Replaced]) -> bool:
    """Show what is replaced before anything may leave this machine, and ask; InputError where nobody can answer."""
    import sys

    click.echo(
        f"{len(replaced):,} places with personal data or secrets are replaced before anything is sent:", err=True
    )
    for where, before, after in replaced[:_SHOWN]:
        click.echo(f"  {where}\n    - {before}\n    + {after}", err=True)
    if len(replaced) > _SHOWN:
        click.echo(f"  … and {len(replaced) - _SHOWN:,} more", err=True)
    if not sys.stdin.isatty():
        raise InputError("nothing was sent: read what is replaced, and add --yes")
    return click.confirm("Is that right, and may it be sent so?", err=True)


def _print_made(folder: Path, endpoints: tuple[str, ...], collected: Collected) -> None:
    import shlex

    from steelyard.reports.words import counted
    from steelyard.suites.made import reasons_in_words
    from steelyard.util.text import one_line

    for remark in collected.remarks:
        click.echo(one_line(remark, 800), err=True)
    named, thrown = shlex.quote(str(folder)), len(collected.dropped)
    dropped = f", {thrown:,} thrown out ({reasons_in_words(collected.dropped)})" if thrown else ""
    click.echo(f"{folder}: {counted(len(collected.items), 'item')}{dropped}")
    without = sum(not item.answer for item in collected.items)
    if without:
        click.echo(f"{without:,} of them have no answer that a person accepted: only a judge can score these.")
    if not endpoints:
        click.echo("No endpoint may see it yet: name those that may under 'endpoints' in suite.yaml.")
    click.echo(f"Next: steelyard suite review {named}, steelyard suite seal {named}, steelyard run {named} --model URI")
