"""The committed order of a measurement's trials: fixed by a seed that is sealed in the plan before the first call."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from hashlib import sha256

from steelyard.records import Measurement
from steelyard.util.committed_order import committed_order

__all__ = ["check_places", "checked_samples", "order_of", "paces"]


def order_of(measurement: Measurement) -> Sequence[int]:
    """The committed order of a measurement's trials, which are ``sample × repeats + repeat``.

    With ``order_by`` "sample", all trials of a sample follow one another: then a limit cuts off whole samples, as
    pass@k needs. No sequential test may read such an order.
    """
    if measurement.order_by == "trial":
        return committed_order(measurement.order_seed, measurement.population, measurement.repeats)
    samples = committed_order(measurement.order_seed, measurement.population)
    repeats = range(measurement.repeats)
    return array("I", (sample * measurement.repeats + repeat for sample in samples for repeat in repeats))


def paces(of: Measurement, drawn: Measurement) -> Sequence[int]:
    """When samples that are drawn beside others are asked: by place, at which place of the order of those.

    The n-th is asked right before or right after the n-th sample there is asked for the first time, by its order's
    seed: an endpoint that changes in the course of a run changes for both alike. A test that pairs them rests on that.
    Samples that are left out of the pairs are passed over.
    """
    due, seen = array("I"), set(drawn.left_out)
    for place, trial in enumerate(order_of(of)):
        sample = trial // of.repeats
        if sample not in seen and len(due) < drawn.planned:
            seen.add(sample)
            coin = sha256(f"{drawn.order_seed}:first:{len(due)}".encode()).digest()[0] & 1
            due.append(place + coin)
    return due


def checked_samples(measurement: Measurement, order: Sequence[int]) -> list[int]:
    """The samples that the repeat check asks again: the first of the order."""
    found: dict[int, None] = {}
    for position in range(measurement.planned):
        if len(found) == measurement.repeat_check.samples:
            break
        found[order[position] // measurement.repeats] = None
    return list(found)


def check_places(measurement: Measurement, checked: Sequence[int]) -> dict[int, list[tuple[int, int]]]:
    """When the repeat check asks: by place of the order, the (sample, repeat) pairs that are asked right before it.

    Before all others, which is place 0; or at random ``among`` the first places, by the order's seed, and never next to
    the sample's own place, which is its number among ``checked``: a server may answer neighbours in one batch.
    """
    check, repeats = measurement.repeat_check, measurement.extra_repeats
    if not check.among:
        return {0: [(sample, repeat) for sample in checked for repeat in repeats]}
    last = min(check.among, measurement.planned)
    places: dict[int, list[tuple[int, int]]] = {}
    for own, sample in enumerate(checked):
        free = [place for place in range(last + 1) if place not in (own, own + 1)] or [last]
        for repeat in repeats:
            drawn = sha256(f"{measurement.order_seed}:check:{sample}:{repeat}".encode()).digest()
            places.setdefault(free[int.from_bytes(drawn) % len(free)], []).append((sample, repeat))
    return places
