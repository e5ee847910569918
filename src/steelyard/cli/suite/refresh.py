"""``steelyard suite refresh``: twins take the place of items that were seen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.options import api_keys_option, run_arguments

if TYPE_CHECKING:
    from steelyard.suites.writers.twins import WrittenTwins
    from steelyard.tasks.suite_task import SuiteTask

__all__ = ["command"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--item", "items", multiple=True, metavar="ID", help="Refresh this item, whoever has seen it.")
@click.option("--all", "all_items", is_flag=True, help="Refresh all items.")
@click.option("--retire", is_flag=True, help="Retire also items that have no twin.")
@click.option("--seed", default="", help="The seed of the twins; default: random, so that nobody knows it.")
@click.option(
    "--writer-model",
    default="",
    metavar="URI",
    help="Have this model (openai:NAME@URL) write twins of items without a rule: three calls an item. Its address must "
    "be among the suite's endpoints, and counts as having seen the twins.",
)
@api_keys_option
def command(
    folder: Path,
    items: tuple[str, ...],
    all_items: bool,
    retire: bool,
    seed: str,
    writer_model: str,
    api_key_env: tuple[str, ...],
) -> int:
    """Put twins in the place of those items of the suite FOLDER that an endpoint has seen, as another version.

    Twins follow from the rules in templates/twins.yaml, which compute the answer again. Without a rule a model writes
    them, each kept if two further calls give its answer; without a model first names are changed. What was retired or
    thrown out stands in dropped.jsonl. Look at the twins before you seal: steelyard suite review. Exit codes: 0 the
    suite was refreshed, 1 no twin of the model's was kept.
    """
    import secrets
    import shlex

    from steelyard.suites.refreshing import refresh_suite
    from steelyard.tasks.suite_task import task_from_suite

    suite = task_from_suite(folder, to_ask=False)
    written = _written(suite, items, writer_model, api_key_env, all_items=all_items) if writer_model else None
    done = refresh_suite(
        suite, seed or secrets.token_hex(16), items, all_items=all_items, retire_all=retire, written=written
    )
    click.echo(f"version {done.version}: {done.twins:,} twins, {done.retired:,} retired without one")
    if written is not None and written.dropped:
        from steelyard.suites.made import reasons_in_words

        click.echo(
            f"{len(written.dropped):,} that the model wrote were thrown out: {reasons_in_words(written.dropped)}"
        )
    if done.kept:
        click.echo(f"{done.kept:,} items that were seen have no twin and stay (--retire leaves them out)")
    if suite.variants.lines:
        click.echo("variants.jsonl is of the version before: steelyard suite vary makes it again")
    click.echo(f"Next: steelyard suite review {shlex.quote(str(folder))}")
    return 0


def _written(
    suite: SuiteTask, items: tuple[str, ...], writer: str, api_key_env: tuple[str, ...], *, all_items: bool
) -> WrittenTwins | None:
    """What the model wrote; None where every item that is wanted has a rule, and nothing is asked."""
    import asyncio

    from steelyard.api.written_twins import written_twins
    from steelyard.cli.suite.progress import shown_progress
    from steelyard.suites.refreshing import wanted_items, without_rule

    wanted = without_rule(suite, wanted_items(suite, items, all_items=all_items))
    if not wanted:
        return None
    args = run_arguments(api_key_env=api_key_env)
    return asyncio.run(written_twins(suite, wanted, writer, args, shown_progress("items")))
