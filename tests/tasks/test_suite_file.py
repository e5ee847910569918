"""What a suite's folder may hold, and the digest that names a version of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.tasks.suite_file import SAMPLES, SUITE, SuiteRows, is_suite, read_suite, suite_digest, suite_folder
from testkit.suite_files import ITEM, suite_at


def digest_of(folder: Path) -> str:
    suite = read_suite(folder)
    return suite_digest(suite, SuiteRows(folder / SAMPLES, suite).digests)


def test_a_suite_is_named_by_its_folder_or_its_file(tmp_path: Path) -> None:
    folder = suite_at(tmp_path / "sums")
    assert is_suite(folder)
    assert is_suite(folder / SUITE)
    assert not is_suite(tmp_path)
    assert suite_folder(folder) == suite_folder(folder / SUITE) == folder


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("", "the file is empty; its keys are suite, about, version"),
        ("suite: a/b\n", "a name has letters, digits"),
        ("about: x\n", "the key 'suite' is missing"),
        ("suite: sums\nendpoint: []\n", ":2: unknown key 'endpoint': did you mean 'endpoints'?"),
        ("suite: sums\nendpoints: [ftp://host]\n", "endpoints are base URLs"),
        ('suite: sums\nendpoints: ["http://user:secret@host/v1"]\n', "endpoints are base URLs"),
        ("suite: sums\nlanguage: fr\n", "Invalid enum value 'fr'"),
        ("suite: sums\nversion: 0\n", "version is at least 1"),
        ("suite: sums\nprompts: {a: {prompt: '@../x.j2'}}\n", "it must lie beside the task file"),
        ("suite: sums\nprompts: {a: {prompt: '@templates/x.j2'}}\n", "templates/x.j2: cannot be read"),
        ("suite: sums\nprompts: {a: {title: x}}\n", "prompts.a: needs either 'prompt' or both"),
        ("suite: sums\nprompts: {a: {prompt: x}}\ndefault_prompt: b\n", "default_prompt 'b' is not among"),
    ],
)
def test_what_is_wrong_in_suite_yaml_is_one_line(tmp_path: Path, yaml: str, words: str) -> None:
    with pytest.raises(InputError) as failed:
        read_suite(suite_at(tmp_path / "sums", yaml))
    assert words in str(failed.value)
    assert "\n" not in str(failed.value)
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        ("", "has no items"),
        (ITEM + ITEM, ":2: two items have the id 'a'"),
        ('{"id": "a b", "question": "x"}\n', ":1: id 'a b'"),
        ('{"id": "../a", "question": "x"}\n', ":1: id '../a'"),
        ('{"id": "a", "question": " "}\n', ":1: question is empty"),
        ('{"id": "a", "question": "x", "reply": "y"}\n', ":1: Object contains unknown field `reply`"),
        (
            '{"id": "a", "question": "x", "answer": "y", "choices": ["z", "w"]}\n',
            "answer 'y' is not one of the choices",
        ),
        ('{"id": "a", "question": "x", "answer": "y", "choices": ["y", "y"]}\n', "different texts"),
        (ITEM + '{"id": "b", "question": "x", "answer": "y", "choices": ["y", "z"]}\n', "make two suites of them"),
        ('{"id": "a", "question": "x", "history": [{"role": "system", "text": "x"}]}\n', "Invalid enum value 'system'"),
        ("[1]\n", ":1: expected a JSON object"),
    ],
)
def test_what_is_wrong_with_an_item_is_one_line(tmp_path: Path, samples: str, words: str) -> None:
    folder = suite_at(tmp_path / "sums", samples=samples)
    with pytest.raises(InputError) as failed:
        SuiteRows(folder / SAMPLES, read_suite(folder))
    assert words in str(failed.value)


def test_the_digest_names_what_is_asked_and_not_who_may_see_it(tmp_path: Path) -> None:
    other = '{"id": "b", "question": "What is 2 + 2?", "answer": "4"}\n'
    first = digest_of(suite_at(tmp_path / "a", samples=ITEM + other))
    same = [
        suite_at(tmp_path / "b", samples=other + ITEM),
        suite_at(tmp_path / "c", "suite: sums\nabout: more words\nendpoints: [http://h/v1]\n", ITEM + other),
    ]
    changed = [
        suite_at(tmp_path / "d", samples=ITEM),
        suite_at(tmp_path / "e", "suite: sums\nversion: 2\n", ITEM + other),
        suite_at(tmp_path / "f", "suite: sums\ninstruction: Be brief.\n", ITEM + other),
        suite_at(tmp_path / "g", "suite: sums\nscorer: {name: exact}\n", ITEM + other),
        suite_at(tmp_path / "h", samples=ITEM + other.replace('"4"', '"5"')),
    ]
    assert [digest_of(folder) for folder in same] == [first, first]
    assert len({first, *(digest_of(folder) for folder in changed)}) == 1 + len(changed)


def test_templates_are_files_beside_and_part_of_the_digest(tmp_path: Path) -> None:
    folder = suite_at(tmp_path / "sums", 'suite: sums\nprompts: {brief: {prompt: "@templates/brief.j2", chat: true}}\n')
    (folder / "templates").mkdir()
    (folder / "templates" / "brief.j2").write_text("Briefly: {{ question }}")
    before = digest_of(folder)
    assert read_suite(folder).prompts["brief"].prompt == "Briefly: {{ question }}"
    (folder / "templates" / "brief.j2").write_text("At length: {{ question }}")
    assert digest_of(folder) != before
