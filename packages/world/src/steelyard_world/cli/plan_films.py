"""Film strips of a traced episode."""

from __future__ import annotations

import math
from typing import Any

from steelyard_world.evaluation.trace import EpisodeTrace
from steelyard_world.report.film_strip import FilmRow, FilmStrip, spread
from steelyard_world.sim.catalog import HELD_OUT
from steelyard_world.sim.simulator import Floats, Simulator

__all__ = ["episode", "explained", "first_plan"]


def episode(seen: EpisodeTrace, world: Simulator) -> FilmStrip:
    """What happened, what the model predicted for each step when it last planned, and the goal."""
    chosen = spread(len(seen.states))
    predicted = [None if step == 0 else _drawn(world, seen.predicted[step - 1]) for step in chosen]
    rows = (
        FilmRow("what happened", [_drawn(world, seen.states[step]) for step in chosen]),
        FilmRow("what it predicted when it last planned, read by the probe", predicted),
        FilmRow("the goal", [_drawn(world, seen.goal)]),
    )
    end = f"reached after {len(seen.predicted)} steps" if seen.reached else f"missed by {seen.gaps[-1]:.1f} px"
    title = f"{world.name}, episode {seen.seed - HELD_OUT}: {end}"
    return FilmStrip(title, f"Columns: steps. The probe reads {explained(seen)}", tuple(map(str, chosen)), rows)


def first_plan(seen: EpisodeTrace, world: Simulator) -> FilmStrip:
    """The first plan to its end: in the true world and in imagination."""
    plan = seen.first_plan
    chosen = spread(len(plan.true))
    imagined = [_drawn(world, plan.imagined[step]) for step in chosen]
    off = world.gap(plan.imagined, plan.true)
    rows = (
        FilmRow("where it leads in the true world", [_drawn(world, plan.true[step]) for step in chosen]),
        FilmRow("where the model imagines it to lead, read by the probe", imagined),
    )
    caption = f"Columns: steps. Apart by {off[0]:.1f} px after the first step, {off[-1]:.1f} px at the end."
    heads = tuple(str(step + 1) for step in chosen)
    return FilmStrip(f"The first plan to its end, {len(off)} steps", caption, heads, rows)


def _drawn(world: Simulator, state: Floats) -> Any:
    return world.draw(state[None])[0]


def explained(seen: EpisodeTrace) -> str:
    """What the probe reads, with R² on episodes that it was not fitted to."""
    known = {name: value for name, value in seen.explained.items() if math.isfinite(value)}
    read = ", ".join(f"{name} (R² {max(value, 0):.2f})" for name, value in known.items()) or "nothing that changes"
    drawn = [name for name in seen.as_seen if name in known]
    return f"{read}; {' and '.join(drawn)} drawn as in the observed frame." if drawn else f"{read}."
