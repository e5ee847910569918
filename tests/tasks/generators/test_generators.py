"""The generators: the same on every machine, whatever the count, and right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from importlib.util import find_spec
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError, MissingDependency
from steelyard.evidence.canonical import canonical
from steelyard.plugins import find
from steelyard.records import Sample
from steelyard.tasks import load_task
from steelyard.tasks.generators import chain_sum, products, word_sequence_reversal

GENERATORS: list[Callable[..., Sequence[dict[str, str]]]] = [
    chain_sum.generate,
    products.generate,
    word_sequence_reversal.generate,
]
NAMES = ["chain_sum", "products", "word_sequence_reversal"]


def digest(samples: Iterable[Sample]) -> str:
    return sha256(b"\n".join(canonical(sample) for sample in samples)).hexdigest()[:16]


def test_the_benchmarks_never_change() -> None:
    """A change here is another benchmark: every published value would be void."""
    assert {name: digest(load_task(name).prepare("completion")) for name in NAMES} == {
        "chain_sum": "4da87ba12b55c447",
        "products": "17f3a830f30fe126",
        "word_sequence_reversal": "f3c764b55c74a9b5",
    }


@pytest.mark.parametrize("generate", GENERATORS)
@given(seed=st.text(), count=st.integers(0, 60), more=st.integers(0, 60))
def test_an_item_does_not_depend_on_the_count(
    generate: Callable[..., Sequence[dict[str, str]]], seed: str, count: int, more: int
) -> None:
    assert list(generate(seed, count + more))[:count] == list(generate(seed, count))


@pytest.mark.parametrize("name", NAMES)
def test_no_item_is_repeated_and_another_seed_gives_twins(name: str) -> None:
    task = load_task(name)
    public, twins = task.prepare("completion"), task.prepare("completion", seed="secret")
    assert len(public) == len(twins) == 300
    assert len({sample.request for sample in public}) == 300
    assert [sample.request for sample in public] != [sample.request for sample in twins]
    assert public[0].request.prefix == twins[0].request.prefix
    assert public[0].id == f"{name}/public/0"
    assert twins[0].id.startswith(f"{name}/twin-")
    assert "secret" not in twins[0].id


def test_a_space_that_is_too_small_repeats_itself_rather_than_hang() -> None:
    rows = products.generate("s", 30, smallest=2, largest=2, other_largest=3)
    assert len(rows) == 30


@given(st.text(), st.integers(2, 5), st.integers(1, 999), st.integers(1, 999))
def test_sums_are_right(seed: str, terms: int, largest: int, first: int) -> None:
    for row in chain_sum.generate(seed, 20, max_terms=terms, largest=largest, first_largest=first):
        numbers = row["question"].split()
        total = int(numbers[0])
        for sign, number in zip(numbers[1::2], numbers[2::2], strict=True):
            total += int(number) if sign == "+" else -int(number)
        assert str(total) == row["answer"]


@given(st.text())
def test_products_and_reversals_are_right(seed: str) -> None:
    for row in products.generate(seed, 20):
        left, right = row["question"].split(" * ")
        assert str(int(left) * int(right)) == row["answer"]
    for row in word_sequence_reversal.generate(seed, 20, lengths=(2, 6)):
        words = row["question"].split(", ")
        assert row["answer"].split(", ") == words[::-1]
        assert len(set(words)) == len(words)


def test_words_are_distinct() -> None:
    assert len(set(word_sequence_reversal.WORDS)) == len(word_sequence_reversal.WORDS)


@pytest.mark.parametrize(
    ("generate", "options"),
    [
        (chain_sum.generate, {"min_terms": 1}),
        (chain_sum.generate, {"largest": 0}),
        (products.generate, {"smallest": 9, "largest": 2}),
        (word_sequence_reversal.generate, {"lengths": [21]}),
        (word_sequence_reversal.generate, {"lengths": []}),
    ],
)
def test_options_out_of_range(generate: Callable[..., Any], options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        generate("s", 1, **options)


def test_reasoning_gym() -> None:
    if find_spec("reasoning_gym") is None:
        with pytest.raises(MissingDependency, match=r"steelyard\[procedural\]"):
            load_task("reasoning-gym:chain_sum").prepare("completion")
        return
    task = load_task("reasoning-gym:chain_sum")
    samples = task.prepare("completion")
    assert len(samples) == 300
    assert samples[0] == task.prepare("completion")[0]
    assert samples[0] != task.prepare("completion", seed="other")[0]
    assert samples[5].target.lstrip("-").isdigit()


def test_reasoning_gym_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "reasoning_gym", None)
    with pytest.raises(MissingDependency, match=r"pip install 'steelyard\[procedural\]'"):
        find("generator", "reasoning_gym")("s", 1, name="chain_sum")


def test_reasoning_gym_refuses_unknown_names_and_options() -> None:
    pytest.importorskip("reasoning_gym")
    for options in ({"name": "unheard_of"}, {"name": "chain_sum", "min_terms": -1}, {"name": "chain_sum", "odd": 1}):
        with pytest.raises(InputError, match="reasoning-gym:") as caught:
            find("generator", "reasoning_gym")("s", 1, **options)
        assert "\n" not in str(caught.value)
