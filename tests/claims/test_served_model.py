"""Which names make a claim one about another model, and what the report says of the names."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.claims.served_model import names_in_words, why_another_model
from steelyard.records import Claim, ClaimSheet, ModelIdentity


def identity(asked: str, answers_as: str = "") -> ModelIdentity:
    return ModelIdentity(uri=f"openai:{asked}@http://x/v1", name=asked, details={"answers_as": answers_as})


def why(sheet: dict[str, Any], asked: str, answers_as: str = "", variant: str = "") -> str:
    claim = Claim(task="t", value="80", variant=variant)
    return why_another_model(ClaimSheet(claims=(claim,), **sheet), claim, identity(asked, answers_as))


@pytest.mark.parametrize(
    ("sheet", "asked", "answers_as", "variant"),
    [
        ({"model": "Qwen2.5-7B"}, "my-deployment", "/models/abc", ""),
        ({"model": "Qwen2.5-7B"}, "my-deployment", "Qwen2.5-7B", ""),
        ({"model": "Llama 4 Maverick", "served_as": "my-deployment-7"}, "my-deployment-7", "/models/abc", ""),
        ({"model": "Llama 4 Maverick", "served_as": "foo-2"}, "foo-2", "", ""),
        ({"model": "Foo", "served_as": "Foo-2-7B"}, "foo-2-7b-fp8", "", ""),
        ({"model": "Foo Large", "served_as": "foo-large-2"}, "foo-large-2", "foo-large-2", "thinking"),
        ({"model": "Foo", "served_as": "n/a"}, "bar", "", "none"),
        ({"model": "Qwen2.5-7B"}, "", "", ""),
        ({"model": "Foo", "served_as": "foo-1"}, "", "", ""),
    ],
)
def test_one_model(sheet: dict[str, str], asked: str, answers_as: str, variant: str) -> None:
    assert why(sheet, asked, answers_as, variant) == ""


@pytest.mark.parametrize(
    ("sheet", "asked", "answers_as", "variant", "said"),
    [
        ({"model": "Qwen2.5-72B"}, "Qwen2.5-7B", "", "", "about Qwen2.5-72B, and the endpoint serves Qwen2.5-7B"),
        ({"model": "Qwen2.5-72B"}, "my-deployment", "Qwen2.5-7B", "", "and the endpoint serves Qwen2.5-7B"),
        ({"model": "Foo", "served_as": "X-2"}, "Y-3", "Y-3", "", "says served_as X-2, and this is Y-3"),
        ({"model": "Foo-7B", "served_as": "my-deployment"}, "my-deployment", "foo-70b", "", "serves foo-70b"),
        ({"model": "Foo"}, "foo", "", "Foo-experimental", "about Foo-experimental, and the endpoint serves foo"),
        ({"model": "Assistant"}, "gpt-4o", "gpt-4o-mini", "", "asked for gpt-4o, and answers as gpt-4o-mini"),
    ],
)
def test_two_models(sheet: dict[str, str], asked: str, answers_as: str, variant: str, said: str) -> None:
    reason = why(sheet, asked, answers_as, variant)
    assert said in reason
    assert reason.endswith("--accept-model")
    assert "\n" not in reason


@pytest.mark.parametrize(
    ("model", "asked", "answers_as", "accepted", "said"),
    [
        ("Foo-7B", "foo-7b", "foo-7b", False, ""),
        ("Foo-7B", "acme/foo-7b", "", False, ""),
        ("Foo-7B", "foo-7b-awq", "", False, "claimed: Foo-7B; asked: foo-7b-awq (only one of them states a precision)"),
        (
            "Foo-7B", "prod-1", "/models/abc", False,
            "claimed: Foo-7B; asked: prod-1; answers as: /models/abc"
            " (names that share no word: one is taken for an alias)",
        ),
        ("Foo", "foo-2024-08-06", "", False, "claimed: Foo; asked: foo-2024-08-06"),
        ("Foo-7B", "foo-70b", "", True, "claimed: Foo-7B; asked: foo-70b (two models by their names, accepted as one)"),
    ],
)  # fmt: skip
def test_the_names_in_words(model: str, asked: str, answers_as: str, accepted: bool, said: str) -> None:
    sheet = ClaimSheet(model=model, claims=(Claim(task="t", value="80"),))
    assert names_in_words(sheet, identity(asked, answers_as), accepted=accepted) == said
