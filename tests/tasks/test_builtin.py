"""The built-in benchmarks on the real data: how many samples, and exactly what is asked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from steelyard.records import Claim, GenerateRequest, LoglikelihoodRequest, ModelOutput, Outcome, Protocol, Sample
from steelyard.scorers import open_identifier, open_scorer
from steelyard.tasks import load_task, resolve, task_ids
from steelyard.tasks.shots import WorkedExamples

SIZES = {
    "gsm8k": 1319,
    "mgsm": 2750,
    "hellaswag": 10042,
    "mmlu": 14042,
    "bbh": 6511,
    "chain_sum": 300,
    "products": 300,
    "chain_sum_wide": 1000,
    "products_wide": 1000,
    "word_sequence_reversal": 300,
}
NO_SHOTS_HERE = {
    ("mgsm", "native_cot"),
    ("mgsm", "native_cot_chat"),
}  # the mirror beside the project has no training split
PROMPTS = [
    (task_id, prompt_format)
    for task_id in SIZES
    for prompt_format in load_task(task_id).prompts
    if (task_id, prompt_format) not in NO_SHOTS_HERE
]


def test_every_builtin_is_here() -> None:
    assert set(SIZES) <= set(task_ids())


@pytest.mark.parametrize("task_id", SIZES)
def test_sizes_and_stable_ids(task_id: str, shared: Path) -> None:
    samples = load_task(task_id).prepare(load_task(task_id).default_prompt, shared / "data")
    assert len(samples) == SIZES[task_id]
    assert len({sample.id for sample in samples}) == len(samples)


@pytest.mark.parametrize(("task_id", "prompt_format"), PROMPTS)
def test_every_prompt_format_renders_whole(task_id: str, prompt_format: str, shared: Path) -> None:
    task = load_task(task_id)
    samples = task.prepare(prompt_format, shared / "data")
    scorer = open_scorer(task.scorer_for(prompt_format))
    assert open_identifier(scorer.identifier) == scorer
    for sample in samples[:40]:
        kind = GenerateRequest if task.prompt_format(prompt_format).generates else LoglikelihoodRequest
        assert isinstance(sample.request, kind)
        assert sample.target
    assert samples[0].request.prefix == samples[1].request.prefix
    assert samples[-1] == samples[len(samples) - 1]


def test_gsm8k_prompt(shared: Path) -> None:
    sample = load_task("gsm8k").prepare("cot", shared / "data")[17]
    request = sample.request
    assert isinstance(request, GenerateRequest)
    assert sample.id == "gsm8k/test/17"
    assert sample.target.isdigit()
    assert request.prefix.startswith(
        "Question: Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. "
        "How many clips did Natalia sell altogether in April and May?\n"
        "Answer: Natalia sold 48/2 = <<48/2=24>>24 clips in May.\n"
        "Natalia sold 48+24 = <<48+24=72>>72 clips altogether in April and May.\n#### 72\n\nQuestion: "
    )
    assert request.prefix.count("Question: ") == request.prefix.count("#### ") == 5
    assert request.prompt.startswith("Question: ")
    assert request.prompt.endswith("\nAnswer:")
    assert (request.stop, request.max_tokens, request.chat) == (("Question:",), 256, False)


def test_hellaswag_prompt(shared: Path) -> None:
    sample = load_task("hellaswag").prepare("completion", shared / "data")[0]
    assert sample.request == LoglikelihoodRequest(
        context="Roof shingle removal: A man is sitting on a roof. he",
        continuations=(
            " is using wrap to wrap a pair of skis.",
            " is ripping level tiles off.",
            " is holding a rubik's cube.",
            " starts pulling up roofing on a roof.",
        ),
    )
    assert sample.target == "3"
    assert sample.choices[1] == "is ripping level tiles off."
    assert sample.group == ""


def test_mmlu_prompts(shared: Path) -> None:
    question = "Find the degree for the given field extension Q(sqrt(2), sqrt(3), sqrt(18)) over Q."
    letter = load_task("mmlu").prepare("letter", shared / "data")[0]
    assert letter.request == LoglikelihoodRequest(
        prefix="The following are multiple choice questions (with answers).\n\n",
        context=f"{question}\nA. 0\nB. 4\nC. 2\nD. 6\nAnswer:",
        continuations=(" A", " B", " C", " D"),
    )
    cloze = load_task("mmlu").prepare("cloze", shared / "data")[0]
    assert cloze.request == LoglikelihoodRequest(
        context=f"Question: {question}\nAnswer:", continuations=(" 0", " 4", " 2", " 6")
    )
    assert letter.target == cloze.target == "1"
    assert letter.choices == cloze.choices == ("0", "4", "2", "6")


def test_bbh_prompts(shared: Path) -> None:
    cot = load_task("bbh").prepare("cot", shared / "data")[3]
    assert isinstance(cot.request, GenerateRequest)
    assert cot.id == "bbh/boolean_expressions/3"
    assert cot.group == "boolean_expressions"
    assert cot.target == "False"
    assert cot.request.prompt == "Q: False or not ( True ) and False is\nA: Let's think step by step.\n"
    assert cot.request.prefix.startswith(
        "Evaluate the result of a random Boolean expression.\n\nQ: not ( ( not not True"
    )
    assert cot.request.prefix.count("So the answer is ") == 3
    direct = load_task("bbh").prepare("direct", shared / "data")[3]
    assert direct.request == GenerateRequest(
        prefix="Evaluate the result of a random Boolean expression.\n\n"
        "Q: not ( ( not not True ) ) is\nA: False\n\n"
        "Q: True and False and not True and True is\nA: False\n\n"
        "Q: not not ( not ( False ) ) is\nA: True\n\n",
        prompt="Q: False or not ( True ) and False is\nA:",
        stop=("\n",),
        max_tokens=48,
    )


def test_bbh_has_27_subtasks_with_three_examples_each(shared: Path) -> None:
    samples = load_task("bbh").prepare("direct", shared / "data")
    prefixes = {sample.group: sample.request.prefix for sample in samples}
    assert len(prefixes) == 27
    assert all(prefix.count("\nA: ") == 3 for prefix in prefixes.values())


def test_bbh_worked_examples_are_right_by_their_own_scorer() -> None:
    task = load_task("bbh")
    scorer = open_scorer(task.scorer_for("cot"))
    examples = WorkedExamples(task.definition, task.where, None)
    assert task.definition.hub is not None
    for config in task.definition.hub.configs:
        for row in examples.of_group(config, 3)[0]:
            sample = Sample(id="x", request=GenerateRequest(prompt=row["input"]), target=row["target"])
            assert scorer.score(sample, ModelOutput(outcome=Outcome.OK, text=row["reasoning"])).value == 1


def test_bbh_cot_calls_no_right_option_wrong_for_the_text_behind_it() -> None:
    """Most tables come from readers of their vendors' own, which take the option."""
    task = load_task("bbh")
    text = "It was Christmas.\nSo the answer is (B) 12/25/1937."
    for prompt_format, right, wrong in (("cot", None, 0), ("cot_strict", 0, 0)):
        scorer = open_scorer(task.scorer_for(prompt_format))
        of = [Sample(id="x", request=GenerateRequest(prompt="?"), target=target) for target in ("(B)", "(C)")]
        scores = [scorer.score(sample, ModelOutput(outcome=Outcome.OK, text=text)).value for sample in of]
        assert scores == [right, wrong], prompt_format
    for prompt_format in ("cot", "cot_strict"):
        assert any("lm-eval's filter" in said for said in task.definition.prompts[prompt_format].differences)


