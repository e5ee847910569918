"""Baselines on the same vendors."""

from __future__ import annotations

from typing import Any

import numpy as np

from steelyard_forensics.gauntlet.parameters import Kind, World
from steelyard_forensics.gauntlet.peers import PEERS, peers_of
from steelyard_forensics.gauntlet.vendors import Abilities, draw_vendor


def shares(world: World, vendors: int = 60, **changes: Any) -> dict[str, float]:
    abilities, random = Abilities(world), np.random.default_rng(3)
    found: dict[str, list[bool]] = {name: [] for name in PEERS}
    for _ in range(vendors):
        for each in peers_of(draw_vendor(abilities, Kind(name="k", **changes), random), random):
            found[each.peer].append(each.accuses)
    return {name: float(np.mean(accused)) for name, accused in found.items()}


def test_each_peer_says_something_of_each_row_that_it_is_about(small: World) -> None:
    vendor = draw_vendor(Abilities(small), Kind(name="k"), np.random.default_rng(1))
    found = peers_of(vendor, np.random.default_rng(1))
    assert [each.benchmark for each in found] == ["fixed"] * 2 + ["made"] * 6
    assert {each.peer for each in found} == set(PEERS)


def test_a_raw_gap_accuses_honest_vendors_that_sample(small: World) -> None:
    honest = shares(small, decoding="sampled")
    assert honest["claim: raw gap"] > 0.1
    assert honest["claim: z test"] < 0.1
    assert honest["twins: raw gap"] > 0.1


def test_peers_find_what_is_large(small: World) -> None:
    assert shares(small, 10, inflated=40.0)["claim: z test"] == 1.0
    assert shares(small, 20, memorised=0.95)["twins: z test"] > 0.3


def test_nothing_answered_accuses_nobody(small: World) -> None:
    silent = shares(small, 3, missing=1.0, missing_wrong=1.0)
    assert silent["twins: z test"] == 0.0


def test_peers_see_a_router(small: World) -> None:
    routed = shares(small, 20, gain=3.0)
    assert routed["cues: z test"] > 0.8
    assert routed["cues: raw gap"] > 0.9
    assert shares(small, 20)["cues: z test"] < 0.3
