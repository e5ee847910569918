"""Words that say that a number was measured otherwise."""

from __future__ import annotations

import pytest

from steelyard.tasks.other_measures import changes_a_test, counted_parts, mode_of_model, without_denied_help


@pytest.mark.parametrize(
    "text",
    [
        "with tools", "maj@8", "in thinking mode", "reasoning effort: high", "8\u2011shot", "OpenCompass",
        "only English", "on a subset", "Ours-7B (high)", "Ours + TIR", "with a verifier",
        "hf (pretrained=a/b), gen_kwargs: (None), limit: 100.0, num_fewshot: None",
        "hf (pretrained=a/b), gen_kwargs: (temperature=0.6), limit: None, num_fewshot: None",
    ],
)  # fmt: skip
def test_what_changes_a_test(text: str) -> None:
    assert changes_a_test(text)


@pytest.mark.parametrize(
    "text",
    [
        "no tools",
        "no majority voting or parallel test time compute",
        "only one-fifth of the parameters",
        "greedy",
        "hf (pretrained=a/b,dtype=bfloat16), gen_kwargs: (None), limit: None, num_fewshot: None",
        "output limit: 32768",
    ],
)
def test_what_changes_none(text: str) -> None:
    assert not changes_a_test(text)


def test_a_mode_in_a_model_s_name() -> None:
    assert mode_of_model("gpt-oss-120b (high)") == "(high)"
    assert mode_of_model("Nemotron Nano, Reasoning On") == "Reasoning On"
    assert mode_of_model("InternVL3-8B w/ VisualPRM-Bo8") == "VisualPRM"
    assert mode_of_model("InternVL3-8B Bo8") == "Bo8"
    assert mode_of_model("Ours-7B, best-of-N") == "best-of-N"
    assert mode_of_model("MathVista (mini)") == ""
    assert mode_of_model("Ours (minimal)") == "(minimal)"
    assert mode_of_model("Llama 4 Maverick") == mode_of_model("Phi-4-reasoning") == mode_of_model("a platform") == ""


def test_numbers_of_parts() -> None:
    assert counted_parts("seven languages, 250 questions") == [("seven", "seven languages"), ("250", "250 questions")]
    assert counted_parts("250 tokens") == []


def test_help_that_is_denied_is_none_and_what_else_is_denied_stays() -> None:
    assert without_denied_help("greedy, no majority voting or tools").split() == ["greedy,"]
    assert without_denied_help("no best-of-8, no CoT").replace(",", "").split() == []
    assert "template" in without_denied_help("without a chat template")
    assert "not" in without_denied_help("not with the default settings").split()
