"""How many worked examples a claim states, and by which prompt formats a claim is then asked, or only confirmed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.records import Claim, Protocol
from steelyard.tasks import load_task
from steelyard.tasks.definition_file import read_definition
from steelyard.tasks.stated_shots import StatedShots, stated_shots


@pytest.mark.parametrize(
    ("number", "text", "numbers", "few"),
    [
        (None, "", (), False),
        (10, "", (10,), False),
        (None, "10-shot", (10,), False),
        (None, "acc_norm, 25 shots", (25,), False),
        (None, "native CoT, 8-shot", (8,), False),
        (None, "Zero-shot CoT", (0,), False),
        (None, "mmlu_5_shot", (5,), False),
        (None, "mbpp_3shot", (3,), False),
        (None, "few-shot", (), True),
        (4, "4-shot", (4,), False),
        (8, "CoT 0-shot", (0, 8), False),
        (None, "0-shot and 5-shot", (0, 5), False),
        (None, "8\u201112-shot", (12,), False),
        (None, "8\u2011shot", (8,), False),
        (None, "8\u2013shot", (8,), False),
        (None, "8\u200b-\u200bshot", (8,), False),
        (None, "\uff11\uff10-shot", (10,), False),
        (None, "8 -shot", (8,), False),
        (None, "shots=8", (8,), False),
        (None, "num_fewshot: 8", (8,), False),
        (None, "--num_fewshot 8", (8,), False),
        (None, "k=8", (8,), False),
        (None, "temperature 0.7, top_k=40", (), False),
        (None, "8 in-context examples", (8,), False),
        (None, "eight worked exemplars", (8,), False),
        (None, "twelve-shot", (12,), False),
        (None, "multi-shot", (), True),
        (None, "CoT with demonstrations", (), True),
        (None, "5-shot, 500 questions", (5,), False),
        (None, "Llama-3.8-shot", (), False),
        (None, "gpqa_diamond_cot_n_shot", (), False),
        (None, "screenshots, v0.5-shot-by-shot, 2024 shooting", (), False),
    ],
)
def test_what_is_stated(number: int | None, text: str, numbers: tuple[int, ...], few: bool) -> None:
    assert stated_shots(number, [text]) == StatedShots(frozenset(numbers), few)


def test_the_number_is_one_that_nothing_contradicts() -> None:
    assert stated_shots(8, ["8-shot"]).number == 8
    assert stated_shots(8, ["0-shot"]).number is None
    assert stated_shots(None, ["few-shot"]).number is None
    assert [stated_shots(number, ["few-shot"]).in_words for number in (None, 5)] == ["some", "5"]


@given(number=st.integers(0, 200), shown=st.integers(0, 200), few=st.booleans())
def test_shown_are_what_is_stated(number: int, shown: int, few: bool) -> None:
    stated = stated_shots(number, ["few-shot"] if few else [])
    assert stated.are({shown}) == (shown == number and not (few and not shown))
    assert StatedShots().are({shown})


@given(text=st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    assert all(0 <= each <= 999 for each in stated_shots(None, [text]).numbers)


def asked(
    task: str, metric: str = "", shots: int | None = None, samples: int | None = None, **protocol: Any
) -> dict[str, tuple[int, bool]]:
    """By prompt format, in which a claim is asked: the worked examples shown, and whether it may only be confirmed."""
    claim = Claim(task=task, value="50", metric=metric, shots=shots, samples=samples, protocol=Protocol(**protocol))
    found = [load_task(task).protocol_for(claim, name) for name in load_task(task).formats_for(claim)]
    return {each.prompt: (each.shots, bool(each.confirms_only)) for each in found}


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ({"task": "hellaswag", "metric": "acc_norm", "shots": 10}, {"completion": (10, False)}),
        ({"task": "hellaswag", "metric": "acc_norm", "prompt": "10-shot"}, {"completion": (10, False)}),
        ({"task": "hellaswag", "metric": "acc_norm", "prompt": "few-shot"}, {"completion": (0, True)}),
        ({"task": "hellaswag", "prompt": "letter", "shots": 10}, {"letter_generate": (0, True)}),
        ({"task": "gpqa_diamond", "prompt": "chat", "shots": 5}, {"chat": (0, True)}),
        ({"task": "gpqa_diamond", "prompt": "chat", "shots": 0}, {"chat": (0, False)}),
        ({"task": "math", "shots": 4}, {"chat": (0, True), "minerva": (4, False), "minerva_chat": (4, False)}),
        ({"task": "math", "shots": 5}, {"chat": (0, True), "minerva": (4, True), "minerva_chat": (4, True)}),
        ({"task": "math", "prompt": "4-shot CoT"}, {"minerva": (4, False), "minerva_chat": (4, False)}),
        ({"task": "math", "prompt": "0-shot CoT", "samples": 5000}, {"chat": (0, False)}),
        (
            {"task": "math", "prompt": "CoT", "samples": 5000},
            {"chat": (0, False), "minerva": (4, False), "minerva_chat": (4, False)},
        ),
        ({"task": "math", "prompt": "4-shot chat"}, {"chat": (0, True)}),
        (
            {"task": "mgsm", "samples": 2750, "prompt": "native CoT, 8-shot", "shots": 8},
            {"native_cot": (8, False), "native_cot_chat": (8, False)},
        ),
        (
            {"task": "mgsm", "samples": 2750, "prompt": "native CoT, 6-shot"},
            {"native_cot": (6, False), "native_cot_chat": (6, False)},
        ),
        (
            {"task": "mgsm", "samples": 2750, "harness": "lm-eval (mgsm_native_cot)", "shots": 8},
            {"native_cot": (8, False), "native_cot_chat": (8, False)},
        ),
        (
            {"task": "mgsm", "samples": 2750, "shots": 8},
            {
                "native_chat": (0, True),
                "native_cot": (8, False),
                "native_cot_chat": (8, False),
                "english_chat": (0, True),
            },
        ),
        ({"task": "mgsm", "prompt": "native_chat", "shots": 8}, {"native_chat": (0, True)}),
        (
            {"task": "mgsm", "prompt": "CoT 0-shot", "shots": 8},
            {"native_chat": (0, True), "english_chat": (0, True)},
        ),
        ({"task": "mmlu", "prompt": "letter", "shots": 10}, {"letter": (5, True)}),
        ({"task": "truthfulqa", "metric": "mc1, acc", "harness": "lm-eval", "shots": 0}, {"loglikelihood": (0, False)}),
        ({"task": "truthfulqa", "metric": "mc1, acc", "harness": "lm-eval", "shots": 6}, {"loglikelihood": (0, False)}),
        ({"task": "truthfulqa", "metric": "mc1, acc", "harness": "lm-eval", "shots": 5}, {"loglikelihood": (0, True)}),
        ({"task": "bbh", "prompt": "cot", "shots": 5}, {"cot": (3, True), "cot_chat": (3, True)}),
        ({"task": "chain_sum", "prompt": "completion", "shots": 5}, {"completion": (5, False)}),
    ],
)
def test_with_how_many_a_claim_is_asked(claim: dict[str, Any], expected: dict[str, tuple[int, bool]]) -> None:
    assert asked(**claim) == expected


def test_a_run_of_ones_own_gets_what_it_asks_for() -> None:
    assert load_task("mmlu").protocol_of("letter", 7).shots == 7  # which its data refuse, in one line
    assert load_task("gpqa_diamond").protocol_of("chat", 5).confirms_only == ""


def test_an_entry_of_confirms_only_needs_words(tmp_path: Path) -> None:
    path = tmp_path / "lamps.yaml"
    path.write_text(
        "id: lamps\nhub: {path: me/lamps, configs: [main], split: test}\nfields: {target: answer}\n"
        'scorer: {name: exact}\nprompts: {plain: {prompt: "{{ question }}"}}\n'
        "confirms_only: [{why: because, unless: [mean]}]\n"
    )
    with pytest.raises(InputError, match="'confirms_only' needs 'words'"):
        read_definition(path)
    path.write_text(path.read_text().replace("unless: [mean]", "words: [mean], unless: [overall]"))
    from steelyard.tasks.protocol import choose_protocol
    from steelyard.tasks.requested import RequestedProtocol

    for metric, why in (("mean", "because"), ("mean overall", ""), ("", "")):
        requested = RequestedProtocol(task="lamps", metric=metric)
        assert choose_protocol(read_definition(path), requested).confirms_only == why
