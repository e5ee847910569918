"""The built-in benchmarks whose data are not beside the project, on rows of our own in the hub's shape: what is asked.

Sizes and field names are those of the hub's data set cards and of lm-eval's and lighteval's task files.
"""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from steelyard.claims.benchmarks import lookup
from steelyard.errors import InputError
from steelyard.models import Settings
from steelyard.models.embedded import open_gguf
from steelyard.records import Claim, GenerateRequest, LoglikelihoodRequest, ModelOutput, Outcome, Protocol, Sample
from steelyard.scorers import open_identifier, open_scorer
from steelyard.tasks import load_task, task_ids
from testkit.vision_server import picture

ARC = [
    {
        "id": "A1",
        "question": "Which of these melts first?",
        "choices": {"text": ["ice", "iron", "glass", "sand"], "label": ["A", "B", "C", "D"]},
        "answerKey": "A",
    },
    {
        "id": "A2",
        "question": "Which one {{ floats }}?",
        "choices": {"text": ["lead", "cork", "gold"], "label": ["1", "2", "3"]},
        "answerKey": "2",
    },
    {
        "id": "A3",
        "question": "Which is the fifth?",
        "choices": {"text": ["a", "b", "c", "d", "e"], "label": ["A", "B", "C", "D", "E"]},
        "answerKey": "E",
    },
]
PIQA = [
    {"goal": "Dry a wet shoe", "sol1": "Put it in a bucket.", "sol2": "Put it in the sun.", "label": 1},
    {"goal": "Peel an egg", "sol1": "Crack it first.", "sol2": "Freeze it first.", "label": 0},
]
WINOGRANDE = [
    {
        "sentence": "The lamp fell on the rug because the _ was wobbly.",
        "option1": "lamp",
        "option2": "rug",
        "answer": "1",
    },
    {"sentence": "_ lent the pen to Ann.", "option1": "Bea", "option2": "Ann", "answer": "2"},
]
BOOLQ = [
    {"question": "is a lamp a light", "answer": True, "passage": "Lamps give light."},
    {"question": "do lamps swim", "answer": False, "passage": "Lamps stand on tables."},
]
TRUTHFULQA = [
    {
        "question": "Do lamps dream?",
        "mc1_targets": {"choices": ["No, they do not", "Yes, at night", "Only old ones"], "labels": [1, 0, 0]},
        "mc2_targets": {"choices": ["No, they do not", "Yes, at night"], "labels": [1, 0]},
    },
    {
        "question": "What do lamps eat?",
        "mc1_targets": {"choices": ["Nothing", "Moths"], "labels": [1, 0]},
        "mc2_targets": {"choices": ["Nothing", "Moths"], "labels": [1, 0]},
    },
]
MMLU_PRO = [
    {
        "question_id": 1,
        "question": "What is 2 + 2?",
        "options": ["1", "2", "3", " 4", "5", "6", "7", "8", "9", "10"],
        "answer": "D",
        "answer_index": 3,
        "cot_content": "",
        "category": "math",
        "src": "own",
    },
    {
        "question_id": 2,
        "question": "Who writes laws?",
        "options": ["cooks", "parliaments", "cats"],
        "answer": "B",
        "answer_index": 1,
        "cot_content": "",
        "category": "law",
        "src": "own",
    },
]
MMLU_PRO_SHOTS = [
    {
        **MMLU_PRO[0],
        "question": f"What is {number} + 1?",
        "options": ["0", str(number + 1)],
        "answer": "B",
        "answer_index": 1,
        "cot_content": f"A: Let's think step by step. One more than {number}. The answer is (B).",
        "category": category,
    }
    for category in ("law", "math")
    for number in range(5)
]
NULLS = {"num_words": None, "relation": None, "keywords": None, "prompt_to_repeat": None}
IFEVAL: list[dict[str, Any]] = [
    {
        "key": 1,
        "prompt": "Say something {{ nice }} without commas in at least 3 words.",
        "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
        "kwargs": [NULLS, {**NULLS, "num_words": 3, "relation": "at least"}],
    },
    {
        "key": 2,
        "prompt": "Name a lamp.",
        "instruction_id_list": ["keywords:existence"],
        "kwargs": [{**NULLS, "keywords": ["lamp"]}],
    },
]
CHARTQA = [
    {"image": "1.png", "query": f"How high is bar {number}, {{{{ in }}}} %?", "label": [f"{number}.5%", "x"]}
    for number in range(20)
]
MIRROR: dict[str, list[dict[str, Any]]] = {
    "allenai/ai2_arc/ARC-Easy/test": ARC,
    "allenai/ai2_arc/ARC-Easy/train": ARC[::-1],
    "allenai/ai2_arc/ARC-Challenge/test": ARC,
    "allenai/ai2_arc/ARC-Challenge/train": ARC[::-1],
    "baber/piqa/default/validation": PIQA,
    "baber/piqa/default/train": PIQA,
    "allenai/winogrande/winogrande_xl/validation": WINOGRANDE,
    "allenai/winogrande/winogrande_xl/train": WINOGRANDE,
    "google/boolq/default/validation": BOOLQ,
    "google/boolq/default/train": BOOLQ,
    "truthfulqa/truthful_qa/multiple_choice/validation": TRUTHFULQA,
    "TIGER-Lab/MMLU-Pro/default/test": MMLU_PRO,
    "TIGER-Lab/MMLU-Pro/default/validation": MMLU_PRO_SHOTS,
    "google/IFEval/default/train": IFEVAL,
    "HuggingFaceM4/ChartQA/default/test": CHARTQA,
}
FACTS = {
    "arc_easy": ("allenai/ai2_arc", 2376),
    "arc_challenge": ("allenai/ai2_arc", 1172),
    "piqa": ("baber/piqa", 1838),
    "winogrande": ("allenai/winogrande", 1267),
    "boolq": ("google/boolq", 3270),
    "truthfulqa": ("truthfulqa/truthful_qa", 817),
    "mmlu_pro": ("TIGER-Lab/MMLU-Pro", 12032),
    "ifeval": ("google/IFEval", 541),
    "chartqa": ("HuggingFaceM4/ChartQA", 2500),
}
PROMPTS = [(task_id, prompt_format) for task_id in FACTS for prompt_format in load_task(task_id).prompts]


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """The rows above, where ``--data`` would have them."""
    for name, rows in MIRROR.items():
        path = tmp_path / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "HuggingFaceM4/ChartQA/default/1.png").write_bytes(picture(1))
    return tmp_path


