"""``python -m bench.world_rooms`` (``make world``): two rooms from nothing; exit 1 on a FAIL."""

from __future__ import annotations

import multiprocessing
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench.engine.__main__ import machine
from bench.engine.markdown import table, write_section
from bench.world_rooms.films import films
from bench.world_rooms.tables import HEADINGS, Checked, checked, over_no_obstacles, row, settings_of, verdicts
from bench.world_rooms.work import Controls, Job, Tested, controls, episodes, tested
from steelyard_world.evaluation.result import Results, write_results
from steelyard_world.report.film_strip import FilmStrip, picture
from steelyard_world.report.page import Page, render_page
from steelyard_world.training.presets import preset

_WORLDS = ("two-room", "two-room-fixed")
_FILMS = 2  # of each world, by the first seed's model


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="A new folder.  [default: runs/world-DATE]")
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Trainings of each world.")
@click.option("--episodes", "count", type=click.IntRange(2), default=104, show_default=True, help="Held-out episodes.")
@click.option("--steps", type=click.IntRange(1), help="Optimiser steps of each training.  [default: as the presets]")
@click.option("--markdown", type=click.Path(path_type=Path), help="Put the tables into this document too.")
def main(out: Path | None, seeds: int, count: int, steps: int | None, markdown: Path | None) -> None:
    """Train in two rooms, plan held-out episodes, and print the results; films and a page go into the folder."""
    began = time.process_time()
    out = out or Path("runs") / f"world-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    out.mkdir(parents=True)
    console = Console(width=100)
    models, measured = _worked(_jobs(out, seeds, count, steps), count, Console(stderr=True))
    worlds = [checked([model for model in models if model.job.world == name], measured[name]) for name in _WORLDS]
    strips = [strip for name in _WORLDS for strip in films(out / f"{name}-seed0", name, episodes(_FILMS))]
    cpu = time.process_time() - began + sum(model.cpu for model in models) + sum(one.cpu for one in measured.values())
    title = f"{machine()}; {cpu:.0f} CPU-s in all"
    notes, kept = [say(each) for say in (over_no_obstacles, settings_of) for each in worlds], verdicts(worlds, cpu)
    _write(out, title, worlds, models, measured, strips, [*notes, *kept])
    console.print(title)
    console.print(_table(worlds))
    for line in [*notes, *kept, f"The page: {out.absolute() / 'report.html'}"]:
        console.print(line, highlight=False, soft_wrap=True, style="bold red" if line.startswith("FAIL") else "")
    if markdown is not None:
        body = table(title, HEADINGS, [row(each) for each in worlds], 1, "\n\n".join(notes))
        write_section(markdown, "bench.world_rooms", body + "\n```text\n" + "\n".join(kept) + "\n```")
    sys.exit(1 if any(line.startswith("FAIL") for line in kept) else 0)


def _jobs(out: Path, seeds: int, count: int, steps: int | None) -> list[Job]:
    return [
        Job(name, seed, steps or preset(name).steps, count, out / f"{name}-seed{seed}")
        for name in _WORLDS
        for seed in range(seeds)
    ]


def _worked(jobs: list[Job], count: int, err: Console) -> tuple[list[Tested], dict[str, Controls]]:
    """Do all jobs in two fresh processes."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool, err.status("") as status:
        controlled = [pool.apply_async(controls, (name, count)) for name in _WORLDS]
        models = []
        status.update(f"training {len(jobs)} models, two at a time")
        for model in pool.imap(tested, jobs):
            models.append(model)
            job = model.job
            err.print(
                f"{job.world}, seed {job.seed}: {model.training_cpu:.0f} CPU-s of training, {model.result.mean:.3f} "
                f"of {count} goals reached ({model.episode_cpu:.2f} CPU-s an episode)"
            )
        return models, {each.world: each for each in (waiting.get() for waiting in controlled)}


def _write(
    out: Path,
    title: str,
    worlds: list[Checked],
    models: list[Tested],
    measured: dict[str, Controls],
    strips: list[FilmStrip],
    notes: list[str],
) -> None:
    summaries = tuple(each.summary for each in worlds)
    results = Results(
        checkpoints=tuple(
            {
                "folder": model.job.folder.name,
                "kind": preset(model.job.world).kind,
                "seed": model.job.seed,
                "steps": model.job.steps,
                "frames": model.frames,
                "cpu_seconds": model.training_cpu,
            }
            for model in models
        ),
        results=tuple(model.result for model in models),
        controls=tuple(each for one in measured.values() for each in (*one.floors, one.no_obstacles, *one.ceilings)),
        summaries=summaries,
    )
    write_results(out / "results.json", results)
    by_seed = {each.summary.world: each.by_seed for each in worlds}
    (out / "by-seed.json").write_bytes(msgspec.json.format(msgspec.json.encode(by_seed), indent=1) + b"\n")
    for number, strip in enumerate(strips):
        (out / f"film-{number}.png").write_bytes(picture(strip))
    facts = [(f"note {number}", note) for number, note in enumerate(notes, 1)]
    page = Page("Two rooms and a door", title, summaries, strips, facts=facts, command="python -m bench.world_rooms")
    (out / "report.html").write_text(render_page(page), encoding="utf-8")


def _table(worlds: list[Checked]) -> Table:
    shown = Table(box=SIMPLE_HEAD)
    for number, name in enumerate(HEADINGS):
        shown.add_column(name, justify="right" if number else "left")
    for each in worlds:
        shown.add_row(*row(each))
    return shown


if __name__ == "__main__":
    main()
