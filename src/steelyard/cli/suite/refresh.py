"""``steelyard suite refresh``: twins take the place of items that were seen."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--item", "items", multiple=True, metavar="ID", help="Refresh this item, whoever has seen it.")
@click.option("--all", "all_items", is_flag=True, help="Refresh all items.")
@click.option("--retire", is_flag=True, help="Retire also items that have no twin.")
@click.option("--seed", default="", help="The seed of the twins; default: random, so that nobody knows it.")
def command(folder: Path, items: tuple[str, ...], all_items: bool, retire: bool, seed: str) -> int:
    """Put twins in the place of those items of the suite FOLDER that an endpoint has seen, as another version.

    Twins follow from the rules in templates/twins.yaml, which compute the answer again; without a rule first names are
    changed. What was retired stands in dropped.jsonl. Look at the twins before you seal: steelyard suite review.
    """
    import secrets
    import shlex

    from steelyard.suites.refreshing import refresh_suite
    from steelyard.tasks.suite_task import task_from_suite

    suite = task_from_suite(folder, to_ask=False)
    done = refresh_suite(suite, seed or secrets.token_hex(16), items, all_items=all_items, retire_all=retire)
    click.echo(f"version {done.version}: {done.twins:,} twins, {done.retired:,} retired without one")
    if done.kept:
        click.echo(f"{done.kept:,} items that were seen have no twin and stay (--retire leaves them out)")
    if suite.variants.lines:
        click.echo("variants.jsonl is of the version before: steelyard suite vary makes it again")
    click.echo(f"Next: steelyard suite review {shlex.quote(str(folder))}")
    return 0