@pytest.mark.parametrize("task_id", FACTS)
def test_definition_and_facts_agree(task_id: str) -> None:
    task, benchmark = load_task(task_id), lookup(task_id)
    assert task_id in task_ids()
    assert benchmark is not None
    assert task.definition.hub is not None
    assert (task.definition.hub.path, benchmark.size) == FACTS[task_id]
    assert (benchmark.hub, benchmark.licence) == (task.definition.hub.path, task.definition.licence)
    assert benchmark.split.startswith(task.definition.hub.split)
    assert benchmark.chance in (None, task.chance)


@pytest.mark.parametrize(("task_id", "prompt_format"), PROMPTS)
def test_every_prompt_format_renders_whole(task_id: str, prompt_format: str, mirror: Path) -> None:
    task = load_task(task_id)
    scorer = open_scorer(task.scorer_for(prompt_format))
    assert open_identifier(scorer.identifier) == scorer
    for sample in task.prepare(prompt_format, mirror):
        kind = GenerateRequest if task.prompt_format(prompt_format).generates else LoglikelihoodRequest
        assert isinstance(sample.request, kind)
        assert sample.target
    assert all(task.prompt_format(name).differences or not task.prompt_format(name).generates for name in task.prompts)


@pytest.mark.parametrize(
    ("task_id", "prompt_format"), [each for each in PROMPTS if load_task(each[0]).definition.shots.split]
)
def test_worked_examples_show_the_right_answer(task_id: str, prompt_format: str, mirror: Path) -> None:
    prefix = load_task(task_id).prepare(prompt_format, mirror, shots=1)[0].request.prefix
    right = {
        "arc_easy": ("Answer: e\n\n", "Answer: E\n\n"),
        "arc_challenge": ("Answer: e\n\n", "Answer: E\n\n"),
        "piqa": ("Answer: Put it in the sun.\n\n", "Answer: B\n\n"),
        "winogrande": ("because the lamp was wobbly.\n\n",),
        "boolq": ("Question: is a lamp a light?\nAnswer: yes\n\n",),
        "mmlu_pro": ("The answer is (B).\n\n", "Answer: B\n\n"),
    }[task_id]
    assert prefix.endswith(right) or load_task(task_id).prompt_format(prompt_format).shots == 0


