"""The page of an evaluation: its results, and pictures of the first training."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard_world.cli.checkpoints import Loaded
    from steelyard_world.evaluation.result import Results
    from steelyard_world.report.film_strip import FilmStrip
    from steelyard_world.report.surprise_chart import SurprisePair

__all__ = ["page"]


def page(results: Results, loaded: Loaded, command: str) -> str:
    """Write the page: scores, film strips of planning, surprise under a pair of each category, what was left out."""
    import steelyard
    from steelyard.api.progress import working
    from steelyard.reports.words import counted
    from steelyard_world.cli.checkpoints import facts
    from steelyard_world.report.page import Page, render_page

    first = loaded[0][1]
    with working("drawing plans and surprises"):
        surprises = [_surprise(loaded, each.condition) for each in results.summaries if each.test == "physics"]
        films = [film for world in _planned(results) for film in _films(results, loaded, world)]
    return render_page(
        Page(
            title=f"{first.name}, {counted(len(loaded), 'training')}",
            subtitle=f"trained in {first.card.world}" if first.card.world else "trained on plain video",
            summaries=results.summaries,
            films=films,
            surprises=surprises,
            left_out=results.left_out,
            facts=facts(loaded),
            command=command,
            version=steelyard.__version__,
        )
    )


def _planned(results: Results) -> list[str]:
    return list(dict.fromkeys(each.world for each in results.summaries if each.test == "planning"))


def _films(results: Results, loaded: Loaded, world: str) -> list[FilmStrip]:
    """An episode in which the first training reached the goal, and one in which it missed it, where there are such."""
    from steelyard_world.cli.plan_films import episode
    from steelyard_world.evaluation.state_probe import fit_state_probe
    from steelyard_world.evaluation.trace import trace_episode
    from steelyard_world.planners.settings import settings_for
    from steelyard_world.sim.catalog import simulator

    simulated, model = simulator(world), loaded[0][1]
    first = next(each for each in results.results if each.test == "planning" and each.world == world)
    by_score = {score: unit for unit, score in reversed(list(zip(first.units, first.scores, strict=True)))}
    probe = fit_state_probe(model.encode, simulated)
    seeds = [int(by_score[score]) for score in sorted(by_score, reverse=True)]
    return [episode(trace_episode(model, simulated, seed, settings_for(world), probe), simulated) for seed in seeds]


def _surprise(loaded: Loaded, category: str) -> SurprisePair:
    """The first held-out pair of a category, as the first training saw it."""
    import numpy as np

    from steelyard_world.report.surprise_chart import SurprisePair
    from steelyard_world.sim.catalog import HELD_OUT
    from steelyard_world.sim.scenes import quad

    scenes = quad(category, HELD_OUT)
    possible, impossible = loaded[0][1].surprise(np.stack([scenes.possible[0], scenes.impossible[0]]))
    return SurprisePair(category, possible, impossible, scenes.cut, scenes.possible[0], scenes.impossible[0])
