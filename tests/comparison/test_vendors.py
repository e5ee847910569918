"""Names that say their vendor."""

from __future__ import annotations

import pytest

from steelyard.comparison.vendors import UNKNOWN, vendor_and_family


@pytest.mark.parametrize(
    ("name", "vendor", "family"),
    [
        ("gpt-4o-mini", "OpenAI", "GPT"), ("meta-llama/Llama-3.1-8B", "Meta", "Llama"), ("o3", "OpenAI", "GPT"),
        ("Qwen2.5-7B-Instruct", "Alibaba", "Qwen"), ("smollm2", "Hugging Face", "SmolLM"), ("photo3", UNKNOWN, UNKNOWN),
    ],
)  # fmt: skip
def test_names_that_say_their_vendor(name: str, vendor: str, family: str) -> None:
    assert vendor_and_family(name) == (vendor, family)
