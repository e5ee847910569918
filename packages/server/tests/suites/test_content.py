from __future__ import annotations

from pathlib import Path

import pytest

from packages.server.tests.suites.yard import make_suite
from steelyard.errors import InputError
from steelyard_server.suites.content import is_suite_file, suite_files


@pytest.mark.parametrize(
    "name",
    ["../x", "/etc/passwd", "a/b/c", ".git", "templates/.x", "keys/a.age", "a\0b", "ä.yaml", "", "a/", "x" * 200],
)
def test_no_name_leads_elsewhere_and_no_key_is_taken(name: str) -> None:
    assert not is_suite_file(name)


def test_what_a_suite_is_made_of_leaves_and_nothing_else(tmp_path: Path) -> None:
    folder = make_suite(tmp_path / "s")
    for name in (
        "templates/brief.j2",
        "graders/g.yaml",
        "answer.json",
        "review.html",
        "notes.txt",
        ".git/config",
        "old/x",
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    assert suite_files(folder) == ["answer.json", "graders/g.yaml", "samples.jsonl", "suite.yaml", "templates/brief.j2"]


def test_an_encrypted_suite_and_a_strange_name_are_one_line(tmp_path: Path) -> None:
    folder = make_suite(tmp_path / "s")
    (folder / "templates").mkdir()
    (folder / "templates" / "the brief.j2").write_text("x")
    with pytest.raises(InputError, match=r"'templates/the brief\.j2' cannot be sent"):
        suite_files(folder)
    (folder / "samples.vault.jsonl").write_text("{}")
    with pytest.raises(InputError, match="is encrypted, and a platform has no key"):
        suite_files(folder)
