"""A task file of one's own, from data to prompt: worked examples by split, by group, by number, by file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.records import Claim, GenerateRequest, LoglikelihoodRequest
from steelyard.tasks import DataMissing
from steelyard.tasks.definition_file import read_definition
from steelyard.tasks.task import Task

FILE = """\
id: mine
title: Mine
hub: {path: me/mine, configs: [main], split: test}
fields: {target: answer, group: subject}
shots: SHOTS
scorer: {name: exact}
prompts:
  plain:
    prefix: "{{ group }}:{% for shot in shots %} {{ shot.question }}={{ shot.answer }}{% endfor %}\\n"
    prompt: "{{ question }}="
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "me" / "mine" / "main"
    folder.mkdir(parents=True)
    rows = [{"question": f"q{n}", "answer": n, "subject": "ab"[n % 2]} for n in range(6)]
    for split in ("test", "dev"):
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path / "data"


def task(data: Path, shots: str, file: str = FILE) -> Task:
    path = data.parent / "mine.yaml"
    path.write_text(file.replace("SHOTS", shots))
    return Task(read_definition(path), path)


@pytest.mark.parametrize(
    ("shots", "prefixes"),
    [
        ("{split: dev, count: 2}", ["a: q0=0 q1=1\n", "b: q0=0 q1=1\n"]),
        ("{split: dev, count: 2, by_group: true}", ["a: q0=0 q2=2\n", "b: q1=1 q3=3\n"]),
        ("{split: dev, count: 2, pick: [5, 3]}", ["a: q5=5 q3=3\n", "b: q5=5 q3=3\n"]),
        ("{split: dev}", ["a:\n", "b:\n"]),
        ("{file: examples.yaml, count: 1}", ["a: x=1\n", "b: y=2\n"]),
    ],
)
def test_sources(data: Path, shots: str, prefixes: list[str]) -> None:
    (data.parent / "examples.yaml").write_text(
        "a: {shots: [{question: x, answer: 1}]}\nb: {shots: [{question: y, answer: 2}]}\n"
    )
    samples = task(data, shots).prepare("plain", data)
    assert [sample.request.prefix for sample in samples[:2]] == prefixes
    assert samples[0].target == "0"


def test_too_many_or_absent_examples(data: Path) -> None:
    with pytest.raises(InputError, match="has 6 worked examples of 'a', not 7"):
        task(data, "{split: dev, count: 7}").prepare("plain", data)
    with pytest.raises(DataMissing):
        task(data, "{split: absent, count: 1}").prepare("plain", data)[0]
    (data.parent / "examples.yaml").write_text("- a\n")
    with pytest.raises(InputError, match="expected a mapping"):
        task(data, "{file: examples.yaml, count: 1}").prepare("plain", data)[0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"{{ question }}="', '"{{ quest }}="', "mine.yaml: prompts.plain.prompt: 'quest' is undefined"),
        ("target: answer", "target: reply", "mine.yaml: fields.target: 'reply' is undefined"),
        ("target: answer", "target: answer, choices: question", "choices must be at least two texts"),
        ("target: answer", "target: 9, choices: '[question, subject]'", "target '9' is no index of the 2 choices"),
    ],
)
def test_rows_that_do_not_fit_name_file_key_and_sample(data: Path, old: str, new: str, said: str) -> None:
    assert old in FILE
    with pytest.raises(InputError) as caught:
        task(data, "{split: dev}", FILE.replace(old, new)).prepare("plain", data)[0]
    assert said in str(caught.value)
    assert str(caught.value).endswith("(sample mine/test/0)")


def test_an_option_that_the_generator_does_not_know(data: Path) -> None:
    generated = FILE.replace(
        "hub: {path: me/mine, configs: [main], split: test}",
        "generator: {name: products, count: 3, seed: s, options: {odd: 1}}",
    )
    with pytest.raises(InputError, match=r"mine\.yaml: generator 'products': .*odd"):
        task(data, "{}", generated).prepare("plain", data)


def test_generated_examples_can_be_picked(data: Path) -> None:
    generated = FILE.replace(
        "hub: {path: me/mine, configs: [main], split: test}", "generator: {name: products, count: 3, seed: s}"
    ).replace(", group: subject", "")
    both = task(data, "{seed: t, count: 2}", generated).prepare("plain")[0].request.prefix
    second = task(data, "{seed: t, count: 1, pick: [1]}", generated).prepare("plain")[0].request.prefix
    assert both.split()[1:][-1] == second.split()[1:][-1]


def test_the_properties_of_a_task(data: Path) -> None:
    mine = task(data, "{split: dev}")
    assert (mine.title, mine.metric, mine.public, mine.chance) == ("Mine", "accuracy", True, 0.0)
    assert repr(mine) == "Task('mine')"
    assert mine.protocol_for(Claim(task="mine", value="1", shots=3)).shots == 3


def test_the_example_of_the_handbook_works(tmp_path: Path) -> None:
    handbook = Path(__file__).parents[2] / "docs" / "adding-a-benchmark.md"
    path = tmp_path / "capitals.yaml"
    path.write_text(handbook.read_text().partition("```yaml\n")[2].partition("```")[0])
    folder = tmp_path / "me" / "capitals" / "main"
    folder.mkdir(parents=True)
    row = {"question": "{{ Peru }}?", "options": ["Lima", "Quito"], "answer": 0, "continent": "America"}
    for split in ("dev", "test"):
        (folder / f"{split}.jsonl").write_text((json.dumps(row) + "\n") * 3)
    capitals = Task(read_definition(path), path)
    cloze, letter = (capitals.prepare(prompt_format, tmp_path)[0] for prompt_format in ("cloze", "letter"))
    assert cloze.request == LoglikelihoodRequest(
        prefix="Q: {{ Peru }}?\nA: Lima\n\n" * 3, context="Q: {{ Peru }}?\nA:", continuations=(" Lima", " Quito")
    )
    assert letter.request == GenerateRequest(
        prompt="{{ Peru }}?\nA. Lima\nB. Quito\nReply with the letter alone.", chat=True, max_tokens=16
    )
    assert cloze.group == "America"
