"""Whether a claim states how its answers were decoded."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.claims.decoding import max_tokens_of, stated_temperature, states_decoding
from steelyard.records import Claim, Protocol


@pytest.mark.parametrize(
    ("words", "changes", "temperature", "stated"),
    [
        ("", {}, None, False),
        ("beam search", {}, None, False),
        ("Greedy", {}, 0.0, True),
        ("temperature 0.6, top-p 0.95", {}, 0.6, True),
        ("sampled", {}, None, True),
        ("top_p 0.95", {}, None, True),
        ("top-p=0.95, top_k 20", {}, None, True),
        ("recommended settings", {}, None, True),
        ("the recommended sampling parameters", {}, None, True),
        ("max tokens 32k, n=16", {}, None, True),
        ("greedy, top_p 1", {}, 0.0, True),
        ("do_sample=True", {}, None, True),
        ("do_sample=False", {}, None, False),
        ("top_k 1", {}, None, False),
        ("default", {}, None, False),
        ("max tokens 32k, n=1", {}, None, False),
        ("temperature 8192", {}, None, False),
        ("", {"repeats": 4}, None, True),
        ("", {"repeats": 1}, None, False),
        ("", {"repeats": "several"}, None, True),
        ("greedy", {"unsourced": ("decoding",)}, None, False),
        ("temperature 0.6", {"unsourced": ("decoding",), "metric": "avg@64"}, None, True),
        ("", {"repeats": 4, "unsourced": ("repeats",)}, None, False),
        ("", {"metric": "avg@64", "unsourced": ("metric",)}, None, False),
    ],
)
def test_what_a_sheet_says_of_decoding(
    words: str, changes: dict[str, Any], temperature: float | None, stated: bool
) -> None:
    claim = Claim(task="t", value="80", protocol=Protocol(decoding=words), **changes)
    assert (stated_temperature(claim), states_decoding(claim)) == (temperature, stated)


def test_the_limit_of_an_answer_that_a_sheet_states() -> None:
    claim = Claim(task="t", value="80", protocol=Protocol(max_tokens=512))
    assert (max_tokens_of(claim), max_tokens_of(Claim(task="t", value="80")), max_tokens_of(None)) == (512, None, None)
