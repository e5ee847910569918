"""A comparison whose every text is hostile."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from steelyard.comparison.compare import compare_runs
from steelyard.comparison.record import Comparison, DifferingSample
from testkit.comparison_runs import HOSTILE, scored_run


@pytest.fixture
def comparison() -> Comparison:
    groups = {f"s{each}": f"<b>{each % 6}" for each in range(240)}
    one = {HOSTILE: {f"s{each}": float(each % 3 > 0) for each in range(240)}}
    other = {HOSTILE: {f"s{each}": None if each == 5 else float(each % 7 > 0) for each in range(230)}}
    found = compare_runs([scored_run(HOSTILE, one, groups=groups), scored_run("b", other, groups=groups)])
    sample = DifferingSample(
        task=HOSTILE, sample=HOSTILE, first=0, second=1, question=HOSTILE, first_answer="</details>"
    )
    pair = replace(found.pairs[0], differing_samples=(sample, *found.pairs[0].differing_samples))
    return replace(found, pairs=(pair,))
