"""Task files: an error is one line, with the file, the line and the nearest known key."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.tasks.builtin import FOLDER
from steelyard.tasks.definition_file import read_definition
from steelyard.tasks.task import Task

GOOD = """\
id: mine
title: Mine
hub: {path: me/mine, configs: [main], split: test}
fields: {target: answer}
scorer: {name: exact, casefold: true}
prompts:
  plain:
    prompt: "{{ question }}"
    stop: ["\\n"]
  more:
    like: plain
    words: [longer]
    max_tokens: 512
"""


def read(folder: Path, text: str) -> str:
    """The error that a file gives."""
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_definition(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


def test_a_good_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD)
    definition = read_definition(path)
    assert definition.default_prompt == "plain"
    assert definition.scorer == {"name": "exact", "casefold": True}
    more = definition.prompts["more"]
    assert (more.prompt, more.stop, more.max_tokens, more.words) == ("{{ question }}", ("\n",), 512, ("longer",))
    assert more.generates


def test_a_message_takes_over_no_stop_strings_of_a_completion(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD.replace("words: [longer]", "words: [longer]\n    chat: true"))
    more = read_definition(path).prompts["more"]
    assert (more.prompt, more.stop, more.chat) == ("{{ question }}", (), True)


def test_a_file_of_format_1_is_read_as_the_same_task(tmp_path: Path) -> None:
    """It calls the prompt formats cells."""
    new, old = tmp_path / "mine.yaml", tmp_path / "old.yaml"
    new.write_text(GOOD.replace("prompts:", "default_prompt: more\nprompts:"))
    old.write_text(GOOD.replace("prompts:", "default_cell: more\ncells:"))
    assert read_definition(old) == read_definition(new)
    assert read_definition(old).default_prompt == "more"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("title:", "titel:", ":2: unknown key 'titel': did you mean 'title'?"),
        ("    prompt:", "    promt:", ":8: unknown key 'promt': did you mean 'prompt'?"),
        ("max_tokens: 512", "zzz: 512", ":13: unknown key 'zzz': known keys: like, "),
        ("max_tokens: 512", "max_tokens: many", ":13: "),
        ("max_tokens: 512", "max_tokens: 0", "max_tokens must be at least 1"),
        ("max_tokens: 512", "next_tokens: 21", "next_tokens is a number from 1 to 20, beside a 'prompt'"),
        ("max_tokens: 512", "max_tokens: [1]", ":13: expected one value here"),
        ('stop: ["\\n"]', "stop: {a: b}", ":9: expected a list here"),
        ('stop: ["\\n"]', "stop: x", ":9: expected a list here"),
        ("fields: {target: answer}", "fields: answer", ":4: expected keys and values (target"),
        ("fields: {target: answer}", "fields: {}", ":4: "),
        ("like: plain", "like: plane", "like must name a prompt format"),
        ("like: plain", "like: more", "like must name a prompt format"),
        ('prompt: "{{ question }}"', "context: x", "needs either 'prompt' or both"),
        (
            "hub: {path",
            "generator: {name: x, count: 1, seed: s}\nhub: {path",
            "exactly one of 'hub', 'generator' and 'file'",
        ),
        ("configs: [main]", "configs: []", "at least one configuration"),
        ("prompts:", "default_prompt: none\nprompts:", "default_prompt 'none' is not one of: plain, more"),
        ("prompts:", "chance: 1.5\nprompts:", "chance is a fraction"),
        ("prompts:", "shots: {split: a, seed: b}\nprompts:", "one of 'split', 'seed' and 'file'"),
        ("id: mine", "id: &x mine", ":1: "),
        ("id: mine", "id: *x", ":1: "),
        ("id: mine", "id: mine\nid: mine", ":2: "),
        ("id: mine", "id: !!python/name:os.system", ":1: "),
        ("id: mine", "id: [", ""),
    ],
)
def test_an_error_names_its_line(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in GOOD
    message = read(tmp_path, GOOD.replace(old, new, 1))
    assert expected in message


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "text\n", "id: x\n", "\t", "prompts: {}", "\x07"])
def test_files_that_are_no_task(tmp_path: Path, text: str) -> None:
    read(tmp_path, text)


def test_binary_huge_and_absent_files(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    for data in (b"\xff\xfe\x00", b"a" * 4_000_001):
        path.write_bytes(data)
        with pytest.raises(InputError):
            read_definition(path)
    with pytest.raises(InputError):
        read_definition(tmp_path / "absent.yaml")
    with pytest.raises(InputError):
        read_definition(tmp_path)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cut=st.integers(0, 4000), junk=st.text(max_size=8), name=st.sampled_from(["gsm8k", "mmlu", "chain_sum"]))
def test_a_damaged_file_is_read_or_refused_in_one_line(tmp_path: Path, cut: int, junk: str, name: str) -> None:
    text = (FOLDER / f"{name}.yaml").read_text()
    path = tmp_path / "damaged.yaml"
    path.write_text(text[:cut] + junk + text[cut + 3 :], encoding="utf-8", errors="replace")
    message = ""
    try:
        read_definition(path)
    except InputError as error:
        message = str(error)
    assert "\n" not in message


OWN = """
id: tickets
title: Tickets
public: false
file: data/tickets.csv
fields: {question: ticket, target: answer}
scorer: {name: answer}
prompts:
  ask: {prompt: "Sort this ticket: {{ ticket }}", chat: true}
