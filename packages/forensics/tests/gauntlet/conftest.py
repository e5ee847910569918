"""A world of two small benchmarks, so that an audit takes milliseconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard_forensics.gauntlet.parameters import World, load_world

SMALL = """
format: steelyard-gauntlet/1
name: small
seed: 5
families: 6
zipf: 1.2
family: 0.8
vendor: 0.5
benchmark: 0.3
family_benchmark: 0.2
format_effect: 0.1
checkpoint_effect: 0.1
correlation: 0.9
unsteady: [0, 0.02]
rounded: 0.7
items: {mean: [-1, 0.5], spread: 1, slope: 0.3}
benchmarks:
  - {name: fixed, samples: 60}
  - {name: made, samples: 80, generated: true}
honest:
  - {name: plain}
  - {name: sampled, decoding: sampled, passes: [1, 4]}
  - {name: slow, slow: 3, missing: 0.05, missing_wrong: 0.1}
cheats:
  - {name: inflated, says: points are added, varies: inflated, doses: [5, 40]}
  - {name: memorised, says: knows public items, varies: memorised, doses: [0.9]}
"""


@pytest.fixture
def small_file(tmp_path: Path) -> Path:
    """The parameters as a file."""
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path


@pytest.fixture
def small(small_file: Path) -> World:
    """The world."""
    return load_world("simulated", small_file)