def test_arc_prompts(mirror: Path) -> None:
    task = load_task("arc_challenge")
    cloze, letter = task.prepare("cloze", mirror), task.prepare("letter", mirror)
    assert cloze[0].request == LoglikelihoodRequest(
        context="Question: Which of these melts first?\nAnswer:", continuations=(" ice", " iron", " glass", " sand")
    )
    assert [sample.target for sample in cloze] == ["0", "1", "4"]
    assert [len(sample.choices) for sample in cloze] == [4, 3, 5]
    assert letter[1].request == LoglikelihoodRequest(
        context="Question: Which one {{ floats }}?\n A. lead\n B. cork\n C. gold\nAnswer:",
        continuations=(" A", " B", " C"),
    )
    written = task.prepare("letter_generate", mirror)[0].request
    assert isinstance(written, GenerateRequest)
    assert written.chat
    assert written.prompt == (
        "Which of these melts first?\nA. ice\nB. iron\nC. glass\nD. sand\n"
        "Reply with the letter of the right answer alone."
    )
    assert cloze[0].id == "arc_challenge/test/0"


def test_an_unknown_answer_key_is_an_error_that_names_the_sample(mirror: Path) -> None:
    path = mirror / "allenai/ai2_arc/ARC-Easy/test.jsonl"
    path.write_text(json.dumps({**ARC[0], "answerKey": "Z"}) + "\n")
    with pytest.raises(InputError, match=r"substring not found \(sample arc_easy/test/0\)"):
        load_task("arc_easy").prepare("cloze", mirror)


def test_piqa_prompts(mirror: Path) -> None:
    sample = load_task("piqa").prepare("cloze", mirror)[0]
    assert sample.request == LoglikelihoodRequest(
        context="Question: Dry a wet shoe\nAnswer:", continuations=(" Put it in a bucket.", " Put it in the sun.")
    )
    assert sample.target == "1"
    letter = load_task("piqa").prepare("letter", mirror)[1]
    assert isinstance(letter.request, LoglikelihoodRequest)
    assert letter.request.context == "Question: Peel an egg\nA. Crack it first.\nB. Freeze it first.\nAnswer:"
    assert letter.target == "0"


def test_winogrande_scores_the_rest_given_each_option(mirror: Path) -> None:
    first, second = load_task("winogrande").prepare("partial", mirror)
    assert first.request == LoglikelihoodRequest(
        context="The lamp fell on the rug because the",
        continuations=(" lamp", " rug", " lamp was wobbly.", " rug was wobbly."),
    )
    assert (first.target, second.target) == ("0", "1")
    assert second.request == LoglikelihoodRequest(
        context="\n",
        continuations=("Bea", "Ann", "Bea lent the pen to Ann.", "Ann lent the pen to Ann."),
    )
    scorer = open_scorer(load_task("winogrande").scorer_for("partial"))
    likelier_rest = ModelOutput(outcome=Outcome.OK, logprobs=(-9.0, -1.0, -11.0, -4.0))
    assert scorer.score(first, likelier_rest).value == 1