"""


def test_a_task_file_may_name_a_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "tickets.csv").write_text("ticket;answer\nMy bill is wrong;billing\n")
    (tmp_path / "tickets.yaml").write_text(OWN)
    path = tmp_path / "tickets.yaml"
    (sample,) = Task(read_definition(path), path).prepare("ask")
    assert (sample.request.prompt, sample.target) == ("Sort this ticket: My bill is wrong", "billing")  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret.csv", "data/../../secret.csv", "link.csv"])
def test_and_no_other_one(name: str, tmp_path: Path) -> None:
    """A stranger's task file must not have my files sent to a model."""
    (tmp_path / "secret.csv").write_text("ticket,answer\na,b\n")
    folder = tmp_path / "task"
    folder.mkdir()
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    path = folder / "tickets.yaml"
    path.write_text(OWN.replace("data/tickets.csv", name))
    with pytest.raises(InputError, match="must lie beside the task file"):
        Task(read_definition(path), path).prepare("ask")


def test_a_file_and_a_hub_are_two_sources(tmp_path: Path) -> None:
    path = tmp_path / "tickets.yaml"
    path.write_text(OWN + "hub: {path: a, configs: [b], split: c}\n")
    with pytest.raises(InputError, match="exactly one of 'hub', 'generator' and 'file'"):
        read_definition(path)


HUB = """
id: lamps
hub: {path: me/lamps, configs: [%s], split: %s}
fields: {target: answer, choices: "options if options else none"}
scorer: {name: mmmu}
prompts: {plain: {prompt: "{{ question }}", chat: true}}
"""


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("standard (10 options)", True), ("en-US", True), ("a", True), ("../up", False), ("a/b", False), ("a ", False),
        (" a", False), ("(a)", False), ("a..b", False), ("a\nb", False),
    ],
)  # fmt: skip
def test_names_of_configurations(name: str, is_one: bool, tmp_path: Path) -> None:
    path = tmp_path / "lamps.yaml"
    path.write_text(HUB % (json.dumps(name), "test"))
    if is_one:
        read_definition(path)
    else:
        with pytest.raises(InputError, match=r"hub\.configs: .* is no name of the hub's"):
            read_definition(path)


def test_a_withheld_split_needs_one_that_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "lamps.yaml"
    path.write_text(
        "id: l\nfile: l.csv\nwithheld: {split: test, why: kept}\nfields: {target: a}\nscorer: {name: exact}\n"
        'prompts: {plain: {prompt: "{{ q }}"}}\n'
    )
    with pytest.raises(InputError, match=r"withheld needs hub\.split"):
        read_definition(path)


def test_a_row_without_choices_is_an_open_question_where_the_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "lamps.yaml"
    path.write_text(HUB % ("main", "test"))
    rows = tmp_path / "me" / "lamps" / "main" / "test.jsonl"
    rows.parent.mkdir(parents=True)
    rows.write_text(
        '{"question": "a?", "options": ["x", "y"], "answer": 1}\n{"question": "b?", "options": [], "answer": "z"}\n'
    )
    first, second = Task(read_definition(path), path).prepare("plain", tmp_path)
    assert (first.choices, first.target, second.choices, second.target) == (("x", "y"), "1", (), "z")


LAMPS = """
id: lamps
hub: {path: me/lamps, files: [one.json, two.json], answers: [right/one.json, ""]}
fields: {target: answer.colour}
subsets:
  - {name: one, rows: 2, parts: [[one]]}
  - {name: two, rows: 1, parts: [[two]]}
scorer: {name: exact}
prompts: {plain: {prompt: "{{ question }}", chat: true, system_template: "Lamps of {{ shop }}."}}
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (', ""]', "]", "hub.answers name a file for each of hub.files"),
        ("right/one.json", "../one.json", "is no name of the hub's"),
        ("right/one.json", "/one.json", "is no name of the hub's"),
        ("  - {name: two, rows: 1, parts: [[two]]}\n", "", "subsets are one for each of hub.files"),
        ("name: two", "name: one", "subsets are one for each of hub.files"),
        ("{{ shop }}", "{{ shop", "system_template"),
    ],
)
def test_files_with_answers_of_their_own(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "lamps.yaml"
    path.write_text(LAMPS)
    folder = tmp_path / "data" / "me" / "lamps"
    (folder / "right").mkdir(parents=True)
    (folder / "one.json").write_text(
        '{"id": 1, "question": "q", "shop": "A"}\n{"id": 2, "question": "r", "shop": "B"}\n'
    )
    (folder / "right" / "one.json").write_text('{"id": 1, "colour": "red"}\n{"id": 2, "colour": "blue"}\n')
    samples = Task(read_definition(path), path).prepare("plain", tmp_path / "data", window="one")
    assert [(each.target, each.group) for each in samples] == [("red", "one"), ("blue", "one")]
    assert [each.request.system for each in samples] == ["Lamps of A.", "Lamps of B."]  # type: ignore[union-attr]
    path.write_text(LAMPS.replace(old, new))
    with pytest.raises(InputError, match=re.escape(said)):
        Task(read_definition(path), path).prepare("plain", tmp_path / "data", window="one")


@pytest.mark.parametrize("count", [-1, 0, 100_001, 100_000_000])
def test_a_generator_makes_a_bounded_number_of_items(tmp_path: Path, count: int) -> None:
    """All are made before the first is asked."""
    (hub,) = [line for line in GOOD.splitlines() if line.startswith("hub:")]
    text = GOOD.replace(hub, f"generator: {{name: chain_sum, count: {count}, seed: s}}")
    assert "generator.count must be from 1 to 100,000" in read(tmp_path, text)
