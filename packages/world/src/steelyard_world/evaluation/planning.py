"""Planning: can a model reach goals by imagination? It plans, the true world moves, and the actions are replayed.

Every episode is a function of its seed, its planner's settings and ``rng_seed``: the rest of the batch does
not matter, apart from rounding in the model. Episodes that are over leave the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from steelyard.errors import InputError
from steelyard_world.evaluation.result import TestResult
from steelyard_world.planners.cem import cem
from steelyard_world.planners.cost import Cost, over_horizon
from steelyard_world.planners.model_cost import imagined_cost
from steelyard_world.planners.mppi import mppi
from steelyard_world.planners.settings import PlannerSettings
from steelyard_world.protocol import WorldUnderTest
from steelyard_world.sim.recorded_actions import round_actions
from steelyard_world.sim.rng import standard_normal
from steelyard_world.sim.simulator import Floats, Simulator

__all__ = [
    "CEILING",
    "MEASURE",
    "NO_OBSTACLES",
    "TEST",
    "NoObstacles",
    "Planner",
    "Progress",
    "TrueDynamics",
    "ceiling",
    "floors",
    "imagining_planner",
    "judged",
    "no_obstacles",
    "plan_seed",
    "played",
    "run_planning",
    "seek",
]

TEST = "planning"
MEASURE = "goals reached"
CEILING = "true dynamics"
NO_OBSTACLES = "no obstacles"
_ROOM = (5.0, 59.0)  # pixels: where agents may be
_GROUP = 32  # episodes imagined at once: a rollout of 64 samples × 32 steps each stays below some 100 MB
_HELD = 4  # steps for which the random floor keeps its course: it goes further than one that trembles
_SEEDS_APART = 1000  # more than an episode has steps

Planner = Callable[[Floats, Floats, Sequence[int]], Floats]
"""States (E, S), goals (E, S) and a seed of each episode's plan → actions (E, K, A), the first of which are done."""

Progress = Callable[[int, int], None]
"""Called with the number of episodes that are over, and the number of all."""


class TrueDynamics:
    """The true world for a planner: states instead of frames, the true gap instead of a learned distance."""

    name = CEILING

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def rollout(self, states: Floats, actions: Floats) -> Floats:
        """States (E, S), actions (E, N, K, A) → states (E, N, K, S)."""
        here = np.repeat(states[:, None], actions.shape[1], axis=1)
        way = []
        for step in range(actions.shape[2]):
            here = self._simulator.step(here, actions[:, :, step])
            way.append(here)
        return np.stack(way, axis=2)

    def distance(self, states: Floats, goals: Floats) -> Floats:
        """States (E, N, K, S), goals (E, S) → (E, N, K)."""
        return self._simulator.gap(states, goals[:, None, None])


class NoObstacles(TrueDynamics):
    """A world model that knows how far actions carry, but no walls and blocks."""

    name = NO_OBSTACLES

    def rollout(self, states: Floats, actions: Floats) -> Floats:
        """States (E, S), actions (E, N, K, A) → states (E, N, K, S): only the border stops the agent."""
        agent = [self._simulator.state_names.index(name) for name in ("agent x", "agent y")]
        way = np.tile(states[:, None, None], (1, *actions.shape[1:3], 1))
        way[..., agent] = np.clip(way[..., agent] + np.cumsum(actions, axis=2), *_ROOM)
        return way


def run_planning(
    model: WorldUnderTest,
    simulator: Simulator,
    seeds: Sequence[int],
    settings: PlannerSettings,
    rng_seed: int = 0,
    *,
    training_seed: int | None = None,
    condition: str = "",
    progress: Progress | None = None,
) -> TestResult:
    """Let a model plan from what it sees, on the episodes of ``seeds``: one score each, 1 where the goal is reached."""
    planner = imagining_planner(model, simulator, settings)
    actions = played(simulator, seeds, planner, settings.replan_every, rng_seed, progress)
    return judged(
        simulator, seeds, actions, model.name, training_seed=training_seed, condition=condition, settings=settings
    )


