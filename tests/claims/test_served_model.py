"""Which names make a claim one about another model, and what the report says of the names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from steelyard.claims.served_model import accepted_in_words, names_in_words, served_in_words, why_another_model
from steelyard.claims.sheet import read_sheet
from steelyard.records import Claim, ClaimSheet, ModelIdentity

EXAMPLES = Path(__file__).parents[2] / "examples"


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


def test_what_is_accepted_as_one_is_said_of_the_claim_itself() -> None:
    claim = Claim(task="t", value="80")
    sheet = ClaimSheet(model="Qwen2.5-72B", claims=(claim,))
    assert accepted_in_words(sheet, claim, identity("Qwen2.5-7B"), True) == (
        "The claim is about Qwen2.5-72B, and the endpoint serves Qwen2.5-7B: two models by their names, accepted as "
        "one (--accept-model). A score below the claim may be the other model's.",
    )
    assert accepted_in_words(sheet, claim, identity("my-deployment"), True) == ()
    assert accepted_in_words(sheet, claim, identity("Qwen2.5-7B"), False) == ()
    assert accepted_in_words(None, None, identity("Qwen2.5-7B"), True) == ()


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


@pytest.mark.parametrize(
    ("sheet", "name"),
    [
        ("embedded", "SmolLM2-135M-Instruct"),
        ("smollm2-135m-instruct", "SmolLM2-135M-Instruct"),
        ("world-claims", "Steelyard's JEPA"),
        ("llama-4-scout", "meta-llama/Llama-4-Scout-17B-16E-Instruct"),
    ],
)
def test_the_examples_need_no_flag(sheet: str, name: str) -> None:
    read = read_sheet(EXAMPLES / f"{sheet}.yaml")
    assert {why_another_model(read, claim, identity(name)) for claim in read.claims} == {""}


@pytest.mark.parametrize(
    ("file", "inside", "is_another"),
    [
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "Smollm2 135M 8k Lc100K Mix1 Ep2", False),
        ("model.gguf", "SmolLM2 135M Instruct", False),
        ("model-q4_0.gguf", "llama 135M Q4_0", False),
        ("SmolLM2-1.7B-Instruct.gguf", "", True),
        ("model.gguf", "SmolLM2 1.7B Instruct", True),
    ],
)
def test_a_gguf_file_has_two_names(file: str, inside: str, is_another: bool) -> None:
    sheet = ClaimSheet(model="SmolLM2-135M-Instruct", claims=(Claim(task="t", value="80"),))
    named = ModelIdentity(uri=f"gguf:{file}", name=inside, sha256="0" * 64)
    assert bool(why_another_model(sheet, sheet.claims[0], named)) == is_another
    assert names_in_words(sheet, named, accepted=False).startswith("claimed: SmolLM2-135M-Instruct; asked: ")


@pytest.mark.parametrize(
    ("claimed", "quantisation", "said"),
    [
        ("SmolLM2-135M-Instruct (Q4_1)", "Q4_1", ""),
        ("SmolLM2-135M-Instruct", "Q4_K - Medium", "asked: SmolLM2-135M-Instruct (Q4_K - Medium)"),
        ("SmolLM2-135M-Instruct", "a pro model", ""),
        ("SmolLM2-135M-Instruct", "", ""),
    ],
)
def test_the_precision_of_the_file_belongs_to_the_name(claimed: str, quantisation: str, said: str) -> None:
    sheet = ClaimSheet(model=claimed, claims=(Claim(task="t", value="80"),))
    details = {"quantisation": quantisation}
    named = ModelIdentity(uri="embedded:smollm2", name="SmolLM2-135M-Instruct", details=details)
    assert why_another_model(sheet, sheet.claims[0], named) == ""
    found = names_in_words(sheet, named, accepted=False)
    assert said in found
    assert bool(said) == bool(found)


@pytest.mark.parametrize(
    ("asked", "answers_as", "said"),
    [
        (
            "llama-3.1-8b",
            "mistral-7b-instruct",
            "asked: llama-3.1-8b; answers as: mistral-7b-instruct (names that share no word",
        ),
        ("gpt-4o", "gpt-4o-mini", "asked: gpt-4o; answers as: gpt-4o-mini (two models by their names)"),
        ("gpt-4o", "gpt-4o-2024-08-06", ""),
        ("my-deployment", "gpt-4o", "asked: my-deployment; answers as: gpt-4o (names that share no word"),
        ("gpt-4o", "", ""),
    ],
)
def test_without_a_sheet_two_models_are_named(asked: str, answers_as: str, said: str) -> None:
    found = served_in_words(identity(asked, answers_as))
    assert found.startswith(said)
    assert bool(found) == bool(said)


def test_names_of_two_models_are_not_called_an_alias_beside_that() -> None:
    sheet = ClaimSheet(model="sorter", served_as="kat", claims=(Claim(task="t", value="80"),))
    named = identity("andere", "")
    assert "two models by their names" in why_another_model(sheet, sheet.claims[0], named)
    said = names_in_words(sheet, named, accepted=False)
    assert said.endswith("(two models by their names)")
    assert "alias" not in said
