"""Fresh samples: none is public, none comes twice, and a generator with few items has none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from bench.twins import highest
from steelyard.planning.drawn import (
    MOST_PUBLIC,
    TWINS,
    FixedSet,
    can_leave_out,
    check_drawable,
    drawn_beside,
    drawn_samples,
    drawn_seed,
    public_share,
    twins,
)
from steelyard.planning.samples import in_item_order, item_digests_of
from steelyard.planning.testable import Skip
from steelyard.plugins import MeasurementRequest
from steelyard.records import Measurement, NextTokenRequest, RepeatCheck, Sample
from steelyard.tasks import load_task
from steelyard.tasks.definition import Generator
from steelyard.tasks.task import Task


def measurement(task: str = "word_sequence_reversal", count: int = 300) -> Measurement:
    return Measurement(
        id="01-twins", task=task, prompt="completion", shots=3, kind="generate", scorers=("exact@1",),
        population=count, samples_root="", order_seed="ab" * 32, seed="c0ffee", drawn=TWINS,
    )  # fmt: skip


def test_twins_are_new_and_distinct() -> None:
    task = load_task("word_sequence_reversal")
    assert task is not None
    fresh = item_digests_of(drawn_samples(task, measurement()))
    public = set(item_digests_of(task.prepare("completion")))
    assert 290 <= len(fresh) == len(set(fresh)) <= 300
    assert not public & set(fresh)


def sums(seed: str, **options: int) -> Task:
    """Sums of 2 to 8 terms: the easy ones are few, and so many of them are public."""
    task = load_task("chain_sum")
    assert task is not None
    given = {"min_terms": 2, "max_terms": 8, "largest": 9, "first_largest": 49} | options
    generator = Generator(name="chain_sum", count=1000, seed=seed, options=given)
    return Task(replace(task.definition, generator=generator), Path("sums.yaml"))


def short(samples: Sequence[Sample]) -> np.ndarray:
    """Which of the samples have two terms."""
    asked = [sample.request.prompt.splitlines()[0] for sample in samples]  # type: ignore[union-attr]
    return np.array([text.count(" + ") + text.count(" - ") == 1 for text in asked])


def test_what_public_and_fresh_draws_share_is_in_neither_arm() -> None:
    task = sums("public-1")
    fresh, left_out = twins(task, replace(measurement("chain_sum", 1000), shots=0))
    public, items = in_item_order(task.prepare("completion", shots=0))
    left = [sample for number, sample in enumerate(public) if number not in left_out]
    assert items
    assert 5 <= len(left_out) <= 40
    assert len(left) == len(fresh) == 1000 - len(left_out)
    assert not set(item_digests_of(left)) & set(item_digests_of(fresh))
    assert short([public[number] for number in left_out]).mean() > 0.5


def test_public_and_fresh_samples_are_of_the_same_kinds() -> None:
    """A model that is right on the short ones alone: with public items left out of fresh ones alone it had a gap."""
    gaps, accused = [], 0
    random = np.random.default_rng(16)
    for number in range(12):
        task = sums(f"public-{number}")
        public = short(in_item_order(task.prepare("completion", shots=0))[0])
        fresh, left_out = twins(task, replace(measurement("chain_sum", 1000), shots=0, seed=f"fresh-{number}"))
        sides = np.delete(public, left_out), short(fresh)
        gaps.append(sides[0].mean() - sides[1].mean())
        orders = [[random.permutation(side) for _ in range(40)] for side in sides]
        right = [random.random((40, len(side[0]))) < np.where(side, 0.98, 0.1) for side in orders]
        e, _ = highest(right[0], right[1])
        accused += int((e >= 20).sum())
    assert abs(np.mean(gaps)) < 2.6 * (2 * 0.12 * 0.88 / 12_000) ** 0.5
    assert accused / 480 <= 0.05 + 2.6 * (0.05 * 0.95 / 480) ** 0.5


def test_fresh_samples_of_a_large_benchmark_are_drawn_from_all() -> None:
    """The first of a long draw would be of other kinds than the last ones, where a kind is used up."""
    asked = replace(measurement("chain_sum", 300), shots=0)
    fresh, left_out = twins(sums("public-1"), asked)
    whole, same = twins(sums("public-1"), replace(asked, population=1000))
    assert (len(fresh), left_out) == (300, same)
    first = set(item_digests_of([whole[place] for place in range(300)]))
    assert 50 < len(first & set(item_digests_of(fresh))) < 150


_HALF = tuple(range(151))


@pytest.mark.parametrize(
    ("left_out", "can"),
    [((), True), ((0, 299), True), ((1, 0), False), ((0, 0), False), ((300,), False), (_HALF, False)],
)
def test_what_may_be_left_out_shows_without_a_generator(left_out: tuple[int, ...], can: bool) -> None:
    fresh = replace(measurement(), left_out=left_out)
    assert can_leave_out(fresh, measurement()) is can


def test_another_seed_gives_others_and_the_same_one_the_same() -> None:
    task = load_task("word_sequence_reversal")
    assert task is not None
    first, again, other = (
        item_digests_of(drawn_samples(task, replace(measurement(count=50), seed=seed))) for seed in ("a", "a", "b")
    )
    assert first == again
    assert len(set(first) & set(other)) < 5


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("word_sequence_reversal", 0.0, 0.02),
        ("chain_sum_wide", 0.0, 0.02),
        ("products_wide", 0.0, 0.02),
        ("chain_sum", 0.2, 0.3),
    ],
)
def test_the_share_of_public_items_is_measured(name: str, least: float, most: float) -> None:
    task = load_task(name)
    assert task is not None
    assert least <= public_share(task, "completion") < most


@pytest.mark.parametrize(
    ("name", "why"), [("chain_sum", "fresh samples are public"), ("products", "fresh samples are public")]
)
def test_a_small_space_has_no_twins(name: str, why: str) -> None:
    task = load_task(name)
    assert task is not None
    with pytest.raises(Skip, match=why):
        check_drawable(task, measurement(name), TWINS)
    assert public_share(task, "completion") > MOST_PUBLIC


def test_a_fixed_set_has_no_twins_and_no_others_are_known() -> None:
    fixed, generated = load_task("gsm8k"), load_task("word_sequence_reversal")
    assert fixed is not None
    assert generated is not None
    with pytest.raises(FixedSet):
        check_drawable(fixed, replace(measurement("gsm8k"), prompt=next(iter(fixed.prompts))), TWINS)
    with pytest.raises(Skip, match="draws no samples of the kind"):
        check_drawable(generated, measurement(), "others")


def test_a_generator_that_runs_out_says_so() -> None:
    task = load_task("chain_sum")
    assert task is not None
    options = {"min_terms": 2, "max_terms": 2, "largest": 3, "first_largest": 3}
    small, all_public = (
        Task(
            replace(
                task.definition,
                generator=Generator(name="chain_sum", count=count, seed="public-1", options=options),
            ),
            Path("small.yaml"),
        )
        for count in (8, 32)
    )
    asked = replace(measurement("chain_sum"), shots=0, population=30)
    with pytest.raises(Skip, match="has no items beside the public ones"):
        drawn_samples(all_public, asked)
    with pytest.raises(Skip, match="has not 30 items beside the public ones"):
        drawn_samples(small, replace(asked, drawn="prompts"))


def test_what_is_drawn_is_asked_once_and_follows_from_the_order() -> None:
    of = replace(
        measurement(), id="00-public", drawn="", seed="", repeats=2, limit=40, question="q",
        repeat_check=RepeatCheck(samples=3, repeats=2),
    )  # fmt: skip
    request = MeasurementRequest(name="n", task=of.task, arm="twins", drawn=TWINS, beside=of.id, limit=100)
    drawn = drawn_beside(of, request, "exact@1")
    assert (drawn.population, drawn.repeats, drawn.limit, drawn.repeat_check) == (100, 1, 40, RepeatCheck())
    assert (drawn.beside, drawn.drawn, drawn.public, drawn.order_seed) == ("00-public", TWINS, False, "")
    assert len({drawn_seed(TWINS, "a"), drawn_seed(TWINS, "b"), drawn_seed("x", "a")}) == 3


def test_prompts_are_fresh_and_follow_from_the_seed_alone() -> None:
    task = load_task("neutral_prompts")
    of = replace(measurement("neutral_prompts", 200), prompt="completion", shots=0, seed="a" * 64, drawn="prompts")
    drawn = drawn_samples(task, of)
    assert len({sample.request for sample in drawn}) == 200
    seeds = {sample.request.seed for sample in drawn}  # type: ignore[union-attr]
    assert len(seeds) == 200
    assert all(seed is not None and 0 <= seed < 2**31 for seed in seeds)
    assert [each.request for each in drawn] == [each.request for each in drawn_samples(task, of)]
    assert drawn[0].request != drawn_samples(task, replace(of, seed="b" * 64))[0].request
    assert not set(item_digests_of(drawn)) & set(item_digests_of(task.prepare("completion")))


def test_prompts_whose_next_tokens_are_asked_have_no_seeds() -> None:
    of = replace(measurement("neutral_prompts", 20), prompt="next_token", shots=0, seed="a" * 64, drawn="prompts")
    drawn = drawn_samples(load_task("neutral_prompts"), replace(of, kind="next_token"))
    asked = [sample.request for sample in drawn]
    assert all(isinstance(request, NextTokenRequest) and request.top == 20 for request in asked)
    assert len(set(asked)) == 20