def imagining_planner(model: WorldUnderTest, simulator: Simulator, settings: PlannerSettings) -> Planner:
    """Make the planner of a model, which sees states and goals as pictures and imagines what actions lead to."""

    def planner(states: Floats, goals: Floats, plan_seeds: Sequence[int]) -> Floats:
        cost = imagined_cost(model, simulator.draw(states), simulator.draw(goals), settings.cost)
        return seek(cost, plan_seeds, settings, simulator)

    return planner


def floors(
    simulator: Simulator,
    seeds: Sequence[int],
    settings: PlannerSettings | None = None,
    rng_seed: int = 0,
    *,
    condition: str = "",
) -> tuple[TestResult, TestResult]:
    """Two floors that need no model: random actions, each held for 4 steps, and straight at the goal."""
    limit, size = simulator.action_limit, simulator.action_size

    def aimless(states: Floats, goals: Floats, plan_seeds: Sequence[int]) -> Floats:
        return np.repeat(
            standard_normal(plan_seeds, size)[:, None].astype(np.float32) * np.float32(0.75 * limit), _HELD, axis=1
        )

    def straight(states: Floats, goals: Floats, plan_seeds: Sequence[int]) -> Floats:
        return simulator.straight(states, goals)[:, None]

    kinds: tuple[tuple[str, Planner, int], ...] = (("random", aimless, _HELD), ("straight line", straight, 1))
    found = []
    for name, planner, every in kinds:
        actions = played(simulator, seeds, planner, every, rng_seed)
        found.append(judged(simulator, seeds, actions, name, condition=condition, settings=settings))
    return found[0], found[1]


def ceiling(
    simulator: Simulator,
    seeds: Sequence[int],
    settings: PlannerSettings,
    rng_seed: int = 0,
    *,
    condition: str = "",
    progress: Progress | None = None,
) -> TestResult:
    """The same planner with the same settings and the true dynamics: what a model scores less, the model lost."""
    return _planned(TrueDynamics(simulator), simulator, seeds, settings, rng_seed, condition, progress)


def no_obstacles(
    simulator: Simulator,
    seeds: Sequence[int],
    settings: PlannerSettings,
    rng_seed: int = 0,
    *,
    condition: str = "",
    progress: Progress | None = None,
) -> TestResult:
    """The same planner without any obstacle in its model: a model that is no better has not learned the obstacles.

    It is a higher floor than the straight line, since randomly drawn plans sometimes pass a door (.55 and .39 in the
    two rooms, of 128 episodes).
    """
    return _planned(NoObstacles(simulator), simulator, seeds, settings, rng_seed, condition, progress)


def _planned(
    known: TrueDynamics,
    simulator: Simulator,
    seeds: Sequence[int],
    settings: PlannerSettings,
    rng_seed: int,
    condition: str,
    progress: Progress | None,
) -> TestResult:
    def planner(states: Floats, goals: Floats, plan_seeds: Sequence[int]) -> Floats:
        def cost(actions: Floats) -> Floats:
            return over_horizon(known.distance(known.rollout(states, actions), goals), settings.cost)

        return seek(cost, plan_seeds, settings, simulator)

    actions = played(simulator, seeds, planner, settings.replan_every, rng_seed, progress)
    return judged(simulator, seeds, actions, known.name, condition=condition, settings=settings)


def seek(cost: Cost, plan_seeds: Sequence[int], settings: PlannerSettings, simulator: Simulator) -> Floats:
    """Plan with the planner that the settings name: (E, horizon · repeat, A); raises InputError for ``gradient``."""
    if settings.planner == "gradient":
        raise InputError(
            "tests do not plan by gradient, since simulators have no gradient for the ceiling: use cem or mppi"
        )
    method = mppi if settings.planner == "mppi" else cem
    return method(cost, plan_seeds, settings, action_size=simulator.action_size, action_limit=simulator.action_limit)


