"""``python -m bench.small_world``: train the models of the small world, measure them, and print the tables."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from bench.engine.markdown import write_section
from bench.small_world import tables
from bench.small_world.make import make
from bench.small_world.parameters import OWN, load
from bench.small_world.vendors import Family, read_families

_RESULTS = Path(__file__).with_name("results.jsonl")


def measured(
    parameters: Path = OWN, results: Path = _RESULTS, jobs: int = 2, *, reduced: bool
) -> tuple[list[Family], str]:
    """Train the models that are missing among the results; all of them, and their tables."""
    world = load(parameters)
    numbers = list(range(world.models["reduced" if reduced else "full"]))
    seconds = make(world, numbers, results, jobs)
    known = read_families(results, world)
    families = [known[number] for number in numbers]
    text = tables.markdown(families, f"{datetime.now(UTC):%Y-%m-%d}", reduced=reduced)
    return families, f"{text}\n{seconds / 60:.1f} CPU-minutes" if seconds else text


@click.command()
@click.option("--reduced", is_flag=True, help="The reduced set of models alone.")
@click.option("--parameters", default=OWN, type=click.Path(path_type=Path), help="Another world.")
@click.option("--results", default=_RESULTS, type=click.Path(path_type=Path), help="Models that were measured before.")
@click.option("--again", is_flag=True, help="Train all of them again.")
@click.option("--jobs", default=2, show_default=True, help="Processes, of one thread each.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Also put the tables into this document.")
@click.option("--reports", is_flag=True, help="Write what reports show of it.")
def main(
    reduced: bool, parameters: Path, results: Path, again: bool, jobs: int, markdown: Path | None, reports: bool
) -> None:
    """Train what is missing, and print the tables."""
    if again:
        results.unlink(missing_ok=True)
    families, text = measured(parameters, results, jobs, reduced=reduced)
    print(text)
    if markdown is not None:
        write_section(markdown, "small world", text)
    if reports:
        tables.write_reports(families)


if __name__ == "__main__":
    main()