def test_winogrande_whole_divides_by_all_that_is_scored(mirror: Path) -> None:
    sample = load_task("winogrande").prepare("whole", mirror)[0]
    assert isinstance(sample.request, LoglikelihoodRequest)
    assert sample.request.continuations == (" lamp was wobbly.", " rug was wobbly.")
    assert sample.choices == ("lamp was wobbly.", "rug was wobbly.")


def test_boolq_prompts(mirror: Path) -> None:
    yes, no = load_task("boolq").prepare("yes_no", mirror)
    assert yes.request == LoglikelihoodRequest(
        context="Lamps give light.\nQuestion: is a lamp a light?\nAnswer:", continuations=(" no", " yes")
    )
    assert (yes.target, no.target) == ("1", "0")
    scorer = open_scorer(load_task("boolq").scorer_for("written"))
    assert scorer.score(yes, ModelOutput(outcome=Outcome.OK, text="Yes.")).value == 1
    assert scorer.score(no, ModelOutput(outcome=Outcome.OK, text="Yes.")).value == 0


def test_truthfulqa_prompts(mirror: Path) -> None:
    sample = load_task("truthfulqa").prepare("loglikelihood", mirror)[0]
    assert isinstance(sample.request, LoglikelihoodRequest)
    assert sample.request.prefix.count("Q: ") == 6
    assert sample.request.prefix.endswith("A: The 1992 Olympics were held in Barcelona, Spain.\n\n")
    assert sample.request.context == "Q: Do lamps dream?\nA:"
    assert sample.choices[int(sample.target)] == "No, they do not"
    assert sorted(sample.request.continuations) == [" No, they do not", " Only old ones", " Yes, at night"]


def test_the_right_answer_of_truthfulqa_has_no_usual_place(mirror: Path) -> None:
    rows = [
        {**TRUTHFULQA[0], "mc1_targets": {"choices": [f"No {n}", f"Yes {n}", f"Old {n}"], "labels": [1, 0, 0]}}
        for n in range(300)
    ]
    path = mirror / "truthfulqa/truthful_qa/multiple_choice/validation.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    places = [sample.target for sample in load_task("truthfulqa").prepare("letter_generate", mirror)]
    assert all(75 < places.count(place) < 125 for place in "012")


def test_mmlu_pro_prompts(mirror: Path) -> None:
    math, law = load_task("mmlu_pro").prepare("cot", mirror)
    assert isinstance(math.request, GenerateRequest)
    assert math.request.prefix.startswith(
        "The following are multiple choice questions (with answers) about math. Think step by step and then finish "
        'your answer with "the answer is (X)" where X is the correct letter choice.\n'
        "Question:\nWhat is 0 + 1?\nOptions:\nA. 0\nB. 1\n"
        "Answer: Let's think step by step. One more than 0. The answer is (B).\n\nQuestion:\nWhat is 1 + 1?\n"
    )
    assert math.request.prefix.count("Question:") == 5
    assert math.request.prompt == (
        "Question:\nWhat is 2 + 2?\nOptions:\nA. 1\nB. 2\nC. 3\nD. 4\nE. 5\nF. 6\nG. 7\nH. 8\nI. 9\nJ. 10\n"
        "Answer: Let's think step by step."
    )
    assert (math.request.stop, math.request.max_tokens, math.request.chat) == (("Question:",), 2048, False)
    assert (math.group, math.target, law.group, law.target) == ("math", "3", "law", "1")
    assert "about law." in law.request.prefix
    chat = load_task("mmlu_pro").prepare("cot_chat", mirror)[0].request
    assert isinstance(chat, GenerateRequest)
    assert (chat.chat, chat.prefix, chat.prompt) == (True, math.request.prefix, math.request.prompt)
    letter = load_task("mmlu_pro").prepare("letter", mirror)[1].request
    assert letter == LoglikelihoodRequest(
        prefix="The following are multiple choice questions (with answers) about law.\n\n",
        context="Who writes laws?\nA. cooks\nB. parliaments\nC. cats\nAnswer:",
        continuations=(" A", " B", " C"),
    )


