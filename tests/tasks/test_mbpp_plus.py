"""MBPP+ on made-up problems in the form in which EvalPlus publishes them, beside what its evaluator says of answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from steelyard.claims.benchmarks import lookup, without_measure
from steelyard.records import Claim, GenerateRequest, ModelOutput, Outcome, Protocol
from steelyard.scorers import open_scorer
from steelyard.tasks import load_task, resolve
from steelyard.tasks.protocol import choose_protocol
from steelyard.tasks.requested import RequestedProtocol
from steelyard.tasks.task import Samples

# The rows as EvalPlus's script writes them (tools/mbpp/to_original_fmt.py), and what evalplus 0.3.1's untrusted_check
# said of each answer (2026-11-28): [row, program, whether it passes].
FIXTURE: dict[str, Any] = json.loads((Path(__file__).parent / "mbpp_plus_by_evalplus.json").read_text())
ROWS: list[dict[str, Any]] = FIXTURE["rows"]


def of_rows(root: Path, prompt_format: str = "chat") -> Samples:
    file = root / "evalplus/mbppplus/default/test.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("".join(f"{json.dumps(each)}\n" for each in ROWS))
    return load_task("mbpp+").prepare(prompt_format, root)


def request(samples: Samples, place: int) -> GenerateRequest:
    asked = samples[place].request
    assert isinstance(asked, GenerateRequest)
    return asked


@pytest.mark.parametrize("chosen", [slice(None, None, 4), pytest.param(slice(None), marks=pytest.mark.slow)])
def test_answers_pass_where_they_pass_there(tmp_path: Path, chosen: slice) -> None:
    samples = of_rows(tmp_path)
    scorer = open_scorer(load_task("mbpp_plus").scorer_for("chat"))
    if reason := getattr(scorer, "unavailable_reason", str)():
        pytest.skip(reason)
    answers = FIXTURE["answers"][chosen]
    for place, program, passes in answers:
        score = scorer.score(samples[place], ModelOutput(outcome=Outcome.OK, text=f"Here:\n```python\n{program}```"))
        assert score.value == passes, (program, score)
    assert len(ROWS) >= 20
    assert {passes for _, _, passes in answers} == {True, False}


def test_the_message_is_evalplus_without_its_beginning_of_the_reply(tmp_path: Path) -> None:
    samples = of_rows(tmp_path)
    for place, row in enumerate(ROWS):
        words = row["prompt"].replace("https://example.org/pools/area.html", "")  # EvalPlus shows no links
        assert request(samples, place).prompt == (
            "Please provide a self-contained Python script that solves the following problem in a markdown code block:"
            f'\n```\n"""\n{words}\n{row["test_list"][0]}\n"""\n```\n'
        )


def test_a_completion_continues_the_docstring(tmp_path: Path) -> None:
    samples = of_rows(tmp_path, "completion")
    asked = request(samples, 0)
    assert asked.prompt == f'"""\n{ROWS[0]["prompt"]}\n{ROWS[0]["test_list"][0]}\n"""\n'
    assert not asked.chat
    scorer = open_scorer(load_task("mbpp_plus").scorer_for("completion"))
    if reason := getattr(scorer, "unavailable_reason", str)():
        pytest.skip(reason)
    text = '\ndef lamp_count(lamps):\n    return sum(lamps)\n\n"""\nAnother problem'
    assert scorer.score(samples[0], ModelOutput(outcome=Outcome.OK, text=text)).value == 1


@pytest.mark.parametrize(
    ("claim", "why"),
    [
        (Claim(task="MBPP+", variant="base", value="88.6", metric="pass@1"), "MBPP's own tests"),
        (Claim(task="MBPP+", value="70", protocol=Protocol(harness="lm-eval")), "lm-eval's mbpp_plus"),
        (Claim(task="MBPP+", value="70", protocol=Protocol(prompt="base model completion")), ""),
        (Claim(task="MBPP +", value="70", metric="pass@1", shots=0), ""),
    ],
)
def test_claims_about_fewer_tests_are_refused(claim: Claim, why: str) -> None:
    found = resolve(claim.task)
    assert found == "mbpp_plus"
    chosen = choose_protocol(load_task(found).definition, RequestedProtocol.of_claim(claim))
    assert (why in chosen.refused) if why else not chosen.refused


@pytest.mark.parametrize("name", ["MBPP EvalPlus (base)", "MBPP EvalPlus", "EvalPlus MBPP"])
def test_a_name_that_may_mean_the_base_tests_is_another_benchmark(name: str) -> None:
    """Llama 3's cards have 72.8 to 88.6 by that name, which no model would reach on MBPP+."""
    assert resolve(name) is None
    known = lookup(name) or lookup(without_measure(name))
    assert known is not None
    assert "(base) are not run here" in known.why_not
