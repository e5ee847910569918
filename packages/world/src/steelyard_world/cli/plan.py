"""``steelyard world plan``: trace one planned episode, in the terminal and as a film strip."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json
from steelyard.errors import InputError, MissingDependency

if TYPE_CHECKING:
    from steelyard_world.evaluation.trace import EpisodeTrace
    from steelyard_world.models.model import WorldModel
    from steelyard_world.planners.settings import PlannerSettings
    from steelyard_world.sim.simulator import Simulator

ROWS_SHOWN = 16


@click.command("plan")
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option("--world", metavar="NAME", help="The world to act in (default: that of the training).")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="The held-out episode.")
@click.option("--planner", type=click.Choice(["cem", "mppi", "gradient"]), help="The planner (default: cem).")
@click.option("--horizon", type=click.IntRange(1, 200), metavar="N", help="Length of a plan, in macro-actions.")
@click.option("--samples", type=click.IntRange(2, 100_000), metavar="N", help="Plans sampled in each round.")
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Write the film strips to this page.")
@click.option("--png", "png_file", type=click.Path(path_type=Path), help="Write the episode's film strip as a picture.")
@json_option
def command(
    checkpoint: Path,
    world: str | None,
    seed: int,
    planner: str | None,
    horizon: int | None,
    samples: int | None,
    html_file: Path | None,
    png_file: Path | None,
    as_json: bool,
) -> int:
    """Trace an episode that the model in CHECKPOINT plans, one that training never had: step, true gap, predicted gap.

    A ridge probe reads what the model imagines and draws it: where the picture is wrong, the model's state lacks it.
    """
    from steelyard.api.progress import working
    from steelyard.util.atomic_file import write_file
    from steelyard_world.models.model import WorldModel
    from steelyard_world.sim.catalog import HELD_OUT, simulator

    for path in (html_file, png_file):
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            raise InputError("cannot be written: give the name of a file in a folder that exists", where=path)
    model = WorldModel.load(checkpoint)
    simulated = simulator(world or model.card.world or "two-room")
    _expect_fit(model, simulated, checkpoint)
    settings = _settings(simulated.name, planner, horizon, samples)
    with working(f"planning with {model.name} in {simulated.name}"):
        from steelyard_world.evaluation.trace import trace_episode

        seen = trace_episode(model, simulated, HELD_OUT + seed, settings)
    if as_json:
        print_json(_record(seen, simulated, settings))
    else:
        _print_trace(seen, model, simulated, settings)
    if html_file is not None:
        write_file(html_file, _page(seen, model, simulated, settings, checkpoint, seed).encode())
    if png_file is not None:
        from steelyard_world.cli.plan_films import episode
        from steelyard_world.report.film_strip import picture

        write_file(png_file, picture(episode(seen, simulated)))
    return 0


def _expect_fit(model: WorldModel, world: Simulator, checkpoint: Path) -> None:
    if model.action_size == 0:
        raise MissingDependency(
            f"{checkpoint}: was trained on plain video, so it knows no actions to plan with: "
            f"train one with actions (steelyard world train {world.name} --out DIR)"
        )
    if model.action_size != world.action_size:
        raise InputError(
            f"has {model.action_size} numbers an action, {world.name} needs {world.action_size}: give another --world",
            where=checkpoint,
        )


def _settings(world: str, planner: str | None, horizon: int | None, samples: int | None) -> PlannerSettings:
    import msgspec

    from steelyard_world.planners.settings import settings_for

    changed: dict[str, Any] = {"planner": planner} if planner else {}
    settings = settings_for(world)
    if horizon is not None:
        changed |= {"horizon": horizon, "replan_every": min(settings.replan_every, horizon * settings.repeat)}
    if samples is not None:
        changed |= {"samples": samples, "elites": min(settings.elites, samples)}
    return msgspec.structs.replace(settings, **changed)


# ── in the terminal ─────────────────────────────────────────────────────────────────────────────────────────────────


def _print_trace(seen: EpisodeTrace, model: WorldModel, world: Simulator, settings: PlannerSettings) -> None:
    from rich import box
    from rich.table import Table

    from steelyard.util.console import fitting, out
    from steelyard_world.cli.plan_films import explained

    console = out()
    console.print(_headline(seen, model, world))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    for heading in ("step", "true gap", "predicted gap", "off by", "planned at"):
        table.add_column(heading, justify="right")
    for step in _steps_shown(len(seen.predicted)):
        table.add_row(*_line(seen, world, step))
    console.print(fitting(console, table))
    console.print(f"gaps in pixels; the probe reads {explained(seen)}")
    console.print(_planner_line(settings))


def _steps_shown(count: int) -> list[int]:
    """The last step before each new plan, evenly thinned, always with the last of all: 1 … ``count``."""
    import numpy as np

    chosen = np.linspace(1, count, min(count, ROWS_SHOWN))
    return sorted({round(step) for step in chosen})


def _line(seen: EpisodeTrace, world: Simulator, step: int) -> list[str]:
    planned = max(before for before in range(step) if seen.replanned[before])
    off = float(world.gap(seen.predicted[step - 1], seen.states[step]))
    numbers = (float(seen.gaps[step]), float(seen.predicted_gaps[step - 1]), off)
    return [str(step), *(f"{number:.1f}" for number in numbers), str(planned)]


def _headline(seen: EpisodeTrace, model: WorldModel, world: Simulator) -> str:
    from steelyard_world.sim.catalog import HELD_OUT

    steps = len(seen.predicted)
    end = f"reached the goal in {steps} steps" if seen.reached else f"did not reach the goal in {steps} steps"
    gaps = f"gap {seen.gaps[0]:.1f} → {seen.gaps[-1]:.1f} px"
    return f"{model.name} in {world.name}, episode {seen.seed - HELD_OUT}: {end}; {gaps}"


def _planner_line(settings: PlannerSettings) -> str:
    from steelyard_world.report.words import settings_line

    return settings_line(settings.record())


# ── as JSON and as pictures ─────────────────────────────────────────────────────────────────────────────────────────


def _record(seen: EpisodeTrace, world: Simulator, settings: PlannerSettings) -> dict[str, Any]:
    return {
        "world": world.name,
        "seed": seen.seed,
        "reached": seen.reached,
        "steps": len(seen.predicted),
        "gap": [round(float(gap), 4) for gap in seen.gaps],
        "predicted_gap": [round(float(gap), 4) for gap in seen.predicted_gaps],
        "probe_r2": {name: round(value, 4) if math.isfinite(value) else None for name, value in seen.explained.items()},
        "settings": settings.record(),
    }


def _page(
    seen: EpisodeTrace, model: WorldModel, world: Simulator, settings: PlannerSettings, checkpoint: Path, seed: int
) -> str:
    import steelyard
    from steelyard_world.cli.checkpoints import facts
    from steelyard_world.cli.plan_films import episode, first_plan
    from steelyard_world.report.page import Page, render_page

    return render_page(
        Page(
            title=_headline(seen, model, world),
            subtitle=_planner_line(settings),
            films=[episode(seen, world), first_plan(seen, world)],
            facts=facts([(checkpoint, model)]),
            command=(
                f"steelyard world plan {checkpoint} --world {world.name} --seed {seed} --planner {settings.planner} "
                f"--horizon {settings.horizon} --samples {settings.samples} --html plan.html"
            ),
            version=steelyard.__version__,
        )
    )
