"""Film strips of plans: what the model imagined at the start, what that plan leads to, and the whole episode."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from steelyard_world.evaluation.state_probe import fit_state_probe
from steelyard_world.evaluation.trace import trace_episode
from steelyard_world.models.model import WorldModel
from steelyard_world.planners.settings import settings_for
from steelyard_world.report.film_strip import FilmRow, FilmStrip, spread
from steelyard_world.sim.catalog import simulator

__all__ = ["films"]


def films(folder: Path, world: str, seeds: list[int]) -> list[FilmStrip]:
    """Trace a saved model in these episodes."""
    model, room = WorldModel.load(folder), simulator(world)
    probe = fit_state_probe(model.encode, room)
    strips = []
    for seed in seeds:
        seen = trace_episode(model, room, seed, settings_for(world), probe)
        imagined = seen.first_plan.imagined
        chosen = spread(len(imagined))
        walked = [seen.states[min(step + 1, len(seen.states) - 1)] for step in chosen]
        rows = (
            FilmRow("imagined at the start, read by a linear probe", list(room.draw(imagined[chosen]))),
            FilmRow("the same plan in the true world", list(room.draw(seen.first_plan.true[chosen]))),
            FilmRow("the episode, replanned every 4 steps", list(room.draw(np.stack(walked)))),
            FilmRow("the goal", list(room.draw(np.repeat(seen.goal[None], len(chosen), axis=0)))),
        )
        end = f"reached after {len(seen.states) - 1} steps" if seen.reached else "not reached"
        strips.append(
            FilmStrip(
                title=f"{world}, episode {seed}: {end}",
                caption=_caption(probe.as_seen),
                columns=tuple(f"step {step + 1}" for step in chosen),
                rows=rows,
            )
        )
    return strips


def _caption(unread: tuple[str, ...]) -> str:
    if not unread:
        return "All of the picture is read from the imagined latents."
    return f"The imagined latents hold what moves; {' and '.join(unread)} are drawn as in the observed frame."
