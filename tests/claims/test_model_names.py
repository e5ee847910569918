"""Names of models: a vendor is not accused for spelling a name in another way, or further out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.claims.model_names import compare, parse_name

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


LIKENESSES = {
    "same": [
        ("Llama-4-Maverick-17B-128E-Instruct", "llama-4-maverick"),
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("gpt-4-0613", "gpt-4"),
        ("claude-3-5-sonnet", "claude-3.5-sonnet-20241022"),
        ("DeepSeek-V3", "deepseek-v3-0324"),
        ("meta-llama/Meta-Llama-3.1-8B-Instruct", "llama-3.1-8b-instruct"),
        ("accounts/fireworks/models/llama-v3p1-8b-instruct", "Llama-3.1-8B-Instruct"),
        ("Mistral-7B-Instruct-v0.3", "mistral-7b-instruct"),
        ("Mixtral-8x7B-Instruct-v0.1", "mixtral:8x7b-instruct"),
        ("phi-3-mini", "phi3:mini"),
        ("Llama-2-7b-chat-hf", "llama-2-7b-chat"),
        ("/models/Qwen2.5-7B-Instruct/", "Qwen/Qwen2.5-7B-Instruct"),
        ("Steelyard's JEPA", "Steelyard’s JEPA"),
        ("Qwen3-30B-A3B", "qwen3:30b"),
        ("日本語モデル-7B", "日本語モデル"),
        ("qwen-prod", "Qwen2.5-7B-Instruct"),  # a shorter name leaves open which one is meant
    ],
    "same but for precision": [
        ("meta-llama/Llama-3.1-8B-Instruct", "llama3.1:8b-instruct-q4_K_M"),
        ("Qwen2.5-7B-Instruct-AWQ", "Qwen2.5-7B-Instruct"),
        ("SmolLM2-135M-Instruct (Q4_1)", "SmolLM2-135M-Instruct"),
        ("Llama-3.3-70B-Instruct-FP8-Dynamic", "Llama-3.3-70B-Instruct"),
        ("Qwen2.5-7B-Instruct-GPTQ-Int4", "Qwen2.5-7B-Instruct-bf16"),
        ("qwen2 7B Q4_K - Medium", "Qwen2-7B"),
        ("Qwen2-7B-8bit", "Qwen2-7B"),
        ("zai-org/GLM-4.5-FP8", "GLM-4.5"),
    ],
    "alias": [
        ("my-deployment", "Qwen2.5-7B"),
        ("/models/abc", "Qwen2.5-7B-Instruct"),
        ("my-deployment-7b", "Qwen2.5-7B"),  # a size is no word of a family
        ("e53f048856ff4f594e959d75785d2c2d37b678ee", "Llama-3.1-8B"),
        ("Adder", "sums"),
        ("", "Qwen2.5-7B"),
    ],
    "another": [
        ("Qwen2.5-7B-Instruct", "Qwen2.5-72B-Instruct"),
        ("gpt-4o", "gpt-4o-mini"),
        ("gpt-4", "gpt-4o"),
        ("gpt-4", "gpt-4.1"),
        ("o3", "o3-mini"),
        ("gpt-4o-2024-08-06", "gpt-4o-2024-05-13"),
        ("claude-3-5-sonnet", "claude-3-5-haiku"),
        ("Llama-3.1-8B", "Llama-3.1-8B-Instruct"),
        ("Llama-3.1-8B-Base", "Llama-3.1-8B-Instruct"),
        ("Llama 4 Maverick", "Llama-4-Maverick-03-26-Experimental"),
        ("Foo-experimental", "Foo"),
        ("Qwen-7B", "Qwen2.5-7B"),
        ("Mistral-7B-Instruct-v0.3", "Mistral-7B-Instruct-v0.2"),
        ("Mistral Large", "mistral-medium"),
        ("Qwen2.5-Coder-7B", "qwen2.5:7b"),
        ("GLM-4.5", "GLM-4.5-Air"),
        ("Qwen3-235B-A22B", "Qwen3-235B-A22B-Instruct-2507"),
        ("DeepSeek-R1", "DeepSeek-R1-Distill-Qwen-7B"),
        ("deepseek-reasoner", "DeepSeek-R1"),
        # Each states what the other leaves out, and the endpoint's name has meant several versions.
        ("deepseek-chat", "DeepSeek-V3"),
    ],
}


@pytest.mark.parametrize(
    ("likeness", "one", "other"), [(word, *pair) for word, pairs in LIKENESSES.items() for pair in pairs]
)
def test_likeness(likeness: str, one: str, other: str) -> None:
    assert compare(one, other) == compare(other, one) == likeness


def test_the_vendors_words_may_stand_in_one_name_alone() -> None:
    assert compare("Acme Foo-2", "foo-2") == "another"
    assert compare("Acme Foo-2", "foo-2", vendor="Acme") == "same"
    assert compare("Mistral Large", "mistral-medium", vendor="Mistral AI") == "another"


@given(one=st.text(max_size=30), other=st.text(max_size=30))
def test_a_likeness_is_symmetric_and_a_name_is_like_itself(one: str, other: str) -> None:
    assert compare(one, other) == compare(other, one)
    assert compare(one, one) == "same"
