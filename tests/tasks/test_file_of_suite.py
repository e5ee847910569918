"""A suite's items reach no address by another name of their file: of each command, nothing arrives."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import steelyard
from steelyard.cli import execute
from steelyard.errors import InputError
from steelyard.tasks.file_of_suite import check_no_suite
from testkit.fixtures import SumsServer
from testkit.suite_files import suite_at


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite that names an address where nobody is."""
    monkeypatch.chdir(tmp_path)
    items = "".join(
        json.dumps({"id": f"i{a}", "question": f"What is {a} + 3?", "answer": str(a + 3)}) + "\n" for a in range(8)
    )
    suite_at(Path("sums"), "suite: sums\nendpoints: [http://127.0.0.1:9/v1]\n", items)
    return Path("sums")


CLAIM = "model: m\nclaims:\n  - {task: samples, value: 90, unit: percent}\n"
TASK = """
id: t
title: t
file: sums/samples.jsonl
fields: {target: answer}
scorer: {name: answer}
prompts: {p: {prompt: "{{ question }}"}}
"""


@pytest.mark.parametrize(
    "command",
    [
        "run sums/samples.jsonl --model M",
        "run ./sums/../sums/samples.jsonl --model M",
        "run link.jsonl --model M",
        "run other/samples.jsonl --model M",
        "run hard.jsonl --model M",
        "run sums/dropped.jsonl --model M",
        "run sums/variants.jsonl --model M",
        "run own.yaml --model M",
        "gate sums/samples.jsonl --at-least 0.5 --model M",
        "choose sums/samples.jsonl --target 0.5 --model M --model embedded:smollm2",
        "watch begin sums/samples.jsonl --out w --model M",
        "audit claims.yaml --task sums/samples.jsonl --model M",
    ],
)
def test_no_command_asks_a_suite_by_its_file(
    suite: Path, sums_server: SumsServer, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("link.jsonl").symlink_to("sums/samples.jsonl")
    Path("other").symlink_to("sums")
    os.link("sums/samples.jsonl", "sums/hard.jsonl")
    Path("sums/dropped.jsonl").write_text("{}")
    Path("sums/variants.jsonl").write_text("{}")
    Path("claims.yaml").write_text(CLAIM)
    Path("own.yaml").write_text(TASK)
    words = command.replace("hard.jsonl", "sums/hard.jsonl").replace("M", f"openai:m@{sums_server.url}").split()
    assert execute(words) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "holds items of a suite, which go to the addresses alone that its suite.yaml names" in said
    assert "give the suite's folder, " in said
    assert not any("What is" in prompt for prompt in sums_server.asked)


def test_python_does_not_either(suite: Path, sums_server: SumsServer) -> None:
    with pytest.raises(InputError, match="give the suite's folder, sums"):
        steelyard.task_from_file(suite / "samples.jsonl")
    with pytest.raises(InputError, match="give the suite's folder, sums"):
        steelyard.run("sums/samples.jsonl", model=f"openai:m@{sums_server.url}")
    assert not any("What is" in prompt for prompt in sums_server.asked)


def test_other_files_are_questions(suite: Path, tmp_path: Path) -> None:
    (suite / "mine.jsonl").write_text((suite / "samples.jsonl").read_text())
    (tmp_path / "samples.jsonl").write_text((suite / "samples.jsonl").read_text())
    check_no_suite(suite / "mine.jsonl")  # a copy is a file of its own
    check_no_suite(tmp_path / "samples.jsonl")
    check_no_suite(tmp_path / "nothing.jsonl")
    assert len(steelyard.task_from_file(tmp_path / "samples.jsonl").prepare("question")) == 8
