"""``steelyard suite review``: in a real terminal, and its errors; the page is tested in a browser."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from steelyard.cli import execute
from steelyard.suites.encrypting import new_identity
from steelyard.suites.review_file import FORMAT
from steelyard.tasks.suite_task import task_from_suite
from testkit.suite_files import suite_at

LINES = "".join(
    f'{{"id": "q{each}", "question": "What is {each} + 1?", "answer": "{each + 1}"}}\n' for each in range(4)
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return suite_at(tmp_path / "sums", "suite: sums\n", LINES)


def in_terminal(folder: Path, *keys: bytes) -> tuple[int, str]:
    """Review in a terminal of its own; each key is pressed when what comes before it was answered."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "steelyard", "suite", "review", str(folder), "--reviewer", "Ada"]
    environment = {**os.environ, "COLUMNS": "80", "EDITOR": "", "VISUAL": ""}
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
    )
    os.close(slave)
    said = b""
    for key, prompt in zip(keys, [b"q quit", *[b""] * len(keys)], strict=False):
        seen = len(said)
        while prompt not in said[seen:] or not said[seen:]:
            said += os.read(master, 4096)
        time.sleep(0.2)
        os.write(master, key)
    while True:
        try:
            data = os.read(master, 4096)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        said += data
    os.close(master)
    return process.wait(timeout=60), said.decode()


def test_in_a_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = in_terminal(folder, b"k", b"d", b"2\r", b"q")
    assert code == 0
    assert "item 3 of 4, 2 reviewed, 2 left" in said
    assert "reviewed 1 of 3; 1 dropped" in said
    assert [json.loads(line)["id"] for line in (folder / "samples.jsonl").read_text().splitlines()] == [
        "q0",
        "q2",
        "q3",
    ]
    assert execute(["suite", "show", str(folder)]) == 0
    assert "  reviewed   1 of 3 items\n" in capsys.readouterr().out
    assert execute(["suite", "show", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["reviewed"] == 1


def test_ctrl_c_changes_nothing_yet_and_a_page_applies_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = in_terminal(folder, b"k", b"d", b"1\r", b"\x03")
    assert code == 130
    assert "the suite is not changed yet" in " ".join(said.split())
    assert (folder / "samples.jsonl").read_text() == LINES
    page = folder.parent / "page.html"
    assert execute(["suite", "review", str(folder), "--html", str(page)]) == 0
    assert "reviewed 1 of 3; 1 dropped" in capsys.readouterr().out
    assert "3 items" in page.read_text()


def saved(folder: Path, digest: str, **parts: object) -> Path:
    path = folder.parent / "review.json"
    changes = [{"item": "q1", "decision": "drop", "reason": "No."}, {"item": "q2", "decision": "edit", "answer": "3!"}]
    path.write_text(json.dumps({"format": FORMAT, "suite": digest, "reviewer": "Bo", "changes": changes, **parts}))
    return path


def test_a_saved_file_is_applied_to_its_version_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(folder, task_from_suite(folder).suite)
    assert execute(["suite", "review", str(folder), "--apply", str(path)]) == 0
    assert capsys.readouterr().out == f"{folder}: reviewed 1 of 3; 1 edited, 1 dropped\n"
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert json.loads(before["review.jsonl"].splitlines()[0])["by"] == "Bo"
    assert execute(["suite", "review", str(folder), "--apply", str(path)]) == 2
    assert "is about another version of the suite" in capsys.readouterr().err
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_answers_that_are_missing_can_be_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Such a suite cannot be asked, and reviewing it is how it gets there."""
    (folder / "samples.jsonl").write_text(LINES + '{"id": "q9", "question": "When do you open?"}\n')
    assert execute(["suite", "review", str(folder), "--html", str(folder.parent / "page.html")]) == 0
    digest = (folder.parent / "page.html").read_text().split('title="SHA-256 ')[1][:64]
    path = saved(folder, digest, changes=[{"item": "q9", "decision": "edit", "answer": "At nine."}])
    assert execute(["suite", "review", str(folder), "--apply", str(path)]) == 0
    assert task_from_suite(folder).rows.without_answer == 0


def test_a_file_that_drops_all_is_refused_and_nothing_is_on_record(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = [{"item": f"q{each}", "decision": "drop", "reason": "No."} for each in range(4)]
    path = saved(folder, task_from_suite(folder).suite, changes=changes)
    assert execute(["suite", "review", str(folder), "--apply", str(path)]) == 2
    assert "drops every item" in capsys.readouterr().err
    assert not (folder / "review.jsonl").exists()


def test_an_encrypted_suite_is_not_reviewed_and_its_record_has_no_texts(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyrage")
    monkeypatch.setenv("STEELYARD_READER", str(folder.parent / "reader.txt"))
    (folder / "suite.yaml").write_text(f"suite: sums\nreaders: [{new_identity()[1]}]\n")
    path = saved(folder, task_from_suite(folder).suite)
    assert execute(["suite", "review", str(folder), "--apply", str(path)]) == 0
    assert execute(["suite", "encrypt", str(folder)]) == 0
    assert b"3!" not in (folder / "review.jsonl").read_bytes()
    capsys.readouterr()
    for asked in (["--html", str(folder.parent / "x.html")], ["--apply", str(path)]):
        assert execute(["suite", "review", str(folder), *asked]) == 2
        assert "is encrypted: steelyard suite encrypt FOLDER --undo" in capsys.readouterr().err
    assert execute(["suite", "show", str(folder)]) == 0
    assert "  reviewed   1 of 3 items\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["sums"], "a review needs a terminal: make a page with --html FILE"),
        (["nowhere", "--html", "x.html"], "nowhere: is no suite"),
        (["sums", "--html", "x.html", "--apply", "y.json"], "--html and --apply: give one of them"),
        (["sums", "--html", "no/x.html"], "no/x.html: cannot be written: give a file in an existing folder"),
        (["sums", "--html", "sums"], "sums: cannot be written"),
        (["sums", "--apply", "none.json"], "none.json: cannot be read"),
        (["sums", "--apply", "sums/samples.jsonl"], "is not a file that the page of a review saves"),
        (["sums", "--reviewer", "x\x1b[31m", "--html", "x.html"], "--reviewer: at most 80 printable characters"),
        (["sums/samples.jsonl", "--labels"], "--labels needs --html FILE"),
        (["sums/samples.jsonl", "--labels", "--html", "x.html"], "a line has id, question, answer and criterion"),
        (["sums", "--second"], "--second goes with --labels --apply FILE"),
        (["none.jsonl", "--labels", "--apply", "none.json"], "none.json: cannot be read"),
        (["none.jsonl", "--labels", "--html", "x.html"], "none.jsonl: cannot be read"),
    ],
)
def test_what_is_wrong_is_one_line(
    folder: Path, asked: list[str], words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    assert execute(["suite", "review", *asked]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert not (folder.parent / "x.html").exists()
