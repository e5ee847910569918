"""Which training answers which question: balanced, by episode, and by the order's seed alone."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.planning.order import order_of
from steelyard.planning.turns import (
    Turns,
    answering,
    assigned_trainings,
    digest_of_checkpoints,
    turns_of,
    with_turns,
)
from steelyard.records import Capabilities, Checkpoint, GenerateRequest, Measurement, PlannedModel, Sample
from testkit.plans import measurement, plan, planned_model


def sample(number: int, episode: int) -> Sample:
    prompt = json.dumps({"ask": "x", "number": number, "seed": episode})
    return Sample(id=str(number), request=GenerateRequest(prompt=prompt), target="")


def family(trainings: int, backend: str = "") -> PlannedModel:
    several = tuple(Checkpoint(sha256=f"{number:064x}", kind="k") for number in range(trainings))
    return PlannedModel(
        identity=planned_model(backend=backend).identity, capabilities=Capabilities(checkpoints={"world w": several})
    )


def of(seed: str, population: int, **changes: object) -> Measurement:
    return measurement(order_seed=seed, population=population, needs=("world w",), **changes)


@given(seed=st.text(max_size=20), trainings=st.integers(2, 33), episodes=st.integers(1, 80), times=st.integers(1, 3))
def test_every_block_of_episodes_is_answered_by_each_training_once(
    seed: str, trainings: int, episodes: int, times: int
) -> None:
    samples = [sample(number, number // times) for number in range(episodes * times)]
    asked = of(seed, len(samples))
    turns = turns_of(asked, samples, trainings)
    by_episode: dict[int, int] = {}
    for trial, turn in zip(order_of(asked), turns, strict=True):
        assert by_episode.setdefault(trial // times, turn) == turn  # an episode has one training
        counts = Counter(by_episode.values())  # in the order in which episodes come: balanced at every stop
        assert max(counts.values()) - min(counts.get(each, 0) for each in range(trainings)) <= 1
    for block in range(episodes // trainings):
        assert len(set([*by_episode.values()][block * trainings : (block + 1) * trainings])) == trainings


def test_another_seed_gives_other_turns_and_the_first_training_is_not_favoured() -> None:
    samples = [sample(number, number) for number in range(40)]
    first = Counter(turns_of(of(str(seed), 40), samples, 4)[0] for seed in range(400))
    assert set(first) == {0, 1, 2, 3}
    assert max(first.values()) < 140
    assert turns_of(of("a", 40), samples, 4) != turns_of(of("b", 40), samples, 4)


def test_turns_are_pinned() -> None:
    """Any language can compute them: SHA-256("seed:training:block:number")."""
    samples = [sample(number, number) for number in range(9)]
    assert turns_of(of("seed", 9), samples, 3) == (2, 1, 0, 2, 0, 1, 2, 1, 0)


def test_questions_that_name_no_seed_are_episodes_of_their_own() -> None:
    samples = [Sample(id=str(n), request=GenerateRequest(prompt=f"{n}?"), target="") for n in range(8)]
    assert Counter(turns_of(of("s", 8), samples, 4)) == dict.fromkeys(range(4), 2)


@pytest.mark.parametrize(
    ("asked", "model", "trainings"),
    [
        (of("s", 4), family(3), 3),
        (of("s", 4), family(1), 1),
        (of("s", 4, again=3), family(3), 0),
        (of("s", 4), family(3, "recording"), 0),
        (measurement(population=4), family(3), 0),
    ],
)
def test_turns_are_for_answers_of_several_trainings_that_the_plan_has_asked(
    asked: Measurement, model: PlannedModel, trainings: int
) -> None:
    samples = [sample(number, number) for number in range(4)]
    assert assigned_trainings(asked, model) == trainings
    assert len(with_turns(asked, samples, model).turns) == (4 if trainings > 1 else 0)


def test_a_plan_says_who_answers_a_sample_also_one_that_is_asked_again() -> None:
    model, samples = family(3), [sample(number, number) for number in range(9)]
    asked = with_turns(of("s", 9), samples, model)
    again = of("other", 9, again=2, beside=asked.id, id="again")
    whole = plan(asked, again, models={"subject": model})
    first = Turns(whole, asked)
    for place, trial in enumerate(order_of(asked)):
        assert first.of(trial) == (f"{asked.turns[place]:064x}",)
    assert all(answering(whole)["again"].of(number) == first.of(number) for number in range(9))


def test_the_order_of_a_list_and_names_of_folders_are_not_in_a_models_digest() -> None:
    one, two = (Checkpoint(sha256=letter * 64) for letter in "ab")
    assert digest_of_checkpoints({"w": (one, two)}) == digest_of_checkpoints({"w": (two, one)})
    assert digest_of_checkpoints({"w": (one,)}) != digest_of_checkpoints({"v": (one,)})