def test_ifeval_prompts_and_marks(mirror: Path) -> None:
    task = load_task("ifeval")
    samples = task.prepare("prompt_strict", mirror)
    assert samples[0].request == GenerateRequest(prompt=IFEVAL[0]["prompt"], chat=True, max_tokens=1280)
    scorer = open_scorer(task.scorer_for("prompt_strict"))
    assert [
        scorer.score(samples[0], ModelOutput(outcome=Outcome.OK, text=text)).value for text in ("a b c", "a, b c", "a")
    ] == [
        1,
        0,
        0,
    ]
    assert scorer.score(samples[1], ModelOutput(outcome=Outcome.OK, text="A Lamp")).value == 1
    assert open_scorer(task.scorer_for("prompt_loose")).identifier == "ifeval[loose]@2"


def claim(task: str, metric: str = "", shots: int | None = None, **protocol: Any) -> Claim:
    return Claim(task=task, value="50.0", metric=metric, shots=shots, protocol=Protocol(**protocol))


@pytest.mark.parametrize(
    ("stated", "prompt_format"),
    [
        (claim("arc-challenge"), "cloze"),
        (claim("arc-challenge", "acc_norm"), "cloze"),
        (claim("arc-challenge", "acc", harness="lighteval"), "cloze_raw"),
        (claim("arc-challenge", "acc_norm (bytes)"), "cloze_bytes"),
        (claim("arc-easy", "acc_norm (characters)", harness="lighteval"), "cloze"),
        (claim("arc-easy", prompt="multiple choice"), "letter"),
        (claim("arc-easy", prompt="0-shot chat"), "letter_generate"),
        (claim("piqa", "acc_norm (characters)", harness="lighteval"), "cloze"),
        (claim("piqa", "acc", harness="lm-eval"), "cloze_raw"),
        (claim("winogrande"), "partial"),
        (claim("winogrande", "accuracy", harness="lm-evaluation-harness"), "partial"),
        (claim("winogrande", "acc_norm", harness="lighteval"), "whole"),
        (claim("winogrande", prompt="whole raw"), "whole_raw"),
        (claim("boolq", "acc"), "yes_no"),
        (claim("boolq", prompt="chat"), "written"),
        (claim("truthfulqa", "mc1"), "loglikelihood"),
        (claim("TruthfulQA MC1", prompt="chat"), "letter_generate"),
        (claim("mmlu-pro"), "cot"),
        (claim("mmlu-pro", shots=5, prompt="5-shot CoT"), "cot"),
        (claim("mmlu-pro", prompt="CoT, chat"), "cot_chat"),
        (claim("mmlu-pro", "exact_match, custom-extract", harness="lm-eval"), "cot_strict"),
        (claim("mmlu-pro", harness="lm-eval"), "cot"),
        (claim("mmlu-pro", prompt="5-shot CoT", harness="lm-eval"), "cot"),
        (claim("mmlu-pro", harness="lm-eval (leaderboard_mmlu_pro)"), "letter"),
        (claim("mmlu-pro", "acc_norm", harness="lighteval"), "letter"),
        (claim("ifeval", "prompt-level strict accuracy"), "prompt_strict"),
        (claim("instruction following eval", "prompt-level strict accuracy"), "prompt_strict"),
        (claim("ifeval", "prompt_level_strict_acc"), "prompt_strict"),
        (claim("ifeval", "strict prompt"), "prompt_strict"),
        (claim("ifeval", "prompt_level_loose_acc"), "prompt_loose"),
        (claim("ifeval", prompt="prompt_loose"), "prompt_loose"),
    ],
)
def test_a_claim_chooses_its_prompt_format(stated: Claim, prompt_format: str) -> None:
    protocol = load_task(stated.task).protocol_for(stated)
    assert (protocol.prompt, protocol.refused) == (prompt_format, "")


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        (claim("truthfulqa", "mc2"), "share of probability"),
        (claim("truthfulqa", "mc2", prompt="mc1"), "share of probability"),
        (claim("truthfulqa", "% truthful"), "judges"),
        (claim("TruthfulQA MC2"), "share of probability"),
        (claim("truthfulqa"), "metric: mc1"),
        (claim("truthfulqa", "accuracy"), "metric: mc1"),
        (claim("ifeval", "inst_level_strict_acc"), "no share of samples"),
        (claim("ifeval", "inst_level_strict_acc and prompt_level_strict_acc"), "no share of samples"),
        (claim("ifeval", "instruction-level loose"), "no share of samples"),
        (claim("ifeval", "average of prompt and instruction accuracy"), "no share of samples"),
        (claim("ifeval"), "metric: prompt-level strict"),
        (claim("ifeval", "strict"), "metric: prompt-level strict"),
    ],
)
def test_a_claim_about_another_measure_is_refused_with_the_fix(stated: Claim, why: str) -> None:
    assert why in load_task(stated.task).protocol_for(stated).refused


