"""Reasoning about consequences: which of seven outcomes follows if one cause is changed?

The actions of a trajectory are turned by an angle from one step on, and the model chooses how it would have ended.
Seven pictures are shown: the factual end; the end under the turn in question, and under another turn; both ends without
obstacles, where the agent passes through walls and blocks; and two more ends without obstacles, slower by a random
share and turned by a small random angle, each of a randomly chosen turn. In every scene all seven differ by 5 px or
more. So copying the factual end is always wrong, and so is ignoring the obstacles. Knowing the world but not the
question gives at most one half, since the turn in question is drawn last, at random.

An agent that a wall stops ends less far away than one that nothing stops. With five pictures, without the slower ends,
ignoring obstacles at 0.4 of the speed was right in .63 of the scenes; with them, in .11. The best of :func:`controls`
exploits how questions are made (the third nearest to 0.8 of the free way) and is right in .46 to .49 of the scenes in
two rooms: that is the floor, not one seventh.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steelyard.errors import InputError
from steelyard_world.evaluation.planning import NO_OBSTACLES, NoObstacles
from steelyard_world.evaluation.result import TestResult
from steelyard_world.protocol import WorldUnderTest
from steelyard_world.sim.rng import uniform
from steelyard_world.sim.simulator import Floats, Frames, Simulator

__all__ = ["CHOICES", "STEPS", "TEST", "Scene", "controls", "picked", "run_reasoning", "scene"]

TEST = "reasoning"
MEASURE = "right choices"
CHOICES = 7
STEPS = 12  # of a trajectory
_TURN_AT = 2  # the step from which the course is turned
_LEAST_TURN = np.pi / 4
_SLOWER = 0.3, 0.7  # range of the share of the speed, drawn for each slower end
_ASKEW = 0.4  # radians to either side: else every end on the straight way would be recognised as wrong
_SHRUNK = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # speeds of the controls without obstacles
_OFF_THE_WAY = 0.5  # pixels
_APART = 5.0  # pixels between any two outcomes
_TRIES = 64  # trajectories drawn at once in the search for a scene
_ROUNDS = 50
_STREAM = 200
_GROUP = 64  # scenes imagined at once


class Scene(NamedTuple):
    """One question. Actions are in pixels; outcomes are the states that the pictures show."""

    start: Floats
    """(S,): the state before any action."""
    factual: Floats
    """(K, A): the factual actions."""
    changed: Floats
    """(K, A): the changed actions."""
    outcomes: Floats
    """(7, S): the states to choose from."""
    answer: int
    happened: int
    """Which outcome is the factual one."""
    unhindered: int
    """Which outcome is that of ``changed`` without obstacles."""


def scene(simulator: Simulator, seed: int) -> Scene:
    """Make the scene of a seed; raises InputError for a world in which obstacles hardly ever matter."""
    unhindered = NoObstacles(simulator)
    for attempt in range(_ROUNDS):
        chance = uniform([seed], _TRIES, _STREAM + attempt)[0]
        seeds = np.floor(chance * 2.0**53).astype(np.int64).tolist()
        states, factual = simulator.explore(seeds, STEPS + 1)
        drawn = uniform(seeds, 8, _STREAM)
        turns = _LEAST_TURN + drawn[:, :2] * (2 * np.pi - 2 * _LEAST_TURN)
        changed = [_turned(factual, turns[:, which]) for which in (0, 1)]
        begin = states[:, 0]
        ends = [_end(simulator, begin, actions) for actions in (factual, *changed)]
        either = [np.where(coin[:, None, None] < 0.5, *changed) for coin in (drawn[:, 6], drawn[:, 7])]
        lures = [*changed, *(_slower(either[which], drawn[:, [2 + which, 4 + which]]) for which in (0, 1))]
        free = [unhindered.rollout(begin, actions[:, None])[:, 0, -1] for actions in lures]
        outcomes = np.stack([*ends, *free], axis=1)
        found = np.flatnonzero(_all_apart(outcomes))
        if len(found):
            index = int(found[0])
            return _asked(begin[index], factual[index], [each[index] for each in changed], outcomes[index], seed)
    raise InputError(f"{simulator.name}: no counterfactual scene in {_ROUNDS * _TRIES} trajectories of seed {seed}")


def run_reasoning(
    model: WorldUnderTest, simulator: Simulator, seeds: Sequence[int], *, training_seed: int | None = None
) -> TestResult:
    """Test a model: it imagines the changed actions and chooses the outcome nearest to its last state."""
    scenes = [scene(simulator, seed) for seed in seeds]
    choices = picked(model, simulator, scenes)
    return _result(simulator, seeds, scenes, choices, model.name, training_seed)


def controls(simulator: Simulator, seeds: Sequence[int]) -> tuple[TestResult, ...]:
    """Measure controls that ignore obstacles, the best of which is the floor, and last the true dynamics.

    They are: chance; the factual end; the end without obstacles, at several speeds; and the outcome nearest to the
    start, to the straight way, or to its end.
    """
    scenes = [scene(simulator, seed) for seed in seeds]
    unhindered = NoObstacles(simulator)

    def shrunk(asked: Scene, speed: float, place: int = 0) -> int:
        slower = (np.float32(speed) * asked.changed)[None, None]
        return _nearest(asked, unhindered.rollout(asked.start[None], slower)[0, 0, -1], place)

    ways: dict[str, Callable[[Scene], int]] = {
        "copy": lambda asked: asked.happened,
        "nearest to what happened": lambda asked: _nearest(asked, asked.outcomes[asked.happened], 1),
        NO_OBSTACLES: lambda asked: asked.unhindered,
        **{f"{NO_OBSTACLES} × {speed}": partial(shrunk, speed=speed) for speed in _SHRUNK},
        **{f"third to {NO_OBSTACLES} × {speed}": partial(shrunk, speed=speed, place=2) for speed in _SHRUNK},
        "nearest to the start": lambda asked: _nearest(asked, asked.start),
        "nearest to the way": _nearest_to_the_way,
        "second to the free end": lambda asked: _nearest(asked, asked.outcomes[asked.unhindered], 1),
        "third to the free end": lambda asked: _nearest(asked, asked.outcomes[asked.unhindered], 2),
    }
    ends = [_end(simulator, each.start[None], each.changed[None])[0] for each in scenes]
    true = np.array([_nearest(each, end) for each, end in zip(scenes, ends, strict=True)])
    chance = TestResult(
        test=TEST,
        world=simulator.name,
        model="chance",
        scores=(1 / CHOICES,) * len(scenes),
        units=tuple(str(seed) for seed in seeds),
        measure=MEASURE,
    )
    controlled = (
        _result(simulator, seeds, scenes, np.array([choose(each) for each in scenes]), name)
        for name, choose in ways.items()
    )
    return chance, *controlled, _result(simulator, seeds, scenes, true, "true dynamics")


def picked(model: WorldUnderTest, simulator: Simulator, scenes: Sequence[Scene]) -> NDArray[np.intp]:
    """Give the index of the outcome that a model chooses in each scene: (B,)."""
    choices = []
    for first in range(0, len(scenes), _GROUP):
        group = scenes[first : first + _GROUP]
        seen: Frames = simulator.draw(np.stack([each.start for each in group]))
        pictures: Frames = simulator.draw(np.stack([each.outcomes for each in group]))
        states = model.rollout(seen, np.stack([each.changed for each in group])[:, None])
        far = [model.distance(states, pictures[:, choice])[:, 0, -1] for choice in range(CHOICES)]
        choices.append(np.stack(far, axis=1).argmin(axis=1))
    return np.concatenate(choices)


def _turned(actions: Floats, angles: NDArray[np.float64], first: int = _TURN_AT) -> Floats:
    """Turn the course of actions (B, K, 2) by an angle each from a step on."""
    cosine, sine = np.cos(angles)[:, None], np.sin(angles)[:, None]
    turned = actions.copy()
    x, y = actions[:, first:, 0], actions[:, first:, 1]
    turned[:, first:, 0] = cosine * x - sine * y
    turned[:, first:, 1] = sine * x + cosine * y
    return turned


def _slower(actions: Floats, drawn: NDArray[np.float64]) -> Floats:
    """Make whole courses slower and turn them a little, as two uniform numbers each (B, 2) say."""
    least, most = _SLOWER
    speed = least + (most - least) * drawn[:, 0]
    askew = _turned(actions, (2 * drawn[:, 1] - 1) * _ASKEW, first=0)
    return np.asarray(speed[:, None, None] * askew, dtype=np.float32)


def _end(simulator: Simulator, states: Floats, actions: Floats) -> Floats:
    for step in range(actions.shape[1]):
        states = simulator.step(states, actions[:, step])
    return states


def _all_apart(outcomes: Floats) -> NDArray[np.bool_]:
    """Whether all outcomes (B, 7, S) of a scene differ by 5 px or more."""
    between = np.linalg.norm(outcomes[:, :, None] - outcomes[:, None], axis=-1)
    between[:, np.arange(CHOICES), np.arange(CHOICES)] = np.inf
    return np.asarray(between.min(axis=(1, 2)) >= _APART)


def _asked(start: Floats, factual: Floats, changed: Sequence[Floats], outcomes: Floats, seed: int) -> Scene:
    """Shuffle the outcomes (factual, two ends, two and two unhindered ones) and draw which turn is asked about."""
    chance = uniform([seed], CHOICES + 1, _STREAM - 1)[0]
    asked = int(chance[-1] < 0.5)
    order = np.argsort(chance[:CHOICES], kind="stable")
    place = np.argsort(order, kind="stable")
    return Scene(
        start, factual, changed[asked], outcomes[order], int(place[1 + asked]), int(place[0]), int(place[3 + asked])
    )


def _nearest(asked: Scene, state: Floats, place: int = 0) -> int:
    """The outcome nearest to a state, or that in a later place."""
    return int(np.linalg.norm(asked.outcomes - state, axis=-1).argsort(kind="stable")[place])


def _nearest_to_the_way(asked: Scene) -> int:
    """The outcome nearest to the straight way from the start to the unhindered end, what lies on it left out."""
    way = asked.outcomes[asked.unhindered] - asked.start
    along = np.clip((asked.outcomes - asked.start) @ way / (way @ way), 0, 1)
    far = np.linalg.norm(asked.outcomes - asked.start - along[:, None] * way, axis=-1)
    return int(np.where(far < _OFF_THE_WAY, np.inf, far).argmin())


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
