"""``python -m bench.vjepa``: pre-train on video files and print what it changed, with intervals."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from bench.vjepa.course import differing_weights_after_a_kill
from bench.vjepa.films import MOTIONS, make_films
from bench.vjepa.measure import (
    CONFIG,
    POSITIONS,
    Labelled,
    Scores,
    attention_of,
    fit_probes,
    labelled,
    pretrain,
    probe_scores,
    rank,
    real_losses,
)
from bench.vjepa.real_clips import real_clips
from steelyard.errors import MissingDependency
from steelyard.util.atomic_file import write_file
from steelyard_world.data.video.crops import CENTRE
from steelyard_world.data.video.decode import ClipRequest, read_clip
from steelyard_world.models.vjepa.learner import VJepa
from steelyard_world.report.attention import attention_strip
from steelyard_world.report.film_strip import FilmStrip
from steelyard_world.report.page import Page, render_page
from steelyard_world.stats.crossed import Estimate, crossed_difference, crossed_mean

Row = tuple[str, str, str, str]
Probed = dict[str, Scores]
_FIRST_HELD_OUT = 3000
_REAL = "carphone_pristine.mp4"


@click.command()
@click.option("--seeds", default=3, show_default=True, help="Trainings.")
@click.option("--steps", default=400, show_default=True, help="Optimiser steps of each.")
@click.option("--films", default=24, show_default=True, help="Films of each direction, and as many held out.")
@click.option("--html", type=click.Path(path_type=Path), help="Write a page: the table, and where a probe looks.")
def main(seeds: int, steps: int, films: int, html: Path | None) -> None:
    """Print a table: losses, probes of trained and untrained encoders, real clips, resumption after a kill."""
    if html is not None and not html.parent.is_dir():
        raise click.BadParameter("give a file in a folder that exists", param_hint="--html")
    torch.set_num_threads(1)
    began, rows = time.process_time(), []
    strips: list[FilmStrip] = []
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        listed = make_films(folder / "known", range(films))
        asked = labelled(make_films(folder / "asked", range(_FIRST_HELD_OUT, _FIRST_HELD_OUT + films)))
        rows += _motion(listed, asked, _pictures(folder), seeds, steps, strips)
        rows += _real(seeds, steps // 5)
        rows += _resumption(make_films(folder / "few", [0]).parent, folder)
    spent = time.process_time() - began + os.times().children_user + os.times().children_system
    title = f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {spent:.0f} CPU-s"
    table = Table(title=title)
    for name in ("what", "n", "untrained", "trained"):
        table.add_column(name)
    for row in rows:
        table.add_row(*row)
    Console(width=120).print(table)
    if html is not None:
        facts = [(what, f"{n}; untrained {low or '–'}; trained {high}") for what, n, low, high in rows]
        page = Page("V-JEPA from films", title, attentions=strips, facts=facts, command="python -m bench.vjepa")
        write_file(html, render_page(page).encode())


def _motion(
    listed: Path,
    asked: Labelled,
    pictures: tuple[Labelled, Labelled] | None,
    seeds: int,
    steps: int,
    strips: list[FilmStrip],
) -> list[Row]:
    """Rows of the table; ``strips`` is given where the first seed's attentive probe looks in one clip of each kind."""
    known = labelled(listed)
    films = {"textures": (known, asked)} | ({} if pictures is None else {_REAL: pictures})
    scores: dict[str, list[tuple[Probed, Probed]]] = {name: [] for name in films}
    errors, ranks = [], []
    for seed in range(seeds):
        torch.manual_seed(seed)
        untrained = VJepa(CONFIG).eval()
        outcome = pretrain(listed, seed, steps)
        pair = (untrained, outcome.learner)
        for name, (learned, met) in films.items():
            before, after = (fit_probes(learner, learned, seed) for learner in pair)
            scores[name].append((probe_scores(before, met), probe_scores(after, met)))
            if seed == 0:
                looked = attention_of(after, met.frames[0])
                title = f"{name}: where the camera moves, direction {int(met.labels[0]) + 1} of {len(MOTIONS)}"
                strips.append(attention_strip(title, met.frames[0].numpy(), looked))
        errors.append((outcome.first, outcome.last))
        ranks.append((rank(untrained, asked), rank(outcome.learner, asked)))
    rows = [
        ("error of prediction, first step and last three logged", f"{seeds} seeds × {steps} steps", *_each(errors)),
        ("effective rank of tubelets' latents", f"{seeds} seeds", *_each(ranks)),
    ]
    for name, (_, met) in films.items():
        rows += _probed(name, scores[name], met)
    return rows


def _probed(what: str, scores: list[tuple[Probed, Probed]], asked: Labelled) -> list[Row]:
    count = f"{len(scores)} seeds × {len(set(asked.films))} films × {POSITIONS}"
    rows = []
    for name in scores[0][0]:
        tables = [np.stack([_by_film(pair[part][name], asked) for pair in scores]) for part in (0, 1)]
        low, high = (_shown(crossed_mean(table)) for table in tables)
        gain = _shown(crossed_difference(tables[1], tables[0]))
        rows.append((f"{name} probe of direction, {what}, chance {1 / len(MOTIONS):.3f}", count, low, high))
        rows.append((f"{name} probe, {what}, gain", count, "", gain))
    return rows


def _pictures(folder: Path) -> tuple[Labelled, Labelled] | None:
    """Films that pan over pictures of the real clip: of its first half to learn from, of its second to be asked."""
    try:
        path = real_clips()[0]
    except MissingDependency:
        return None
    frames = read_clip(ClipRequest(str(path), 0.0, 120, 1, 128, CENTRE))
    first, second = frames[:60:5], frames[60::5]
    return (
        labelled(make_films(folder / "real-known", range(len(first)), first)),
        labelled(make_films(folder / "real-asked", range(_FIRST_HELD_OUT, _FIRST_HELD_OUT + len(second)), second)),
    )


def _real(seeds: int, steps: int) -> list[Row]:
    try:
        paths = real_clips()
    except MissingDependency as error:
        return [("real clips", "0", "", str(error))]
    errors = [real_losses(paths, steps, seed) for seed in range(seeds)]
    return [(f"error of prediction on {_REAL}", f"{seeds} seeds × {steps} steps", *_each(errors))]


def _resumption(folder: Path, work: Path) -> list[Row]:
    different, count = differing_weights_after_a_kill(folder, work)
    return [("weights that differ after SIGKILL and resume", f"{count:,}", "", str(different))]


def _by_film(scores: Scores, asked: Labelled) -> Scores:
    """Mean score of each film: its clips are no independent samples."""
    films = np.array(asked.films)
    means: Scores = np.array([scores[films == film].mean() for film in sorted(set(asked.films))])
    return means


def _each(pairs: list[tuple[float, float]]) -> tuple[str, str]:
    first, last = (" ".join(f"{value:.3g}" for value in column) for column in zip(*pairs, strict=True))
    return first, last


def _shown(interval: Estimate) -> str:
    return f"{interval.estimate:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


if __name__ == "__main__":
    main()
