"""What a name that no task has may have meant, by the real command and before a model is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.cli import execute
from steelyard.tasks.catalogue import near_built_in, near_to_run
from testkit.suite_files import suite_at


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    suite_at(tmp_path / "tickets")
    (tmp_path / "questions.csv").write_text("question,answer\n1 + 1?,2\n")
    return tmp_path


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("tickts", "tickts: no task has this name; did you mean 'tickets'"),
        ("question", "question: no task has this name; did you mean 'questions.csv'"),
        ("./tickts", "there is no such file or folder; did you mean 'tickets'"),
        ("mmlu_pr", "did you mean 'mmlu_pro'"),
        (
            "xyzzy-17",
            "steelyard tasks lists those that there are; a task of your own is the path of its file or folder",
        ),
        ("triviaqa", "TriviaQA is known, but has no task here"),
    ],
)
@pytest.mark.parametrize("command", [["run"], ["gate", "--at-least", "0.5"]])
def test_a_typo_is_said_before_a_model_is_opened(
    task: str, said: str, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute([command[0], task, *command[1:], "--model", "gguf:no-such-file.gguf"]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "no-such-file" not in error
    assert error.count("\n") == 1


def test_a_hostile_name_beside_it_is_one_line(folder: Path) -> None:
    (folder / "ques\x1b[31m\n.csv").write_text("")
    assert "\x1b" not in near_to_run("ques\x1b[31m\n")
    assert "\n" not in near_to_run("ques\x1b[31m\n")
    assert "did you mean" not in near_to_run("tickets", folder / "nowhere")


def test_where_built_in_tasks_alone_may_be_asked_no_file_is_near(folder: Path) -> None:
    (folder / "ticketz.csv").write_text("")
    assert "did you mean" not in near_built_in("ticketz")
    assert "did you mean 'gsm8k'" in near_built_in("gsm8")
