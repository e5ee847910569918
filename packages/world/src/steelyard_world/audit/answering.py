"""How a world model answers an audit's question, through the same protocol as in all tests.

The true world runs inside the loop, since replanning needs new observations. An answer records only what was done; the
scorers replay it, so nothing has to be taken on trust.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import msgspec
import numpy as np

from steelyard_world.audit.object_position import estimate_position
from steelyard_world.audit.questions import (
    ANSWERED_BY,
    Actions,
    ChooseOutcome,
    LocateObject,
    PlayHeadToHead,
    Question,
    ReachGoal,
    ReachGoalShifted,
    Surprise,
)
from steelyard_world.evaluation.memory import fit_hidden_probe
from steelyard_world.evaluation.physics import shown_order
from steelyard_world.evaluation.planning import imagining_planner, played
from steelyard_world.evaluation.reasoning import picked, scene
from steelyard_world.evaluation.ridge import Ridge
from steelyard_world.planners.settings import PlannerSettings, settings_for
from steelyard_world.protocol import WorldUnderTest
from steelyard_world.sim.catalog import NAMES, simulator
from steelyard_world.sim.recorded_actions import DECIMALS, action_numbers
from steelyard_world.sim.simulator import Simulator

__all__ = ["Answering", "Member", "answer", "planner_details", "play"]


class Answering(NamedTuple):
    """A world model that answers, and the SHA-256 of its weights."""

    model: WorldUnderTest
    weights: str


Member = Callable[[str], Answering]
"""Gives the model for a role, such as ``world two-room``; raises InputError where there is none."""


def answer(question: Question, member: Member) -> str:
    """Answer one question as JSON text, which names by role the weights of what answered (``answered_by``).

    Raises InputError or MissingDependency where the model cannot answer it.
    """
    answered_by: dict[str, str] = {}

    def asked(role: str) -> WorldUnderTest:
        model, answered_by[role] = member(role)
        return model

    found = _answered(question, asked)
    return msgspec.json.encode({**found, ANSWERED_BY: answered_by}).decode()


def _answered(question: Question, member: Callable[[str], WorldUnderTest]) -> dict[str, Any]:
    episode = partial(_episode, question)
    match question:
        case ReachGoal(world=name, seed=seed):
            return {"actions": episode(member(f"world {name}"), name, seed)}
        case ReachGoalShifted(world=name, seed=seed, shift=shift):
            model = member(f"world {name}")
            return {"trained": episode(model, name, seed), "shifted": episode(model, name, seed, shift)}
        case PlayHeadToHead(world=name, seed=seed, rival=rival):
            return {
                "ours": episode(member(f"few frames {name}"), name, seed),
                "rival": episode(member(f"few frames {name} by {rival}"), name, seed),
            }
        case Surprise():
            return _surprised(question, member("world scenes"))
        case LocateObject(seed=seed):
            model = member("world scenes")
            return {"x": [round(estimate_position(model, _probe_of(model), seed), DECIMALS)]}
        case ChooseOutcome(world=name, seed=seed):
            world = simulator(name)
            return {"choice": picked(member(f"world {name}"), world, [scene(world, seed)]).tolist()}


def planner_details(roles: Iterable[str]) -> dict[str, str]:
    """Give, by world, the planner's settings: every score depends on them, so a plan seals them."""
    worlds = [name for name in NAMES if any(name in role.split() for role in roles)]
    return {f"planner {name}": msgspec.json.encode(settings_for(name).record()).decode() for name in worlds}


def play(model: WorldUnderTest, world: Simulator, seed: int, settings: PlannerSettings) -> Actions:
    """Play an episode as the planning test does, with the same plans, and record its actions."""
    (actions,) = played(world, [seed], imagining_planner(model, world, settings), settings.replan_every)
    return [action_numbers(action) for action in actions]


def _surprised(question: Surprise, model: WorldUnderTest) -> dict[str, Any]:
    """Show both clips of a pair, in an order that does not reveal which one is impossible."""
    from steelyard_world.sim.scenes import quad

    scenes = quad(question.category, question.seed)
    clips = np.stack([scenes.possible[question.pair // 2], scenes.impossible[question.pair % 2]])
    (order,) = shown_order([question.seed * 4 + question.pair], len(clips))
    surprises = np.asarray(model.surprise(clips[order]), dtype=np.float64)
    possible, impossible = surprises[order.argsort()]
    return {"possible": _digits(possible), "impossible": _digits(impossible)}


def _digits(numbers: Iterable[float]) -> list[float]:
    """Round to nine digits, which hold a float32 exactly."""
    return [float(f"{number:.9g}") for number in numbers]


_Known = dict[tuple[str, str, int], tuple[Actions, set[bytes]]]
_episodes: WeakKeyDictionary[WorldUnderTest, _Known] = WeakKeyDictionary()


def _episode(question: Question, model: WorldUnderTest, name: str, seed: int, shift: str = "") -> Actions:
    """Play an episode, or reuse it from the answer to another question about the same episode.

    The same question asked again is a repeat, which measures whether the model repeats itself, so it is played again.
    """
    known, asking = _episodes.setdefault(model, {}), msgspec.json.encode(question)
    actions, asked = known.get((name, shift, seed), ([], {asking}))
    if asking in asked:
        world = simulator(name)
        actions, asked = play(model, world.shifted(shift) if shift else world, seed, settings_for(name)), set()
    known[name, shift, seed] = actions, asked | {asking}
    return actions


_probes: WeakKeyDictionary[WorldUnderTest, Ridge] = WeakKeyDictionary()


def _probe_of(model: WorldUnderTest) -> Ridge:
    """Fit the probe once for each model that is open."""
    if model not in _probes:
        _probes[model] = fit_hidden_probe(model)
    return _probes[model]
