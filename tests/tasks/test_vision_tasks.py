"""MMMU, MMMU-Pro, DocVQA and MathVista on rows of our own in the hub's shape: what is asked, beside the references."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from steelyard.claims.benchmarks import lookup
from steelyard.errors import InputError
from steelyard.records import Claim, GenerateRequest, ModelOutput, Outcome, Protocol, Sample
from steelyard.scorers import open_identifier, open_scorer
from steelyard.tasks import load_task, task_ids
from testkit.vision_server import number_in, picture

# Rows that are made up and the parts of the message, texts and numbers of images, from the converters of Meta's harness
# (llama-verifications: mmmu step_by_step, docvqa exact_text), lmms-eval (direct, phrase) and MMMU-Pro's own script.
REFERENCE: dict[str, list[dict[str, Any]]] = json.loads((Path(__file__).parent / "vision_prompts.json").read_text())
PLACES = {
    "mmmu": [f"MMMU/MMMU/{name}/validation" for name in load_task("mmmu").definition.hub.configs],  # type: ignore[union-attr]
    "mmmu_pro": ["MMMU/MMMU_Pro/standard (10 options)/test", "MMMU/MMMU_Pro/vision/test"],
    "docvqa": ["lmms-lab/DocVQA/DocVQA/validation"],
    "mathvista": ["AI4Math/MathVista/default/testmini"],
}
FORMATS = [(task, name) for task in PLACES for name in load_task(task).prompts]
HINT = "Hint: Please answer the question requiring an integer answer and provide the final value, e.g., 1, at the end."
KINDS: list[dict[str, Any]] = [
    {"question_type": "free_form", "answer_type": "integer", "answer": "7", "precision": None, "choices": None},
    {"question_type": "free_form", "answer_type": "float", "answer": "1.5", "precision": 1.0, "choices": []},
    {"question_type": "multi_choice", "answer_type": "text", "answer": "two", "choices": ["one", "two"]},
]
MATHVISTA: list[dict[str, Any]] = [
    {
        "pid": str(number),
        "question": f"How many {{{{ }}}} of {number}?",
        "query": f"{HINT}\nQuestion: How many {{{{ }}}} of {number}?",
        "image": "images/1.jpg",
        "decoded_image": "1.png",
        "unit": "",
    }
    | KINDS[number % 3]
    for number in range(24)
]


def put(mirror: Path, place: str, rows: list[dict[str, Any]]) -> None:
    file = mirror / f"{place}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for number in range(1, 8):
        (file.parent / f"{number}.png").write_bytes(picture(number))


def rows_of(task: str) -> list[dict[str, Any]]:
    """The rows of the reference, with the columns of images that the hub has."""
    if task == "mathvista":
        return MATHVISTA
    several = {f"image_{number}": f"{number}.png" for number in range(1, 8)}
    rows = [each["row"] for each in REFERENCE[task]]
    if task == "docvqa":
        return [row | {"image": "1.png"} for row in rows]
    return [row | (several if "question" in row else {"image": "1.png"}) for row in rows]


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mirror")
    for task, places in PLACES.items():
        rows = rows_of(task)
        parts = [[row for row in rows if "question" in row], [row for row in rows if "question" not in row]]
        for place, part in zip(places, parts if task == "mmmu_pro" else [rows] + [rows[:1]] * 29, strict=False):
            put(folder, place, part)
    return folder


def parts_of(sample: Sample) -> list[str | int]:
    """A message as its parts: texts, and the numbers that its pictures show."""
    request = sample.request
    assert isinstance(request, GenerateRequest)
    assert request.chat
    parts: list[str | int] = []
    begun = 0
    for image in request.images:
        parts += [request.prompt[begun : image.at], number_in(image.data)]
        begun = image.at
    return [*parts, request.prompt[begun:]]


@pytest.mark.parametrize(("task", "prompt"), [each for each in FORMATS if each[0] != "mathvista"])
def test_the_message_is_that_of_the_reference(task: str, prompt: str, mirror: Path) -> None:
    samples, cases = load_task(task).prepare(prompt, mirror), REFERENCE[task]
    assert len(cases) >= 20
    for sample, case in zip(samples, cases, strict=False):
        assert [part for part in parts_of(sample) if part != ""] == [part for part in case[prompt] if part != ""]


def test_mathvista_asks_the_data_sets_own_query(mirror: Path) -> None:
    samples = load_task("mathvista").prepare("query", mirror)
    assert len(samples) >= 20
    assert [parts_of(sample) for sample in samples] == [["", 1, row["query"]] for row in MATHVISTA]
    assert [sample.choices for sample in samples[:3]] == [(), (), ("one", "two")]
    assert json.loads(samples[1].target) == {"answer": "1.5", "type": "float", "precision": 1}
    assert (json.loads(samples[0].target)["precision"], samples[2].target) == (0, "1")


@pytest.mark.parametrize(("task", "prompt"), FORMATS)
def test_the_right_answer_scores(task: str, prompt: str, mirror: Path) -> None:
    scorer = open_scorer(load_task(task).scorer_for(prompt))
    assert open_identifier(scorer.identifier) == scorer
    for sample in load_task(task).prepare(prompt, mirror):
        right = f"({'ABCDEFGHIJ'[int(sample.target)]})" if sample.choices else sample.target
        if not sample.choices and task in ("docvqa", "mathvista"):
            found = json.loads(sample.target)
            right = found[0] if task == "docvqa" else found["answer"]
        assert scorer.score(sample, ModelOutput(outcome=Outcome.OK, text=right)).value == 1.0, sample.id
    assert load_task(task).prompt_format(prompt).differences


@pytest.mark.parametrize("task", PLACES)
def test_facts_agree_with_what_is_known(task: str) -> None:
    definition, known = load_task(task).definition, lookup(task)
    assert task in task_ids()
    assert known is not None
    assert definition.hub is not None
    assert definition.items is not None
    assert (known.hub, known.licence) == (definition.hub.path, definition.licence)
    size = known.size * 2 if known.per and known.size else known.size
    assert (size == definition.items.count) is (task != "docvqa")  # its usual claim is about the split test


def test_groups_and_kinds_of_questions(mirror: Path) -> None:
    samples = load_task("mmmu").prepare("step_by_step", mirror)
    assert {sample.group for sample in samples} == set(load_task("mmmu").definition.hub.configs)  # type: ignore[union-attr]
    assert (samples[3].choices, samples[3].target) == ((), "3")
    pro = load_task("mmmu_pro").prepare("cot", mirror)
    assert {sample.group for sample in pro} == {"standard (10 options)", "vision"}
    assert {len(sample.choices) for sample in pro} == {10}


def test_an_image_that_a_question_shows_and_the_row_has_not_is_an_error(tmp_path: Path) -> None:
    row = {key: value for key, value in rows_of("mmmu")[0].items() if key != "image_1"}
    for place in PLACES["mmmu"]:
        put(tmp_path, place, [row])
    with pytest.raises(InputError, match=r"the row has no image in 'image_1' \(sample mmmu/Accounting/0\)"):
        load_task("mmmu").prepare("direct", tmp_path)


def test_options_that_are_no_list_are_an_error_that_names_the_sample(tmp_path: Path) -> None:
    for place in PLACES["mmmu"]:
        put(tmp_path, place, [rows_of("mmmu")[0] | {"options": "__import__('os')"}])
    with pytest.raises(InputError, match=r"no list in Python's form.*\(sample mmmu/Accounting/0\)"):
        load_task("mmmu").prepare("direct", tmp_path)


def test_the_hubs_own_parquet_files(tmp_path: Path) -> None:
    """Its images are bytes with a name, and null where a question has fewer."""
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    kind = arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())])
    row = rows_of("mmmu")[0]
    shown = {f"image_{number}": {"bytes": picture(number), "path": "/etc/x.png"} for number in (1, 2)}
    row |= {f"image_{number}": None for number in range(1, 8)} | shown
    kinds = {name: kind if name.startswith("image_") else arrow.string() for name in row}
    for place in PLACES["mmmu"]:
        file = tmp_path / f"{place}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(arrow.Table.from_pylist([row] * 2, schema=arrow.schema(kinds.items())), file)
    samples = load_task("mmmu").prepare("step_by_step", tmp_path)
    wanted = [part for part in REFERENCE["mmmu"][0]["step_by_step"] if part != ""]
    assert [part for part in parts_of(samples[0]) if part != ""] == wanted
    assert len(samples) == 60


def claim(task: str, subset: str = "", **more: Any) -> Claim:
    return Claim(task=task, value="50.0", protocol=Protocol(subset=subset), **more)


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        (claim("docvqa"), "test split are not public"),
        (claim("docvqa", "test"), "test split are not public"),
        (claim("docvqa test"), "test split are not public"),
        (claim("docvqa", variant="test and validation"), "test split are not public"),
        (Claim(task="docvqa", value="90", protocol=Protocol(prompt="phrase")), "test split are not public"),
        (claim("docvqa", "validation"), ""),
        (claim("docvqa val"), ""),
        (claim("docvqa", "first half of validation"), "a part of the benchmark"),
        (claim("mmmu"), ""),
        (claim("mmmu", "val"), ""),
        (claim("mmmu", "test"), "a part of the benchmark"),
        (claim("mmmu", variant="test"), "not public"),
        (claim("mathvista", variant="test, CoT"), "not public"),
        (claim("mathvista", variant="testmini"), ""),
        (Claim(task="mathvista", value="50", protocol=Protocol(prompt="CoT")), ""),
        (claim("mmmu", "Art and Music"), "a part of the benchmark"),
        (claim("mmmu-pro"), ""),
        (claim("mmmu-pro", "Standard and Vision"), ""),
        (claim("mmmu-pro", "average of Standard (10 options) and Vision"), ""),
        (claim("mmmu-pro", "Standard (4 options) and Vision"), "a part of the benchmark"),
        (claim("mmmu-pro", "Vision"), "a part of the benchmark"),
        (claim("mmmu-pro", variant="vision"), "the average of Standard (10 options) and Vision"),
        (claim("mathvista", "testmini"), ""),
        (claim("mathvista", "test"), "a part of the benchmark"),
        (claim("mgsm", "bn de en es fr ja ru sw te th zh"), ""),
        (claim("mgsm", "bn and de"), "a part of the benchmark"),
    ],
)
def test_what_a_claim_may_be_about(stated: Claim, why: str) -> None:
    refused = load_task(stated.task).protocol_for(stated).refused
    assert refused.count(why) == 1 if why else refused == ""


def test_a_run_without_a_claim_measures_docvqa(mirror: Path) -> None:
    assert load_task("docvqa").protocol_of().refused == ""
    assert len(load_task("docvqa").prepare("exact_text", mirror)) == 20


def test_the_prompt_of_one_vendor_is_asked_where_a_claim_says_so() -> None:
    task = load_task("mathvista")
    assert task.formats_for(claim("mathvista")) == ("query",)
    cot, mistral = (Claim(task="mathvista", value="50", protocol=Protocol(prompt=each)) for each in ("CoT", "mistral"))
    assert (task.formats_for(cot), task.formats_for(mistral)) == (("query", "described"), ("described",))
