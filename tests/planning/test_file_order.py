"""Stretches of a file: what is cut, in which orders it is asked, and where nothing can be asked."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.planning.drawn import check_drawable, drawn_beside, drawn_samples, drawn_seed_of
from steelyard.planning.file_order import (
    LEAST_SAMPLES,
    MOST_CHARACTERS,
    MOST_SAMPLES,
    MOST_SHARDS,
    ORDER,
    SHUFFLES,
    check_likelihoods,
    check_order,
    count_shards,
    is_remark,
    item_text,
    order_samples,
    orders_of,
    shards_of,
    stretches_of,
)
from steelyard.planning.testable import Skip
from steelyard.plugins import MeasurementRequest
from steelyard.records import Capabilities, LoglikelihoodRequest, Measurement
from steelyard.tasks import load_task
from steelyard.tasks.task import Task
from testkit.plans import measurement


def task_of(name: str = "word_sequence_reversal") -> Task:
    task = load_task(name)
    assert task is not None
    return task


def asked(seed: str = "c0ffee", **changes: object) -> Measurement:
    fields = {"task": "word_sequence_reversal", "prompt": "completion", "shots": 3, "population": 50, "seed": seed}
    return measurement(**{**fields, "drawn": ORDER, "arm": ORDER, "beside": "00-t", **changes})


@given(st.lists(st.integers(1, 900), max_size=700))
def test_stretches_are_parts_of_the_file_that_follow_one_another_and_are_short_enough(lengths: list[int]) -> None:
    shards = shards_of(lengths)
    assert len(shards) <= MOST_SHARDS
    assert all(LEAST_SAMPLES <= len(shard) <= MOST_SAMPLES for shard in shards)
    assert all(sum(lengths[place] for place in shard) <= MOST_CHARACTERS for shard in shards)
    places = [place for shard in shards for place in shard]
    assert places == sorted(set(places))


@pytest.mark.parametrize(
    ("samples", "shards", "length"), [(4, 0, 0), (5, 1, 5), (300, 50, 6), (1000, 50, 20), (5000, 50, 20)]
)
def test_short_samples_are_cut_into_as_many_as_there_may_be(samples: int, shards: int, length: int) -> None:
    found = shards_of([40] * samples)
    assert (len(found), {len(shard) for shard in found}) == (shards, {length} if shards else set())


def test_long_samples_leave_no_stretch() -> None:
    assert shards_of([400] * 600) == []


@given(
    st.text("0123456789abcdef", min_size=8, max_size=8), st.integers(0, 49), st.integers(LEAST_SAMPLES, MOST_SAMPLES)
)
def test_the_files_order_stands_among_others_no_two_alike(seed: str, shard: int, length: int) -> None:
    place, orders = orders_of(seed, shard, length)
    assert len(orders) == len(set(orders)) == SHUFFLES + 1
    assert orders[place] == tuple(range(1, length))
    assert {tuple(sorted(order)) for order in orders} == {tuple(range(1, length))}


def test_its_place_and_the_other_orders_are_drawn_alike() -> None:
    places = Counter(orders_of("seed", shard, 5)[0] for shard in range(2100))
    assert set(places) == set(range(SHUFFLES + 1))
    assert max(places.values()) < 150
    orders = Counter(order for shard in range(600) for order in orders_of("seed", shard, 5)[1])
    others = [number for order, number in orders.items() if order != (1, 2, 3, 4)]
    assert len(others) == 23
    assert max(others) - min(others) < 60  # each in 20 of 23 stretches: 522 of 600


def test_each_stretch_asks_its_items_in_the_published_order_and_in_others() -> None:
    published = list(task_of().prepare("completion"))
    samples = order_samples(task_of(), asked(), None)
    assert len(samples) == 50
    for number, sample in enumerate(samples):
        request = sample.request
        assert isinstance(request, LoglikelihoodRequest)
        texts = [
            f"{each.request.prompt} {each.target}\n\n"  # type: ignore[union-attr]
            for each in published[number * 6 : number * 6 + 6]
        ]
        assert (request.prefix, request.context) == ("", texts[0])
        assert request.continuations[int(sample.target)] == "".join(texts[1:])
        assert {tuple(sorted(each.split("\n\n"))) for each in request.continuations} == {
            tuple(sorted("".join(texts[1:]).split("\n\n")))
        }


def test_another_seed_gives_other_orders_of_the_same_stretches() -> None:
    first, again, other = (drawn_samples(task_of(), asked(seed), None) for seed in ("a", "a", "b"))
    assert list(first) == list(again)
    assert [each.request.context for each in first] == [each.request.context for each in other]  # type: ignore[union-attr]
    assert [each.target for each in first] != [each.target for each in other]


def test_a_choice_is_followed_by_the_right_text(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("".join(f'{{"q": "Q{n}?", "a": {n % 2}}}\n' for n in range(60)))
    (tmp_path / "t.yaml").write_text(
        "id: t\nfile: rows.jsonl\nfields: {target: a, choices: \"['no', 'yes']\", question: q}\n"
        "scorer: {name: choice}\nrandom_order: drawn\n"
        "prompts: {choices: {context: \"{{ q }}\", continuations: \"[' no', ' yes']\"}}\n"
    )
    from steelyard.tasks.catalogue import Catalogue

    task = Catalogue((tmp_path / "t.yaml",)).find("t")
    assert task is not None
    (first, *_) = order_samples(task, asked(task="t", prompt="choices"), None)
    assert first.request.context == "Q0? no\n\n"  # type: ignore[union-attr]
    assert first.request.continuations[int(first.target)].startswith("Q1? yes\n\nQ2? no\n\n")  # type: ignore[union-attr]


def test_it_is_one_request_a_stretch_whatever_the_claim_asks() -> None:
    of = measurement(population=300, limit=40, repeats=2, chat=True, temperature=0.7, decoding="sampled", public=True)
    request = MeasurementRequest(name="n", task="t", arm=ORDER, drawn=ORDER, beside=of.id, limit=50)
    found = drawn_beside(of, request, "rank@1")
    assert (found.kind, found.decoding, found.temperature, found.chat) == ("loglikelihood", "greedy", 0, False)
    assert (found.population, found.planned, found.repeats, found.scorers) == (50, 40, 1, ("rank@1",))
    assert found.public
    assert drawn_seed_of(found, {"": "a"}) != drawn_seed_of(found, {"": "b"})


def test_how_many_there_are_and_why_the_order_is_random_is_said() -> None:
    count, remark = count_shards(task_of(), measurement(prompt="completion"), None)
    assert count == 50
    assert remark.startswith(
        "50 stretches of the file, 300 of its 300 samples. Its order is random: the generator draws"
    )
    assert is_remark(remark)
    assert not is_remark("Sorted by hand.")


def test_a_wide_task_is_asked_whole() -> None:
    assert count_shards(task_of("products_wide"), measurement(prompt="completion"), None)[1].startswith(
        "50 stretches of the file, 1,000 of its 1,000 samples."
    )


@pytest.mark.parametrize("prompt", ["completion", "chat"])
def test_a_file_whose_order_is_an_unlucky_draw_is_refused_whatever_its_task_says(prompt: str) -> None:
    with pytest.raises(
        Skip, match=r"unlucky draw: .* favours items unlike those before them, .* than 6[123] % of other"
    ):
        count_shards(task_of("chain_sum_wide"), measurement(prompt=prompt), None)


def test_stretches_are_those_texts_that_are_asked() -> None:
    texts = tuple(map(item_text, task_of().prepare("completion")))
    stretches = stretches_of(texts)
    assert [text for stretch in stretches for text in stretch] == list(texts)
    for sample, stretch in zip(order_samples(task_of(), asked(), None), stretches, strict=True):
        assert isinstance(sample.request, LoglikelihoodRequest)
        assert sample.request.context == stretch[0]
        assert sample.request.continuations[int(sample.target)] == "".join(stretch[1:])


@pytest.mark.parametrize("name", ["chain_sum", "products", "gsm8k", "mmlu"])
def test_a_file_that_nobody_knows_to_be_in_random_order_is_refused(name: str) -> None:
    with pytest.raises(Skip, match="the order of this file is not known to be random"):
        check_drawable(task_of(name), measurement(), ORDER)


@pytest.mark.parametrize("private", [{"suite": "0" * 64}, {"public": False}])
def test_questions_that_are_not_public_are_not_sent_with_their_answers(private: dict[str, object]) -> None:
    with pytest.raises(Skip, match="are not public"):
        check_order(task_of(), measurement(**private))


@pytest.mark.parametrize("why", ["", "it ignores echo"])
def test_a_model_without_log_likelihoods_is_refused_in_words(why: str) -> None:
    with pytest.raises(Skip, match=why or "this model gives no log-likelihoods"):
        check_likelihoods(Capabilities(loglikelihood=False, loglikelihood_reason=why))
    check_likelihoods(Capabilities(loglikelihood=True))
