"""Names of models: a vendor is not accused for spelling a name in another way, or further out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.detectors.screen.model_names import parse_name

SAME = [
    ("Llama-4-Maverick", "Llama 4 Maverick", ""),
    ("llama_4_maverick", "Llama 4 Maverick", ""),
    ("Meta Llama 4 Maverick", "Llama 4 Maverick", "Meta"),
    ("meta-llama/Llama-4-Maverick", "Llama 4 Maverick", ""),
    ("accounts/fireworks/models/llama-v3", "llama v3", ""),
    ("GPT4o", "GPT-4o", ""),
    ("Qwen2.5 7B", "Qwen 2.5-7B", ""),
    ("日本語 モデル", "日本語モデル", ""),
]
MAY_MEAN = [
    ("meta-llama/Llama-4-Maverick-17B-128E-Instruct", "Llama 4 Maverick", "Meta"),
    ("gpt-4o-2024-08-06", "GPT-4o", "OpenAI"),
    ("claude-3-5-sonnet-20241022", "Claude 3.5 Sonnet", "Anthropic"),
    ("amazon.nova-pro-v1:0", "Nova Pro", "Amazon"),
    ("o3-mini (high)", "o3-mini", ""),
    ("o3-mini-high", "o3-mini-low", ""),
    ("foo-bf16", "foo-fp8", ""),
    ("o3-mini high / tools", "o3-mini", ""),
    ("Qwen3-30B-A3B-FP8", "Qwen3 30B", ""),
    ("Maverick", "Llama-4-Maverick-17B", ""),  # a shorter name leaves open which one is meant
]
DIFFERENT = [
    ("Llama-4-Maverick-03-26-Experimental", "Llama 4 Maverick", "Meta"),
    ("Llama-4-Maverick-03-26-Experimental", "meta-llama/Llama-4-Maverick-17B-128E-Instruct", "Meta"),
    ("gpt-4o-2024-08-06", "gpt-4o-2024-05-13", ""),
    ("Mistral Medium", "Mistral Large", "Mistral AI"),
    ("Llama 3.1", "Llama 3", ""),
    ("Llama 3.3 70B", "Llama 3 70B", ""),
    ("SmolLM2-1.7B-Instruct", "SmolLM2-135M-Instruct", ""),
    ("GPT-4 Turbo", "GPT-4", ""),
]


@pytest.mark.parametrize(("one", "other", "vendor"), SAME)
def test_same(one: str, other: str, vendor: str) -> None:
    assert parse_name(one, vendor).same(parse_name(other, vendor))
    assert parse_name(one, vendor).may_mean(parse_name(other, vendor))


@pytest.mark.parametrize(("one", "other", "vendor"), MAY_MEAN)
def test_may_mean(one: str, other: str, vendor: str) -> None:
    assert not parse_name(one, vendor).same(parse_name(other, vendor))
    assert parse_name(one, vendor).may_mean(parse_name(other, vendor))


@pytest.mark.parametrize(("one", "other", "vendor"), DIFFERENT)
def test_different(one: str, other: str, vendor: str) -> None:
    assert not parse_name(one, vendor).may_mean(parse_name(other, vendor))


@pytest.mark.parametrize("name", ["", " ", "-", "n/a", "N/A", "none", "default", "…"])
def test_unstated(name: str) -> None:
    assert not parse_name(name).is_stated


def test_the_vendors_name_alone_is_kept() -> None:
    assert parse_name("Meta", "Meta").is_stated


@given(name=st.text(max_size=40), vendor=st.text(max_size=10))
def test_any_text_is_a_name_and_is_itself(name: str, vendor: str) -> None:
    parsed = parse_name(name, vendor)
    assert parsed.same(parse_name(name, vendor))
    assert parsed.may_mean(parsed)
