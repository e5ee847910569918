"""Reasoning about consequences: which of five outcomes follows if one cause is changed?

A trajectory was seen; then its course is turned by an angle from one step on, and the model is to say how it would have
ended. Five pictures are shown: how it did end; how it ends under the turn that is asked about, and under another turn
that is not; and both again as if nothing stood in the way, so that the agent went through walls and blocks. Scenes are
those in which all five differ by 5 px or more. So whoever copies what happened is always wrong, and so is whoever
reckons without the obstacles; and who knows the world but not the question cannot pass one half, since which of the two
turns is asked about is the fall of a coin after everything else is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError
from assay.worlds.chance import uniform
from assay.worlds.simulator import Floats, Frames, Simulator
from assay.worldtests.planning import NO_OBSTACLES, NoObstacles
from assay.worldtests.protocol import WorldUnderTest
from assay.worldtests.result import TestResult

__all__ = ["CHOICES", "STEPS", "TEST", "Scene", "controls", "picked", "run", "scene"]

TEST = "reasoning"
MEASURE = "right choices"
CHOICES = 5
STEPS = 12  # of a trajectory
_TURN_AT = 2  # the step from which the course is turned
_LEAST_TURN = np.pi / 4
_APART = 5.0  # pixels between any two outcomes
_TRIES = 64  # trajectories drawn at once while a scene is sought
_ROUNDS = 50
_STREAM = 200
_GROUP = 64  # scenes imagined at once


class Scene(NamedTuple):
    """One question. Actions are in pixels; outcomes are the states that the pictures show."""

    start: Floats
    """(S,): what was seen before anything was done."""
    factual: Floats
    """(K, A): what was done."""
    changed: Floats
    """(K, A): what is asked about."""
    outcomes: Floats
    """(5, S): how it would have ended."""
    answer: int
    happened: int
    """Which outcome is the factual one."""
    unhindered: int
    """Which outcome is that of ``changed`` if nothing stood in the way."""


def scene(simulator: Simulator, seed: int) -> Scene:
    """Make the scene of a seed; raises InputError if the world has none, so that obstacles hardly ever matter."""
    unhindered = NoObstacles(simulator)
    for attempt in range(_ROUNDS):
        chance = uniform([seed], _TRIES, _STREAM + attempt)[0]
        seeds = np.floor(chance * 2.0**53).astype(np.int64).tolist()
        states, factual = simulator.explore(seeds, STEPS + 1)
        angles = uniform(seeds, 2, _STREAM)
        turns = _LEAST_TURN + angles * (2 * np.pi - 2 * _LEAST_TURN)
        changed = [_turned(factual, turns[:, which]) for which in (0, 1)]
        begin = states[:, 0]
        ends = [_end(simulator, begin, actions) for actions in (factual, *changed)]
        free = [unhindered.rollout(begin, actions[:, None])[:, 0, -1] for actions in changed]
        outcomes = np.stack([*ends, *free], axis=1)
        found = np.flatnonzero(_all_apart(outcomes))
        if len(found):
            index = int(found[0])
            return _asked(begin[index], factual[index], [each[index] for each in changed], outcomes[index], seed)
    raise InputError(f"{simulator.name}: no counterfactual scene in {_ROUNDS * _TRIES} trajectories of seed {seed}")


def run(
    model: WorldUnderTest, simulator: Simulator, seeds: Sequence[int], *, training_seed: int | None = None
) -> TestResult:
    """Ask a model: it imagines the changed course and picks the outcome that its last state is nearest to."""
    scenes = [scene(simulator, seed) for seed in seeds]
    choices = picked(model, simulator, scenes)
    return _result(simulator, seeds, scenes, choices, model.name, training_seed)


def controls(simulator: Simulator, seeds: Sequence[int]) -> tuple[TestResult, ...]:
    """What needs no model, and the true dynamics last: chance, copies, and reckoning without the obstacles."""
    scenes = [scene(simulator, seed) for seed in seeds]
    happened = np.array([each.happened for each in scenes])
    other = np.array([_nearest_other(each) for each in scenes])
    free = np.array([each.unhindered for each in scenes])
    ends = [_end(simulator, each.start[None], each.changed[None])[0] for each in scenes]
    true = np.array(
        [np.linalg.norm(each.outcomes - end, axis=-1).argmin() for each, end in zip(scenes, ends, strict=True)]
    )
    chance = TestResult(
        test=TEST,
        world=simulator.name,
        model="chance",
        scores=(1 / CHOICES,) * len(scenes),
        units=tuple(str(seed) for seed in seeds),
        measure=MEASURE,
    )
    return (
        chance,
        _result(simulator, seeds, scenes, happened, "copy"),
        _result(simulator, seeds, scenes, other, "nearest to what happened"),
        _result(simulator, seeds, scenes, free, NO_OBSTACLES),
        _result(simulator, seeds, scenes, true, "true dynamics"),
    )


def picked(model: WorldUnderTest, simulator: Simulator, scenes: Sequence[Scene]) -> NDArray[np.intp]:
    """Give the index of the outcome that a model picks in each scene: (B,)."""
    choices = []
    for first in range(0, len(scenes), _GROUP):
        group = scenes[first : first + _GROUP]
        seen: Frames = simulator.draw(np.stack([each.start for each in group]))
        pictures: Frames = simulator.draw(np.stack([each.outcomes for each in group]))
        states = model.rollout(seen, np.stack([each.changed for each in group])[:, None])
        far = [model.distance(states, pictures[:, choice])[:, 0, -1] for choice in range(CHOICES)]
        choices.append(np.stack(far, axis=1).argmin(axis=1))
    return np.concatenate(choices)


def _turned(actions: Floats, angles: NDArray[np.float64]) -> Floats:
    """Turn the course of actions (B, K, 2) by an angle each from ``_TURN_AT`` on."""
    cosine, sine = np.cos(angles)[:, None], np.sin(angles)[:, None]
    turned = actions.copy()
    x, y = actions[:, _TURN_AT:, 0], actions[:, _TURN_AT:, 1]
    turned[:, _TURN_AT:, 0] = cosine * x - sine * y
    turned[:, _TURN_AT:, 1] = sine * x + cosine * y
    return turned


def _end(simulator: Simulator, states: Floats, actions: Floats) -> Floats:
    for step in range(actions.shape[1]):
        states = simulator.step(states, actions[:, step])
    return states


def _all_apart(outcomes: Floats) -> NDArray[np.bool_]:
    """Whether all outcomes (B, 5, S) of a scene differ by 5 px or more."""
    between = np.linalg.norm(outcomes[:, :, None] - outcomes[:, None], axis=-1)
    between[:, np.arange(CHOICES), np.arange(CHOICES)] = np.inf
    return np.asarray(between.min(axis=(1, 2)) >= _APART)


def _asked(start: Floats, factual: Floats, changed: Sequence[Floats], outcomes: Floats, seed: int) -> Scene:
    """Shuffle the outcomes (factual, two ends, two unhindered ends) and toss which turn is asked about."""
    chance = uniform([seed], CHOICES + 1, _STREAM - 1)[0]
    asked = int(chance[-1] < 0.5)
    order = np.argsort(chance[:CHOICES], kind="stable")
    place = np.argsort(order, kind="stable")
    return Scene(
        start, factual, changed[asked], outcomes[order], int(place[1 + asked]), int(place[0]), int(place[3 + asked])
    )


def _nearest_other(asked: Scene) -> int:
    """The outcome nearest to the factual one, that itself left out."""
    far = np.linalg.norm(asked.outcomes - asked.outcomes[asked.happened], axis=-1)
    far[asked.happened] = np.inf
    return int(far.argmin())


def _result(
    simulator: Simulator,
    seeds: Sequence[int],
    scenes: Sequence[Scene],
    choices: NDArray[np.intp],
    model: str,
    training_seed: int | None = None,
) -> TestResult:
    def share(places: list[int]) -> tuple[float, ...]:
        return tuple((choices == np.array(places)).astype(float).tolist())

    return TestResult(
        test=TEST,
        world=simulator.name,
        model=model,
        training_seed=training_seed,
        scores=share([each.answer for each in scenes]),
        units=tuple(str(seed) for seed in seeds),
        details={
            "chose what happened": share([each.happened for each in scenes]),
            "went through obstacles": share([each.unhindered for each in scenes]),
        },
        settings={"choices": CHOICES, "steps": STEPS},
        measure=MEASURE,
    )
