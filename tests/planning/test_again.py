"""What is asked again is what was asked first: its samples, its decoding and its question, with a place of its own."""

from __future__ import annotations

import pytest

from steelyard.planning.again import asked_again, request_again
from steelyard.plugins import MeasurementRequest
from steelyard.records import GenerateRequest, LoglikelihoodRequest, RepeatCheck
from testkit.plans import measurement


def test_it_is_the_first_measurement_with_another_place() -> None:
    first = measurement(repeats=2, repeat_check=RepeatCheck(samples=3, repeats=2), population=50, output_budget=99)
    request = MeasurementRequest(name="a/again", task="t", arm="again", beside=first.id, again=20, repeats=3)
    found = asked_again(first, request, "exact@5")
    assert (found.repeats, found.limit, found.planned, found.again) == (3, 40, 120, 20)
    assert (found.beside, found.arm, found.repeat_check) == (first.id, "again", RepeatCheck())
    same = ("task", "prompt", "kind", "decoding", "output_budget", "samples_root", "population")
    assert all(getattr(found, name) == getattr(first, name) for name in same)


def test_a_small_benchmark_has_no_more_items_than_it_has() -> None:
    request = MeasurementRequest(name="a/again", task="t", arm="again", beside="00-t", again=30, repeats=3)
    assert asked_again(measurement(population=50), request, "exact@5").planned == 150


@pytest.mark.parametrize("limit", [1, 15, 16, 256, 32_768])
def test_no_two_calls_of_a_sample_are_one_request_to_a_cache(limit: int) -> None:
    request = GenerateRequest(prompt="What is 1 + 1?", max_tokens=limit)
    again = [request_again(request, repeat) for repeat in range(3)]
    assert len({request, *again}) == 4
    assert all(isinstance(each, GenerateRequest) and each.prompt == request.prompt for each in again)
    assert all(1 <= each.max_tokens <= max(limit, 18) for each in again if isinstance(each, GenerateRequest))


def test_greedy_questions_are_asked_again_at_a_temperature_and_others_at_their_own() -> None:
    """So that a cache of greedy answers alone, which knows questions by their words, does not know them."""
    asked = MeasurementRequest(
        name="a/again", task="t", arm="again", beside="00-t", again=30, repeats=3, temperature=0.7
    )
    greedy, sampled = measurement(kind="generate"), measurement(kind="generate", decoding="sampled", temperature=0.2)
    found = asked_again(greedy, asked, "exact@4")
    assert (found.decoding, found.temperature) == ("sampled", 0.7)
    assert asked_again(sampled, asked, "exact@4").temperature == 0.2
    assert asked_again(measurement(kind="loglikelihood"), asked, "exact@4").temperature == 0
    request = GenerateRequest(prompt="What is 1 + 1?", max_tokens=64)
    again = [request_again(request, repeat, found.temperature) for repeat in range(3)]
    assert [each.temperature for each in again if isinstance(each, GenerateRequest)] == [0.7] * 3


def test_log_likelihoods_have_no_limit_to_change() -> None:
    request = LoglikelihoodRequest(context="a", continuations=("b", "c"))
    assert request_again(request, 1) is request
