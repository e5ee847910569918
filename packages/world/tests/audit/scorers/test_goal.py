"""Scores of actions: they are replayed in the true world, and nothing else counts. Hostile text is unparsed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packages.world.tests.evaluation.episodes import SEEDS, straight, through_the_door
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample, Score
from steelyard.scorers import open_identifier
from steelyard_world.audit.scorers.goal import Goal, GoalUnderShift, HeadToHead
from steelyard_world.sim.catalog import simulator

WORLD = "two-room-fixed"


def sample(**question: object) -> Sample:
    return Sample(id="t/0", request=GenerateRequest(prompt=json.dumps({"world": WORLD} | question)), target="")


def said(answer: object) -> ModelOutput:
    return ModelOutput(outcome=Outcome.OK, text=answer if isinstance(answer, str) else json.dumps(answer))


def goal(seed: int, answer: object) -> Score:
    return Goal().score(sample(ask="reach goal", seed=seed), said(answer))


def value_of(score: Score) -> float:
    """The value of a score that is not open."""
    assert score.value is not None
    return score.value


def reached(seed: int, actions: object) -> float:
    return value_of(goal(seed, {"actions": actions}))


def beats(seed: int, tie: str, ours: object, rival: object) -> float:
    asked = sample(ask="play head to head", seed=seed, rival="pixel", tie=tie)
    return value_of(HeadToHead().score(asked, said({"ours": ours, "rival": rival})))


def failing() -> int:
    """A seed where the straight way ends at the wall."""
    return next(seed for seed in SEEDS if not goal(seed, {"actions": straight(seed)}).value)


def test_the_way_through_the_door_arrives_and_the_straight_way_does_so_sometimes() -> None:
    there = [goal(seed, {"actions": through_the_door(seed)}) for seed in SEEDS]
    assert all(score == Score(value=1.0) for score in there)
    assert 0.2 < sum(reached(seed, straight(seed)) for seed in SEEDS) / len(SEEDS) < 0.7


def test_an_episode_that_was_cut_short_did_not_arrive_and_one_that_went_on_did() -> None:
    actions = through_the_door(SEEDS[0])
    assert goal(SEEDS[0], {"actions": actions[:-1]}) == Score(value=0.0)
    assert goal(SEEDS[0], {"actions": []}) == Score(value=0.0)
    assert goal(SEEDS[0], {"actions": [*actions, [4, 4]]}) == Score(value=1.0)


def test_giant_steps_are_scaled_down_to_what_an_action_may_be() -> None:
    giants = [[number * 1000 for number in action] for action in straight(failing())]
    assert goal(failing(), {"actions": giants}).value == 0


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "reached!",
        "{}",
        '{"actions":null}',
        '{"actions":[[1]]}',
        '{"actions":[[1,2,3]]}',
        '{"actions":[[1,null]]}',
        '{"actions":[["1","2"]]}',
        '{"actions":[[1e999,0]]}',
        '{"actions":[[1e7,0]]}',
        '{"actions":[[NaN,0]]}',
        '{"actions":[[true,0]]}',
        '{"actions":[[1,2]],"success":true}',
        '{"actions":' + "[" * 5000,
        "[" * 100_000,
        "\ud800",
        '{"actions":[' + "[0,0]," * 60 + "[0,0]]}",
        '{"actions":[' + "[0,0]," * 100_000 + "[0,0]]}",
        f'{{"actions":[[{"9" * 4000},0]]}}',
    ],
)
def test_what_is_no_list_of_actions_is_unparsed(answer: str) -> None:
    score = goal(SEEDS[0], answer)
    assert (score.value, score.parsed) == (0.0, False)


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["actions", "ours", "x"]), inner),
        max_leaves=8,
    )
)
def test_no_answer_raises(answer: object) -> None:
    assert goal(SEEDS[0], json.dumps(answer)).value in (0.0, 1.0)


def test_a_model_that_is_bad_in_both_worlds_does_not_hold() -> None:
    world = simulator(WORLD).shifted("layout")

    def holds(seed: int, trained: object, shifted: object) -> float:
        asked = sample(ask="reach goal shifted", seed=seed, shift="layout")
        return value_of(GoalUnderShift().score(asked, said({"trained": trained, "shifted": shifted})))

    seed = failing()
    assert holds(seed, through_the_door(seed), through_the_door(seed, world)) == 1
    assert holds(seed, through_the_door(seed), []) == 0
    assert holds(seed, straight(seed), through_the_door(seed, world)) == 0
    assert holds(seed, [], []) == 0


def test_ties_count_half_for_each_over_the_two_askings() -> None:
    seed = failing()
    win, lose = through_the_door(seed), straight(seed)
    for ours, rival, mean in ((win, lose, 1.0), (lose, win, 0.0), (win, win, 0.5), (lose, lose, 0.5)):
        assert (beats(seed, "ours", ours, rival) + beats(seed, "rival", ours, rival)) / 2 == mean


def test_the_mean_over_both_askings_is_half_of_one_and_the_difference() -> None:
    ours = {seed: through_the_door(seed) for seed in SEEDS}
    rival = {seed: straight(seed) for seed in SEEDS}
    share = sum(reached(seed, rival[seed]) for seed in SEEDS) / len(SEEDS)
    scores = [beats(seed, tie, ours[seed], rival[seed]) for seed in SEEDS for tie in ("ours", "rival")]
    assert sum(scores) / len(scores) == pytest.approx((1 + 1 - share) / 2)


@pytest.mark.parametrize(
    "identifier",
    ["world_goal@2", "world_goal_under_shift@2", "world_head_to_head@2", "world_violation_of_expectation@2"],
)
def test_scorers_are_opened_by_the_identifier_that_a_plan_seals(identifier: str) -> None:
    assert open_identifier(identifier).identifier == identifier
