"""How a world model answers an audit's question: through the one door of all tests, with what an episode shows.

The true world runs inside the loop, since a plan that is looked at again needs observations. Nothing that the answer
says of itself is believed: it holds what was done, and the scorers play that again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import numpy as np

from assay.errors import NotAvailable
from assay.worldmodel.plan.cem import cem
from assay.worldmodel.plan.cost import over_horizon
from assay.worldmodel.plan.mppi import mppi
from assay.worldmodel.plan.settings import PlannerSettings, settings_for
from assay.worlds.catalog import NAMES, simulator
from assay.worlds.simulator import Floats, Simulator
from assay.worldtests.protocol import WorldUnderTest
from assay.worldtests.questions import (
    Act,
    ActAgainst,
    Actions,
    ActShifted,
    Choose,
    Locate,
    Question,
    Surprise,
    rounded,
    written,
)

__all__ = ["Member", "answer", "planner_details", "play"]

Member = Callable[[str], WorldUnderTest]
"""Gives the model of a role, such as ``world two-room``; raises InputError where there is none."""

_MOST_REPLANS = 1000  # more than any episode has steps: so no two plans of two episodes draw the same numbers


def answer(question: Question, member: Member) -> str:
    """Answer one question with JSON; raises InputError or NotAvailable where the model cannot."""
    return msgspec.json.encode(_answered(question, member)).decode()


def _answered(question: Question, member: Member) -> dict[str, Any]:
    match question:
        case Act(world=name, seed=seed):
            return {"actions": play(member(f"world {name}"), simulator(name), seed, settings_for(name))}
        case ActShifted(world=name, seed=seed, shift=shift):
            model, world, settings = member(f"world {name}"), simulator(name), settings_for(name)
            return {
                "trained": play(model, world, seed, settings),
                "shifted": play(model, world.shifted(shift), seed, settings),
            }
        case ActAgainst(world=name, seed=seed, rival=rival):
            world, settings = simulator(name), settings_for(name)
            return {
                "ours": play(member(f"few frames {name}"), world, seed, settings),
                "rival": play(member(f"few frames {name} by {rival}"), world, seed, settings),
            }
        case Surprise():
            return _surprised(question, member("world scenes"))
        case Locate() | Choose():
            raise NotAvailable(f"this version of Assay cannot ask {type(question).__name__}")


def planner_details(roles: Iterable[str]) -> dict[str, str]:
    """By world, the settings with which its episodes are planned: part of every number, so a plan seals them."""
    worlds = [name for name in NAMES if any(name in role.split() for role in roles)]
    return {f"planner {name}": msgspec.json.encode(settings_for(name).record()).decode() for name in worlds}


def play(model: WorldUnderTest, world: Simulator, seed: int, settings: PlannerSettings) -> Actions:
    """Play an episode to its goal or its last step, planning anew from what is seen every ``replan_every`` steps."""
    states, goals = world.start([seed])
    goal = world.draw(goals)
    planner = mppi if settings.planner == "mppi" else cem
    done: Actions = []
    while len(done) < world.episode_steps:
        seen = world.draw(states)

        def cost(actions: Floats, seen: Any = seen) -> Floats:
            return over_horizon(model.distance(model.rollout(seen, actions), goal), settings.cost)

        plan_seed = (seed * _MOST_REPLANS + len(done)) % 2**63
        plan = planner(cost, [plan_seed], settings, action_size=world.action_size, action_limit=world.action_limit)
        for action in rounded(plan[0, : min(settings.replan_every, world.episode_steps - len(done))]):
            states = world.step(states, action[None])
            done.append(written(action))
            if not np.isfinite(action).all() or bool(world.reached(states, goals)[0]):
                return done
    return done


def _surprised(question: Surprise, model: WorldUnderTest) -> dict[str, Any]:
    """Show both clips of a pair; the model is not told which of them cannot happen."""
    from assay.worlds.scenes import quad

    scenes = quad(question.category, question.seed)
    clips = np.stack([scenes.possible[question.pair], scenes.impossible[question.pair]])
    possible, impossible = np.asarray(model.surprise(clips), dtype=np.float64)
    return {"possible": _six_digits(possible), "impossible": _six_digits(impossible)}


def _six_digits(numbers: Iterable[float]) -> list[float]:
    return [float(f"{number:.6g}") for number in numbers]
