"""Scores that replay the actions of an answer in the true world: was the goal reached?"""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.records import GenerateRequest, ModelOutput, Sample, Score
from steelyard_world.audit.questions import (
    PlayHeadToHead,
    Question,
    ReachGoal,
    ReachGoalShifted,
    arrays_in,
    read_question,
)
from steelyard_world.sim.catalog import simulator
from steelyard_world.sim.simulator import Floats, Simulator

__all__ = ["Goal", "GoalUnderShift", "HeadToHead", "question_of", "reaches"]

_NO_ACTIONS = Score(value=0.0, parsed=False, note="not the actions of an episode")


def question_of(sample: Sample) -> Question:
    """Parse a sample's question; raises ValueError where it is not one for a world model."""
    assert isinstance(sample.request, GenerateRequest)
    return read_question(sample.request.prompt)


def reaches(world: Simulator, seed: int, actions: Floats) -> bool:
    """Play actions (steps, A) from an episode's start, and return whether the goal is reached after one of them.

    At most as many actions as an episode has steps are played.
    """
    states, goals = world.start([seed])
    for action in actions[: world.episode_steps]:
        states = world.step(states, action[None])
        if bool(world.reached(states, goals)[0]):
            return True
    return False


def _played(worlds: dict[str, Simulator], seed: int, answer: ModelOutput) -> dict[str, bool] | None:
    """Play each named list of actions in its world; None where the answer has another form."""
    first = next(iter(worlds.values()))
    found = arrays_in(answer.text, tuple(worlds), first.action_size, first.episode_steps)
    if found is None:
        return None
    return {name: reaches(world, seed, found[name]) for name, world in worlds.items()}


@dataclass(frozen=True, slots=True)
class Goal:
    """1 where the actions of ``{"actions": …}`` reach the goal within the episode's steps.

    More actions than that, non-finite numbers or actions of another size are unparsed. An empty list scores 0.
    """

    @property
    def identifier(self) -> str:
        """``world_goal@2``. A change of a world's dynamics, starts or goals is a change of this rule."""
        return "world_goal@2"

    def score(self, sample: Sample, answer: ModelOutput) -> Score:
        """Play the actions in the true world."""
        question = question_of(sample)
        assert isinstance(question, ReachGoal)
        played = _played({"actions": simulator(question.world)}, question.seed, answer)
        return _NO_ACTIONS if played is None else Score(value=float(played["actions"]))


@dataclass(frozen=True, slots=True)
class GoalUnderShift:
    """1 where the goal is reached both in the world of training and under the shift: a model that is bad in both has 0.

    The drop by the shift is the plain success on the same episodes less this mean.
    """

    @property
    def identifier(self) -> str:
        """``world_goal_under_shift@2``."""
        return "world_goal_under_shift@2"

    def score(self, sample: Sample, answer: ModelOutput) -> Score:
        """Play both lists of actions, each in its own world."""
        question = question_of(sample)
        assert isinstance(question, ReachGoalShifted)
        trained = simulator(question.world)
        worlds = {"trained": trained, "shifted": trained.shifted(question.shift)}
        played = _played(worlds, question.seed, answer)
        return _NO_ACTIONS if played is None else Score(value=float(all(played.values())))


@dataclass(frozen=True, slots=True)
class HeadToHead:
    """1 where ours reaches the goal and the rival does not, 0 the other way round, and at a tie what the question says.

    Every episode is asked twice, once with ties for each. So the mean over all samples is exactly
    (1 + ours − rival) / 2 of the two shares of success: one half is no difference, and two that always fail tie.
    """

    @property
    def identifier(self) -> str:
        """``world_head_to_head@2``."""
        return "world_head_to_head@2"

    def score(self, sample: Sample, answer: ModelOutput) -> Score:
        """Play both lists of actions in the same world."""
        question = question_of(sample)
        assert isinstance(question, PlayHeadToHead)
        world = simulator(question.world)
        played = _played({"ours": world, "rival": world}, question.seed, answer)
        if played is None:
            return _NO_ACTIONS
        if played["ours"] == played["rival"]:
            return Score(value=float(question.tie == "ours"), note="tie")
        return Score(value=float(played["ours"]))
