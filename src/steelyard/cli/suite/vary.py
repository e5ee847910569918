"""``steelyard suite vary``: equivalent variants of the items, of which each endpoint is asked one."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--variants",
    "count",
    type=click.IntRange(2, 16),
    default=2,
    show_default=True,
    metavar="N",
    help="How many variants an item has, itself included; each one more lets suite check ask once more.",
)
@click.option("--seed", default="", help="The seed of the variants; default: random, so that nobody knows them.")
def command(folder: Path, count: int, seed: str) -> int:
    """Write equivalent variants of the items of the suite FOLDER into variants.jsonl, before it is sealed.

    They follow from the rules in templates/twins.yaml, else first names change, else the order of choices. The
    endpoints that suite.yaml names are sealed with them: each is asked the variants that the seal draws for it, so that
    steelyard suite check can tell whether a model has learned what that endpoint was asked. Read them, and name the
    endpoints, before you seal.
    """
    import secrets
    import shlex

    from steelyard.reports.words import counted
    from steelyard.suites.varying import vary_suite
    from steelyard.tasks.suite_task import task_from_suite

    suite = task_from_suite(folder, to_ask=False)
    done = vary_suite(suite, seed or secrets.token_hex(16), count)
    click.echo(f"version {done.version}: {counted(done.variants, 'variant')} of {counted(done.items, 'item')}")
    if done.without:
        click.echo(f"{counted(done.without, 'item')} without a variant: every endpoint is asked the same there")
    place = shlex.quote(str(suite.folder))
    click.echo(f"Next: read variants.jsonl, name the endpoints in suite.yaml, then steelyard suite seal {place}")
    return 0