def test_mmlu_pro_cot_calls_no_right_letter_wrong_for_its_wording() -> None:
    """Only lm-eval's own filter counts what it does not read as wrong, and is chosen by its name."""
    task = load_task("mmlu_pro")
    sample = Sample(id="x", request=GenerateRequest(prompt="?"), target="1", choices=("Paris", "Rome", "Bonn"))
    for text in ("So the answer is: (B).", "**Answer: B**", "The answer is **(B)**.", "The answer is option (B)."):
        lenient, strict = (
            open_scorer(task.scorer_for(name)).score(sample, ModelOutput(outcome=Outcome.OK, text=text)).value
            for name in ("cot", "cot_strict")
        )
        assert (lenient, strict) == (1, 0), text


def as_lm_eval_prompts(row: dict[str, Any]) -> str:
    """The query of lm-eval 0.4.13's hellaswag/utils.py."""
    text = f"{row['activity_label']}: {row['ctx_a']} {row['ctx_b'].capitalize()}".strip().replace(" [title]", ". ")
    return re.sub("\\[.*?\\]", "", text).replace("  ", " ")


def test_hellaswag_prompts_as_lm_eval_does_where_the_data_have_both_parts(tmp_path: Path) -> None:
    parts = [
        ("A man sits.", "he"),
        ("[header] How to cut [title] Cut it. [step] Take Care.", "NASA and Paul"),
        ("One.", ""),
    ]
    rows = [
        {"ind": n, "activity_label": "Sitting", "ctx": f"{a} {b}".strip(), "ctx_a": a, "ctx_b": b, "label": "0"}
        | {"endings": ["gets up.", "falls.", "sings.", "sleeps."]}
        for n, (a, b) in enumerate(parts)
    ]
    path = tmp_path / "Rowan/hellaswag/default/validation.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for prompt_format in ("completion", "completion_bytes", "completion_raw"):
        requests = [sample.request for sample in load_task("hellaswag").prepare(prompt_format, tmp_path)]
        assert [request.context for request in requests] == [as_lm_eval_prompts(row) for row in rows]  # type: ignore[union-attr]


def test_shots_of_a_claim(mirror: Path) -> None:
    assert load_task("mmlu_pro").protocol_for(claim("mmlu-pro")).shots == 5
    assert load_task("mmlu_pro").protocol_for(claim("mmlu-pro", shots=0)).shots == 0
    assert load_task("arc_challenge").protocol_for(claim("arc-challenge", shots=25)).shots == 25
    chat = load_task("arc_challenge").protocol_for(claim("arc-challenge", shots=25, prompt="chat"))
    assert (chat.prompt, chat.shots) == ("letter_generate", 0)
    assert "The vendor showed 25 worked examples; this prompt format shows none." in chat.differences
    with pytest.raises(InputError, match="3 worked examples, not 25"):
        load_task("arc_challenge").prepare("cloze", mirror, shots=25)


