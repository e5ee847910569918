"""A comparison as JSON."""

from __future__ import annotations

import json

from steelyard.comparison import machine
from steelyard.comparison.record import Comparison


def test_json_has_a_sentence_for_each_contrast(comparison: Comparison) -> None:
    document = json.loads(json.dumps(machine.render(comparison), allow_nan=False))
    assert document["exit"] == 0
    assert all(each["sentence"] for each in document["pairs"][0]["contrasts"])
    assert set(document) == {"exit", "headline", "alpha", "see", "runs", "pairs", "tests", "weights", "notes"}
