"""``python -m bench.small_world``: train the models of the small world, measure them, and print the tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from bench.engine.markdown import write_section
from bench.small_world import tables
from bench.small_world.make import make
from bench.small_world.parameters import OWN, SmallWorld, load
from bench.small_world.size import MoreFiles, more_files_of, read_more_files
from bench.small_world.vendors import Family, family_of, read_families

_RESULTS = Path(__file__).with_name("results.jsonl")
_MORE_FILES = Path(__file__).with_name("more_files.jsonl")


def measured(
    parameters: Path = OWN, results: Path = _RESULTS, jobs: int = 2, *, reduced: bool
) -> tuple[list[Family], str]:
    """Train the models that are missing among the results; all of them, and their tables."""
    world = load(parameters)
    numbers = list(range(world.models["reduced" if reduced else "full"]))
    known = read_families(results, world)
    seconds = make(family_of, world, [number for number in numbers if number not in known], results, jobs)
    known = read_families(results, world)
    families = [known[number] for number in numbers]
    text = tables.markdown(families, _recorded(world, families), f"{datetime.now(UTC):%Y-%m-%d}", reduced=reduced)
    return families, f"{text}\n{seconds / 60:.1f} CPU-minutes" if seconds else text


def _recorded(world: SmallWorld, families: Sequence[Family]) -> list[MoreFiles]:
    """More files of these models, as far as they were measured; click's error where a model is another one."""
    more = read_more_files(_MORE_FILES, world)
    found = [more[family.model] for family in families if family.model in more]
    for family in families:
        steps = family.measured[0].steps
        if family.model in more and more[family.model].steps != steps:
            raise click.ClickException(
                f"{_MORE_FILES.name}: model {family.model} learned {more[family.model].steps} steps, and {steps} in "
                "the results: another machine or torch made it; train all again on one machine (--again)"
            )
    return found


@click.command()
@click.option("--reduced", is_flag=True, help="The reduced set of models alone.")
@click.option("--parameters", default=OWN, type=click.Path(path_type=Path), help="Another world.")
@click.option("--results", default=_RESULTS, type=click.Path(path_type=Path), help="Models that were measured before.")
@click.option("--again", is_flag=True, help="Train all of them again.")
@click.option("--more-files", is_flag=True, help="Hold more files against honest models, where that is missing.")
@click.option("--jobs", default=2, show_default=True, help="Processes, of one thread each.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Also put the tables into this document.")
@click.option("--reports", is_flag=True, help="Write what reports show of it.")
def main(
    reduced: bool,
    parameters: Path,
    results: Path,
    again: bool,
    more_files: bool,
    jobs: int,
    markdown: Path | None,
    reports: bool,
) -> None:
    """Train what is missing, and print the tables."""
    if again:
        results.unlink(missing_ok=True)
        if more_files:
            _MORE_FILES.unlink(missing_ok=True)
    world = load(parameters)
    if more_files:
        missing = sorted(set(range(world.models["full"])) - set(read_more_files(_MORE_FILES, world)))
        seconds = make(more_files_of, world, missing, _MORE_FILES, jobs)
        print(f"{seconds / 60:.1f} CPU-minutes for more files")
    families, text = measured(parameters, results, jobs, reduced=reduced)
    print(text)
    if markdown is not None:
        write_section(markdown, "small world", text)
    if reports:
        tables.write_reports(families, _recorded(world, families))


if __name__ == "__main__":
    main()