def test_the_comparison_page_counts_the_tasks() -> None:
    page = (Path(__file__).parents[2] / "docs" / "comparison.md").read_text("utf-8")
    count = sum(not name.startswith("world_") for name in task_ids())
    assert f"Steelyard has {count} for models of language and images" in page


def claim(task: str, shots: int | None = None, metric: str = "", **protocol: Any) -> Claim:
    return Claim(task=task, value="50.0", shots=shots, metric=metric, protocol=Protocol(**protocol))


@pytest.mark.parametrize(
    ("stated", "prompt_format"),
    [
        (claim("gsm8k"), "cot"),
        (claim("gsm8k", prompt="few-shot CoT"), "cot"),
        (claim("gsm8k", metric="quasi_exact_match", harness="lighteval"), "cot_strict"),
        (claim("gsm8k", prompt="zero-shot"), "chat"),
        (claim("mmlu"), "letter"),
        (claim("mmlu", prompt="cloze"), "cloze"),
        (claim("mmlu", prompt="cloze formulation (CF)", harness="lighteval"), "cloze"),
        (claim("mmlu", prompt="letter_generate"), "letter_generate"),
        (claim("hellaswag"), "completion"),
        (claim("hellaswag", metric="acc_norm"), "completion"),
        (claim("hellaswag", metric="acc_norm bytes"), "completion_bytes"),
        (claim("hellaswag", metric="acc", harness="lm-eval"), "completion_raw"),
        (claim("hellaswag", metric="accuracy"), "completion"),
        (claim("bbh"), "cot"),
        (claim("bbh", prompt="direct"), "direct"),
        (claim("bbh", prompt="answer only", harness="lighteval"), "direct"),
        (claim("bbh", prompt="chain-of-thought", harness="lighteval"), "cot"),
        (claim("bbh", harness="lm-eval (bbh_cot_fewshot)"), "cot"),
        (claim("bbh", metric="exact_match, get-answer", harness="lm-eval (bbh_cot_fewshot)"), "cot_strict"),
    ],
)
def test_a_claim_chooses_its_prompt_format(stated: Claim, prompt_format: str) -> None:
    assert load_task(stated.task).protocol_for(stated).prompt == prompt_format


