from __future__ import annotations

from typing import Any

import pytest

from steelyard.records import Claim, Protocol
from steelyard.tasks import load_task
from steelyard.tasks.requested import RequestedProtocol


def test_what_a_claim_states_is_taken_and_its_worked_examples_from_wherever_they_stand() -> None:
    claim = Claim(
        task="gsm8k",
        value="90",
        metric="exact_match",
        note="8-shot",
        protocol=Protocol(harness="lm-eval", prompt="CoT"),
    )
    requested = RequestedProtocol.of_claim(claim)
    assert (requested.task, requested.metric, requested.harness) == ("gsm8k", "exact_match", "lm-eval")
    assert requested.shots is None
    assert requested.stated_shots.number == 8
    assert RequestedProtocol(prompt="cot").task == ""


ALL = ("cot", "cot_chat", "cot_strict", "cot_strict_chat", "chat")
EIGHT = tuple((name, 8) for name in ALL[:4])


@pytest.mark.parametrize(
    ("fields", "formats", "usual"),
    [
        ({"protocol": Protocol(prompt="chat")}, ("chat",), ()),
        ({"protocol": Protocol(prompt="chat"), "unsourced": ("prompt",)}, ("chat", *ALL[:4]), EIGHT),
        ({"protocol": Protocol(harness="lighteval"), "metric": "qem", "unsourced": ("metric",)},
         ("cot_strict", "cot_strict_chat", "cot", "cot_chat", "chat"), (*EIGHT[2:], *EIGHT[:2])),
        ({"shots": 8}, ALL, ()),
        ({"shots": 8, "unsourced": ("shots",)}, ALL, EIGHT),
        ({"note": "8-shot", "unsourced": ("shots",)}, ALL, EIGHT),
    ],
)  # fmt: skip
def test_the_auditors_field_comes_first_and_keeps_nothing_out(
    fields: dict[str, Any], formats: tuple[str, ...], usual: tuple[tuple[str, int], ...]
) -> None:
    task, claim = load_task("gsm8k"), Claim(task="gsm8k", value="88", **fields)
    assert task.formats_for(claim) == formats
    assert task.usual_shots(claim, formats) == usual


@pytest.mark.parametrize(
    ("name", "fields", "why"),
    [
        ("gsm8k", {"metric": "maj@64", "unsourced": ("metric",)}, "needs several answers"),
        ("livecodebench", {"protocol": Protocol(subset="release_v5"), "unsourced": ("subset",)},
         "(the sheet's own subset is not on the vendor's page)"),
        ("ifeval", {"metric": "prompt-level strict", "unsourced": ("metric",)}, "metric"),
    ],
)  # fmt: skip
def test_what_is_refused_with_an_auditors_field_or_without_it_is_refused(
    name: str, fields: dict[str, Any], why: str
) -> None:
    claim = Claim(task=name, value="88", **fields)
    assert why in load_task(name).protocol_for(claim).refused
