"""The calls that the committed order makes."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.errors import VerificationError
from steelyard.planning.order import checked_samples
from steelyard.records import Attempt, Measurement, Outcome, RepeatCheck
from steelyard.runner.order import Finished, calls_of
from steelyard.runner.schedule import Call
from steelyard.util.compact import Digests, Naturals, SmallIntegers, Trace
from testkit.plans import measurement
from tests.util.test_committed_order import defined


def asked(**changes: Any) -> Measurement:
    return measurement(**{"population": 30, "order_seed": "s", **changes})


def listed(asked_for: Measurement, finished: set[tuple[int, int]]) -> list[Call]:
    """The calls, made the plain way, all at once."""
    order = defined(asked_for.order_seed, asked_for.population, asked_for.repeats)
    last = asked_for.trials if asked_for.limit is None else min(asked_for.trials, asked_for.limit * asked_for.repeats)
    main = [
        Call(asked_for.id, position, *divmod(trial, asked_for.repeats)) for position, trial in enumerate(order[:last])
    ]
    checked = list(dict.fromkeys(call.sample for call in main))[: asked_for.repeat_check.samples]
    repeats = [Call(asked_for.id, -1, sample, repeat) for sample in checked for repeat in asked_for.extra_repeats]
    calls = [*repeats, *main]
    if among := min(asked_for.repeat_check.among, last):
        calls = []
        for position in range(last + 1):
            calls += [call for call in repeats if place_of(call, checked, asked_for.order_seed, among) == position]
            calls += main[position : position + 1]
    return [call for call in calls if (call.sample, call.repeat) not in finished]


def place_of(call: Call, checked: list[int], seed: str, among: int) -> int:
    own = checked.index(call.sample)
    free = [place for place in range(among + 1) if place not in (own, own + 1)] or [among]
    digest = sha256(f"{seed}:check:{call.sample}:{call.repeat}".encode()).digest()
    return free[int.from_bytes(digest) % len(free)]


DIGESTS = Digests(sha256(f"{number}".encode()).hexdigest() for number in range(30))


def final(call: Call, **changes: Any) -> Attempt:
    fields: dict[str, Any] = {
        "seq": 7, "measurement": call.measurement, "position": call.position, "sample": f"t/{call.sample}",
        "item": DIGESTS[call.sample], "repeat": call.repeat, "attempt": 1, "request": "", "outcome": Outcome.OK,
        "final": True, "started_us": 0, "elapsed_us": 0,
    }  # fmt: skip
    return Attempt(**fields | changes)


@settings(deadline=None)
@given(st.data())
def test_calls_are_those_of_the_order_less_what_was_ended(data: st.DataObject) -> None:
    sampled = data.draw(st.booleans())
    planned = asked(
        decoding="sampled" if sampled else "greedy",
        repeats=data.draw(st.integers(1, 3)) if sampled else 1,
        limit=data.draw(st.none() | st.integers(1, 40)),
        repeat_check=RepeatCheck(
            samples=data.draw(st.integers(0, 5)),
            repeats=data.draw(st.integers(1, 3)),
            among=0 if sampled else data.draw(st.sampled_from([0, 4, 20, 400])),
        ),
    )
    everything = list(calls_of(planned))
    assert everything == listed(planned, set())
    ended = data.draw(st.lists(st.sampled_from(everything)))
    finished = Finished(planned, DIGESTS)
    for call in ended:
        finished.add(final(call))
    pairs = {(call.sample, call.repeat) for call in ended}
    assert len(finished) == len(pairs)
    assert list(calls_of(planned, finished)) == listed(planned, pairs)
    assert list(calls_of(planned, pairs)) == listed(planned, pairs)


@pytest.mark.parametrize(("population", "limit"), [(1319, None), (350, None), (1319, 120)])
def test_second_answers_are_spread_and_never_next_to_the_first(population: int, limit: int | None) -> None:
    planned = asked(population=population, limit=limit, repeat_check=RepeatCheck(samples=100, repeats=2, among=400))
    calls = list(calls_of(planned))
    first = {call.sample: place for place, call in enumerate(calls) if call.position >= 0}
    second = {call.sample: place for place, call in enumerate(calls) if call.position < 0}
    assert len(second) == 100
    assert all(abs(first[sample] - place) > 1 for sample, place in second.items())
    assert max(second.values()) <= 100 + 400
    assert sum(place < first[sample] for sample, place in second.items()) > 2  # whichever of the two comes first
    apart = sorted(abs(first[sample] - place) for sample, place in second.items())
    assert apart[50] > 30


def test_a_journal_that_does_not_fit_the_samples_is_refused() -> None:
    planned = asked(repeat_check=RepeatCheck(samples=2, repeats=2))
    finished = Finished(planned, DIGESTS)
    call = next(call for call in calls_of(planned) if call.position == 4)
    checked = set(checked_samples(planned, finished.order))
    other = next(number for number in range(30) if number not in checked)
    for wrong in (
        final(call, item="f" * 64),
        final(call, position=30),
        final(call, repeat=9),
        final(Call(planned.id, -1, other, 1)),
    ):
        with pytest.raises(VerificationError, match="record 7"):
            finished.add(wrong)
    finished.add(final(call))
    assert (len(finished), (call.sample, 0) in finished, None in finished) == (1, True, False)


# ── the containers beneath ──────────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.binary(min_size=32, max_size=32)))
def test_digests_are_a_sequence_of_texts(values: list[bytes]) -> None:
    texts = [value.hex() for value in values]
    digests = Digests(texts)
    assert list(digests) == texts
    assert digests == texts
    assert digests == tuple(texts)
    assert digests == Digests(texts)
    assert digests != [*texts, "0" * 64]
    assert len(digests) == len(texts)
    assert [digests[number] for number in range(-len(texts), len(texts))] == texts * 2
    assert list(digests[::-2]) == texts[::-2]
    with pytest.raises(IndexError):
        digests[len(texts)]


@pytest.mark.parametrize("wrong", ["", "0" * 63, "0" * 66, "F" * 64, "x" * 64, "é" * 64])
def test_what_is_no_digest_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        Digests([wrong])


@given(st.lists(st.integers(0, 2**60) | st.integers(0, 70_000)))
def test_a_set_of_numbers_near_and_far(numbers: list[int]) -> None:
    found = Naturals()
    seen: set[int] = set()
    for number in numbers:
        assert found.add(number) == (number not in seen)
        seen.add(number)
    assert len(found) == len(seen)
    assert all(number in found for number in numbers)
    assert all((number + 1 in found) == (number + 1 in seen) for number in numbers)


@given(st.dictionaries(st.integers(0, 20_000), st.integers(0, 254)))
def test_marks_by_place(marks: dict[int, int]) -> None:
    kept = SmallIntegers()
    for place, mark in marks.items():
        kept[place] = mark
    assert {place: kept.get(place) for place in range(20_001) if place in kept} == marks
    kept.forget_before(4096)
    assert {place for place in marks if place in kept} == {place for place in marks if place >= 4096}
    kept.clear()
    assert kept.get(5000) is None


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6))))
def test_a_trace_counts_its_looks(looks: list[tuple[int, int]]) -> None:
    trace = Trace()
    for right, high in looks:
        trace.append(right, high)
    expected = [(number, *look) for number, look in enumerate(looks, 1)]
    assert list(trace) == expected
    assert trace[::3] == expected[::3]
    assert trace[-1:] == expected[-1:]


def test_a_wide_trace_holds_totals_beyond_four_bytes() -> None:
    trace = Trace(wide=True)
    trace.append(5_000_000_000, 6_000_000_000)
    assert list(trace) == [(1, 5_000_000_000, 6_000_000_000)]
    with pytest.raises(OverflowError):
        Trace().append(5_000_000_000, 0)
    trace = Trace(large=True)
    trace.append(2**116, 2**117)
    assert trace[0] == (1, 2**116, 2**117)