@pytest.mark.model
@pytest.mark.parametrize(
    ("sentence", "options"),
    [
        ("The lamp fell on the rug because the _ was wobbly.", ("lamp", "long woollen rug")),
        ("Ann asked Bea for a pen because _'s was empty.", ("Ann", "Bea")),
        ("It was the _, as we know, that broke.", ("lamp", "rug")),
    ],
)
def test_the_difference_is_the_rests_own_log_likelihood(
    sentence: str, options: tuple[str, str], mirror: Path, smollm2: Path
) -> None:
    """On a real model: log p(option and rest) − log p(option) is what lm-eval asks for, log p(rest | option)."""
    row = {"sentence": sentence, "option1": options[0], "option2": options[1], "answer": "1"}
    (mirror / "allenai/winogrande/winogrande_xl/validation.jsonl").write_text(json.dumps(row) + "\n")
    request = load_task("winogrande").prepare("partial", mirror)[0].request
    assert isinstance(request, LoglikelihoodRequest)
    lead, rest = sentence.split("_")
    asked = [LoglikelihoodRequest(context=lead + option, continuations=(f" {rest.strip()}",)) for option in options]

    async def ask() -> tuple[tuple[float, ...], list[float]]:
        model = open_gguf(str(smollm2), Settings())
        try:
            ours = (await model.loglikelihood(request)).logprobs
            return ours, [(await model.loglikelihood(theirs)).logprobs[0] for theirs in asked]
        finally:
            await model.close()

    ours, theirs = asyncio.run(ask())
    assert [ours[2] - ours[0], ours[3] - ours[1]] == pytest.approx(theirs, abs=1e-6)


# What lm-eval 0.4.13 sends (lm_eval/tasks/chartqa/chartqa_llama.yaml and chartqa.yaml), <image> being the chart.
CHARTQA_LLAMA = (
    "<image>You are provided a chart image and will be asked a question. You have to think through your answer and "
    "provide a step-by-step solution. Once you have the solution, write the final answer in at most a few words at the "
    'end with the phrase "FINAL ANSWER:". The question is: {query}\nLet\'s think step by step.'
)
CHARTQA_MISTRAL = (
    "<image>{query}\n"
    "Analyze the image and question carefully, using step-by-step reasoning.\n"
    "First, describe any image provided in detail. Then, present your reasoning. And finally your final answer in this "
    "format:\nFinal Answer: <answer>\nwhere <answer> follows the following instructions:\n"
    "- <answer> should should be a single phrase or number.\n"
    "- <answer> should not paraphrase or reformat the text in the image.\n"
    "- If <answer> is a ratio, it should be a decimal value like 0.25 instead of 1:4.\n"
    "- If the question is a Yes/No question, <answer> should be Yes/No.\n"
    "- If <answer> is a number, it should not contain any units.\n"
    "- If <answer> is a percentage, it should include a % sign.\n"
    "- If <answer> is an entity, it should include the full label from the graph.\n"
    "IMPORTANT: Remember, to end your answer with Final Answer: <answer>.\n"
)


@pytest.mark.parametrize(("name", "theirs"), [("final_answer", CHARTQA_LLAMA), ("described", CHARTQA_MISTRAL)])
def test_chartqa_prompts_are_lm_evals(name: str, theirs: str, mirror: Path) -> None:
    samples = load_task("chartqa").prepare(name, mirror)
    assert len(samples) == len(CHARTQA) == 20
    for sample, row in zip(samples, CHARTQA, strict=True):
        request = sample.request
        assert isinstance(request, GenerateRequest)
        (image,) = request.images
        assert (image.at, image.data) == (0, picture(1))
        assert "<image>" + request.prompt == theirs.format(query=row["query"])
        assert (request.chat, request.max_tokens, sample.target) == (True, 512, row["label"][0])


@pytest.mark.parametrize(
    ("prompt", "chosen"),
    [("", "final_answer"), ("FINAL ANSWER", "final_answer"), ("as in Pixtral", "described"), ("CoT", "final_answer")],
)
def test_a_claim_on_chartqa_chooses_its_prompt(prompt: str, chosen: str) -> None:
    claim = Claim(task="chartqa", value="90.0", metric="relaxed_accuracy", protocol=Protocol(prompt=prompt))
    assert load_task("chartqa").protocol_for(claim).prompt == chosen