def plan_seed(seed: int, step: int, rng_seed: int = 0) -> int:
    """The seed of the plan that the episode ``seed`` makes at a step: each step has its own."""
    return ((seed + (rng_seed << 40)) * _SEEDS_APART + step) % 2**63


def played(
    simulator: Simulator,
    seeds: Sequence[int],
    planner: Planner,
    replan_every: int,
    rng_seed: int = 0,
    progress: Progress | None = None,
) -> list[Floats]:
    """Play episodes to their goals or last steps, and return the actions (steps, A) of each, rounded as in answers."""
    done: list[Floats] = []
    for first in range(0, len(seeds), _GROUP):
        done += _played_group(simulator, seeds[first : first + _GROUP], planner, replan_every, rng_seed)
        if progress is not None:
            progress(len(done), len(seeds))
    return done


def _played_group(
    simulator: Simulator, seeds: Sequence[int], planner: Planner, replan_every: int, rng_seed: int
) -> list[Floats]:
    states, goals = simulator.start(seeds)
    states = states.copy()
    actions: list[list[Floats]] = [[] for _ in seeds]
    going = np.flatnonzero(~simulator.reached(states, goals))
    for step in range(0, simulator.episode_steps, replan_every):
        if not len(going):
            break
        plan_seeds = [plan_seed(seeds[index], step, rng_seed) for index in going.tolist()]
        plans = round_actions(planner(states[going], goals[going], plan_seeds))
        for ahead in range(min(replan_every, simulator.episode_steps - step, plans.shape[1])):
            states[going] = simulator.step(states[going], plans[:, ahead])
            for index, plan in zip(going, plans, strict=True):
                actions[index].append(plan[ahead])
            still = ~simulator.reached(states[going], goals[going])
            going, plans = going[still], plans[still]
    return [np.array(each, dtype=np.float32).reshape(-1, simulator.action_size) for each in actions]


def judged(
    simulator: Simulator,
    seeds: Sequence[int],
    actions: Sequence[Floats],
    model: str,
    *,
    training_seed: int | None = None,
    condition: str = "",
    settings: PlannerSettings | None = None,
    test: str = TEST,
) -> TestResult:
    """Replay the actions of each seed from its start, and record whether and after which step the goal was reached.

    Raises InputError where actions are more than an episode has steps, of another size, or not finite.
    """
    states, goals = simulator.start(seeds)
    moves = _padded(simulator, actions)
    counts = np.array([len(each) for each in actions])
    reached = simulator.reached(states, goals)
    steps = np.where(reached, 0.0, np.nan)
    for step in range(moves.shape[1]):
        moving = (step < counts) & ~reached
        states = np.where(moving[:, None], simulator.step(states, moves[:, step]), states)
        now = moving & simulator.reached(states, goals)
        steps[now] = step + 1
        reached = reached | now
    return TestResult(
        test=test,
        world=simulator.name,
        condition=condition,
        model=model,
        training_seed=training_seed,
        scores=tuple(reached.astype(float).tolist()),
        units=tuple(str(seed) for seed in seeds),
        details={
            "steps": tuple(np.where(reached, steps, simulator.episode_steps).tolist()),
            "gap at the end": tuple(simulator.gap(states, goals).astype(float).tolist()),
        },
        settings={} if settings is None else settings.record(),
        measure=MEASURE,
    )


def _padded(simulator: Simulator, actions: Sequence[Floats]) -> Floats:
    moves = np.zeros((len(actions), simulator.episode_steps, simulator.action_size), dtype=np.float32)
    for row, each in zip(moves, actions, strict=True):
        if each.ndim != 2 or each.shape[1] != simulator.action_size or len(each) > simulator.episode_steps:
            raise InputError(
                f"{simulator.name}: actions have the shape {each.shape}; an episode has at most "
                f"{simulator.episode_steps} of {simulator.action_size} numbers"
            )
        if not np.isfinite(each).all():
            raise InputError(f"{simulator.name}: actions must be finite numbers")
        row[: len(each)] = each
    return moves
