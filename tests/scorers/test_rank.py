"""The rank of one continuation among others: ties speak against it, and what cannot be read is open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, LoglikelihoodRequest, ModelOutput, Outcome, Sample
from steelyard.scorers import is_share, open_identifier
from steelyard.scorers.rank import Rank


def scored(values: list[float], target: str = "0", continuations: int | None = None) -> float | None:
    asked = tuple(f"{number}" for number in range(len(values) if continuations is None else continuations))
    sample = Sample(id="s", request=LoglikelihoodRequest(context="c", continuations=asked), target=target)
    return Rank().score(sample, ModelOutput(outcome=Outcome.OK, logprobs=tuple(values))).value


@pytest.mark.parametrize(
    ("values", "expected"),
    [([3, 1, 2], 1.0), ([1, 2, 3], 0.0), ([2, 1, 3], 0.5), ([2, 2, 2], 0.0), ([2, 2, 1], 0.5)],
)
def test_the_share_of_the_others_that_are_strictly_less_likely(values: list[float], expected: float) -> None:
    assert scored(values) == expected


@given(st.lists(st.floats(-1e9, 0), min_size=2, max_size=25), st.data())
def test_it_is_a_whole_number_of_others_and_ranks_without_ties_are_all_of_them(
    values: list[float], data: st.DataObject
) -> None:
    shares = [scored(values, f"{place}") for place in range(len(values))]
    ranks = [(share or 0) * (len(values) - 1) for share in shares]
    assert all(rank == pytest.approx(round(rank)) for rank in ranks)
    if len(set(values)) == len(values):
        assert sorted(map(round, ranks)) == list(range(len(values)))


@pytest.mark.parametrize(
    ("values", "target", "continuations"),
    [([1.0, 2.0], "0", 3), ([], "0", 2), ([1.0], "0", 1), ([1.0, float("nan")], "0", 2), ([1.0, float("-inf")], "0", 2),
     ([1.0, 2.0], "2", 2), ([1.0, 2.0], "x", 2), ([1.0, 2.0], "", 2)],
)  # fmt: skip
def test_what_cannot_be_read_is_open(values: list[float], target: str, continuations: int) -> None:
    assert scored(values, target, continuations) is None


def test_a_text_has_no_rank() -> None:
    sample = Sample(id="s", request=GenerateRequest(prompt="p"), target="0")
    assert Rank().score(sample, ModelOutput(outcome=Outcome.OK, text="t")).value is None


def test_it_is_opened_from_its_identifier() -> None:
    assert open_identifier("rank@1") == Rank()
    assert is_share(Rank())
    with pytest.raises(InputError, match="no option"):
        open_identifier("rank[x]@1")
