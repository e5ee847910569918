"""A comparison as JSON."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from steelyard.comparison import machine
from steelyard.comparison.compare import compare_runs
from steelyard.comparison.record import Comparison, DifferingSample
from tests.comparison_runs import scored_run

HOSTILE = "<script>alert(1)</script> \x1b[31m | [x](javascript:alert(1)) \u202e"


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


def test_json_has_a_sentence_for_each_contrast(comparison: Comparison) -> None:
    document = json.loads(json.dumps(machine.render(comparison), allow_nan=False))
    assert document["exit"] == 0
    assert all(each["sentence"] for each in document["pairs"][0]["contrasts"])
    assert set(document) == {"exit", "headline", "alpha", "see", "runs", "pairs", "tests", "weights", "notes"}