def test_remaining_differences_are_listed() -> None:
    protocol = load_task("mmlu").protocol_for(claim("mmlu", prompt="our own wonderful prompt"))
    assert protocol.prompt == "letter"
    assert any("our own wonderful prompt" in sentence for sentence in protocol.differences)
    assert load_task("gsm8k").protocol_for(claim("gsm8k")).differences
    said_nothing_new = load_task("bbh").protocol_for(claim("bbh", prompt="3-shot"))
    assert said_nothing_new == load_task("bbh").protocol_for(claim("bbh"))


def test_shots_are_the_claims_where_examples_are_declared(shared: Path) -> None:
    task = load_task("gsm8k")
    assert task.protocol_for(claim("gsm8k")).shots == 5
    assert task.protocol_for(claim("gsm8k", shots=8)).shots == 8
    eight = task.prepare("cot", shared / "data", shots=8)[0].request.prefix
    assert eight.count("Question: ") == 8
    assert task.prepare("cot", shared / "data", shots=0)[0].request.prefix == ""
    hellaswag = load_task("hellaswag").protocol_for(claim("hellaswag", shots=10))
    assert (hellaswag.shots, hellaswag.confirms_only) == (10, "")
    aime = load_task("aime_2024").protocol_for(claim("aime_2024", shots=10))
    assert aime.shots == 0
    assert any("10 worked examples" in sentence for sentence in aime.differences)
    assert "none are shown here" in aime.confirms_only


@pytest.mark.parametrize(
    ("name", "task_id"),
    [
        ("GSM8K", "gsm8k"),
        ("gsm-8k", "gsm8k"),
        ("BIG-Bench Hard", "bbh"),
        ("Rowan/hellaswag", "hellaswag"),
        ("chain sum", "chain_sum"),
        ("reasoning-gym:chain_sum", "reasoning-gym:chain_sum"),
        ("MMLU-Pro", "mmlu_pro"),
        ("ARC-C", "arc_challenge"),
        ("ai2 arc easy", "arc_easy"),
        ("arc (average)", "arc"),
        ("", None),
    ],
)
def test_names_resolve(name: str, task_id: str | None) -> None:
    assert resolve(name) == task_id


def test_chance_of_bbh_is_the_mean_over_its_options(shared: Path) -> None:
    """One in the number of listed options; of two where yes or no goes unlisted; nothing for free answers."""
    free = {"dyck_languages", "multistep_arithmetic_two", "object_counting", "word_sorting"}
    task = load_task("bbh")
    shares = []
    for sample in task.prepare("direct", shared / "data"):
        assert isinstance(sample.request, GenerateRequest)
        listed = len(re.findall(r"(?m)^(?:\([A-R]\)|-) ", sample.request.prompt))
        shares.append(0.0 if sample.group in free else 1 / max(2, listed))
    assert task.chance == round(sum(shares) / len(shares), 3)


def test_chance_of_truthfulqa_is_the_mean_over_its_answers(shared: Path) -> None:
    """MC1 shows the best answer and every false one."""
    lines = (shared / "data/truthfulqa/truthful_qa/generation/validation.jsonl").read_text().splitlines()
    shares = [1 / (1 + len(json.loads(line)["incorrect_answers"])) for line in lines]
    assert len(shares) == 817
    assert load_task("truthfulqa").chance == round(sum(shares) / len(shares), 3)
