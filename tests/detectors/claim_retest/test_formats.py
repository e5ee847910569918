"""Several prompt formats of one claim: honest vendors are not accused, inflated claims are found."""

from __future__ import annotations

import pytest

from bench.honest import measure
from bench.vendors import Vendor
from steelyard.records import Claim, Protocol
from steelyard.stats.intervals import clopper_pearson
from steelyard.tasks import load_task


def test_the_best_of_three_formats_is_not_accused() -> None:
    vendor = Vendor("best of 3 formats", 150, in_process=True, formats=(0.08, 0.03, 0.0))
    rates = measure(vendor, 150)
    assert clopper_pearson(rates.inconsistent, 150, 0.05)[0] <= 0.05
    assert rates.consistent >= 0.95 * 150


def test_formats_alike_are_not_accused() -> None:
    rates = measure(Vendor("2 formats alike", 150, variance=0.016, tolerance="0.5", formats=(0.0, 0.0)), 100)
    assert rates.inconsistent <= 0.05 * 100


@pytest.mark.parametrize("formats", [(0.0, 0.0, 0.0), (0.08, 0.0, 0.03)])
def test_an_inflated_claim_is_found_in_any_order_of_formats(formats: tuple[float, ...]) -> None:
    vendor = Vendor("inflated", 500, accuracy=0.75, in_process=True, inflated=0.1, formats=formats)
    assert measure(vendor, 60).inconsistent >= 0.95 * 60


@pytest.mark.parametrize(
    ("task", "claim", "formats"),
    [
        ("gsm8k", {}, ("cot", "cot_chat", "cot_strict", "cot_strict_chat", "chat")),
        ("gsm8k", {"shots": 5}, ("cot", "cot_chat", "cot_strict", "cot_strict_chat", "chat")),
        (
            "gsm8k",
            {"protocol": Protocol(decoding="greedy")},
            ("cot", "cot_chat", "cot_strict", "cot_strict_chat", "chat"),
        ),
        ("gsm8k", {"protocol": Protocol(prompt="chat")}, ("chat",)),
        ("gsm8k", {"metric": "qem", "protocol": Protocol(harness="lighteval")}, ("cot_strict", "cot_strict_chat")),
        (
            "gsm8k",
            {"protocol": Protocol(harness="lighteval")},
            ("cot", "cot_chat", "cot_strict", "cot_strict_chat", "chat"),
        ),
        (
            "gsm8k",
            {"protocol": Protocol(prompt="a format of ours")},
            ("cot", "cot_chat", "cot_strict", "cot_strict_chat", "chat"),
        ),
        ("mmlu", {}, ("letter", "letter_generate", "cloze", "cot")),
        ("ifeval", {"metric": "prompt-level strict"}, ("prompt_strict",)),
        ("ifeval", {}, ("prompt_strict",)),  # refused, since it may be another metric
        ("world_efficiency", {}, ("pixel",)),  # its formats are measures of their own
    ],
)
def test_the_formats_that_a_claim_may_mean(task: str, claim: dict[str, object], formats: tuple[str, ...]) -> None:
    assert load_task(task).formats_for(Claim(task=task, value="80", **claim)) == formats  # type: ignore[arg-type]
