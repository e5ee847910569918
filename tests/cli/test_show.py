"""``steelyard show``: questions, answers and how they were read, and hostile text that stays text."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
import shlex
import shutil
from html import unescape
from pathlib import Path
from typing import Any, NoReturn

import pytest

from steelyard.cli import execute
from steelyard.evidence import layout
from steelyard.storage.run_folder import RunFolder
from testkit.fixtures import SumsServer
from testkit.reasoning_server import ReasoningServer

HOSTILE = "What is 5 + 6? \x1b[31mred\u202e\nSecond line."


@pytest.fixture(autouse=True)
def columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Five sums: two right, two wrong (one with a hostile question), one that the server never answered."""
    wrong = [(a, b) for a in range(60) for b in range(60) if SumsServer.is_wrong(str(a), str(b))]
    right = [(a, b) for a in range(60) for b in range(60) if not SumsServer.is_wrong(str(a), str(b))]
    lines = [{"question": f"What is {a} + {b}?", "answer": str(a + b)} for a, b in (*right[:2], wrong[0], (90, 91))]
    path = tmp_path / "sums.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in [*lines, {"question": HOSTILE, "answer": "=1+1"}]))
    with SumsServer() as server:
        server.status = lambda prompt, times: 400 if "90 + 91" in prompt else 200
        command = ["run", str(path), "--model", f"openai:sums@{server.url}", "--out", str(tmp_path / "run")]
        assert execute([*command, "--patience", "0.2s"]) == 4
    capsys.readouterr()
    return tmp_path / "run"


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert execute(["show", *arguments]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out


def test_every_answer_with_its_question_and_how_it_was_read(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, str(run))
    assert out.splitlines()[-1] == "5 of 5 answers"
    assert max(map(len, out.splitlines())) <= 100
    assert [out.count(f"\n{sign} ") + out.startswith(f"{sign} ") for sign in ("✓ right", "✗ wrong", "– missing")] == [
        2,
        2,
        1,
    ]
    assert "client error" in out
    block = next(block for block in out.split("\n\n✓ ") if "What is 0 + 1?" in block)
    assert block.index("question") < block.index("expected") < block.index("answer  ")


@pytest.mark.parametrize(
    ("options", "readings"),
    [
        (("--wrong",), ["wrong", "wrong"]),
        (("--missing",), ["missing"]),
        (("--right", "--missing"), ["missing", "right", "right"]),
        (("--open",), []),
        (("--task", "sums", "--right"), ["right", "right"]),
    ],
)
def test_a_selection(
    run: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], readings: list[str]
) -> None:
    document = json.loads(shown(capsys, str(run), "--json", *options))
    assert sorted(each["reading"] for each in document["answers"]) == readings
    assert document["of"] == 5
    text = shown(capsys, str(run), *options)
    assert text.splitlines()[-1] == (
        f"{len(readings)} of 5 answers" if readings else "none of 5 answers is one of these"
    )


def test_one_sample_and_a_limit(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, str(run), "--limit", "1")
    assert out.splitlines()[-1] == "1 of 5 shown (5 answers in all): --limit 0 shows them"
    answers: list[dict[str, Any]] = json.loads(shown(capsys, str(run), "--json"))["answers"]
    (found,) = json.loads(shown(capsys, str(run), "--json", "--sample", answers[0]["sample"]))["answers"]
    assert found == answers[0]


def test_text_of_others_is_shown_and_never_interpreted(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options in ((), ("--csv",)):
        out = shown(capsys, str(run), *options)
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert "Second line." in out
    rows = list(csv.DictReader(io.StringIO(shown(capsys, str(run), "--csv"))))
    assert len(rows) == 5
    assert sum(row["expected"] == "'=1+1" for row in rows) == 1
    assert {row["reading"] for row in rows} == {"right", "wrong", "missing"}


def test_withheld_texts_are_named(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text in (run / "texts").iterdir():
        text.unlink()
    assert execute(["show", str(run), "--right"]) == 0
    said = capsys.readouterr()
    assert said.out.count("(withheld: its text is not in this folder)") == 6
    assert "so the seal was not checked" in said.err


def test_a_score_that_was_changed_is_not_shown(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = run / "scores.jsonl"
    scores.write_text(scores.read_text().replace('"value":0', '"value":1'))
    assert execute(["show", str(run)]) == 1
    assert "was changed: its SHA-256 is not the one sealed" in capsys.readouterr().err


def test_reasoning_is_folded(tmp_path: Path, sums_file: tuple[Path, float], capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    with ReasoningServer("inline") as server:
        command = ["run", str(sums_file[0]), "--model", f"openai:sums@{server.url}", "--out", str(run), "--limit", "1"]
        assert execute(command) == 0
    capsys.readouterr()
    assert "characters: --reasoning shows them" in shown(capsys, str(run))
    assert "Let me check that for the 4th time." in shown(capsys, str(run), "--reasoning")


def test_cut_answers_are_listed(
    tmp_path: Path, sums_file: tuple[Path, float], capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    with ReasoningServer("field") as server:
        command = ["run", str(sums_file[0]), "--model", f"openai:sums@{server.url}", "--out", str(run)]
        execute([*command, "--limit", "2", "--output-tokens", "100"])
    capsys.readouterr()
    out = shown(capsys, str(run), "--open")
    assert out.splitlines()[-1] == "2 of 2 answers"
    assert out.count("? open") == 2
    assert "cut off" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--task", "x"), "--task 'x' was not measured here; measured: sums"),
        (("--sample", "x"), "--sample 'x' was not asked here; ids look like sums/"),
        (("--json", "--csv"), "--csv and --json: give one of them"),
        (("--json", "--html", "page.html"), "--html and --json: give one of them"),
        (("--csv", "--html", "page.html"), "--csv and --html: give one of them"),
        (("--html", "page.html", "--reasoning"), "--reasoning: no page holds it"),
    ],
)
def test_what_is_not_there(
    run: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert execute(["show", str(run), *arguments]) == 2
    assert said in capsys.readouterr().err


def page(capsys: pytest.CaptureFixture[str], run: Path, file: Path, *options: str) -> str:
    out = shown(capsys, str(run), "--html", str(file), *options)
    assert out.startswith(f"page  {file} (")
    assert out.endswith(" answers), not a part of the sealed run\n")
    return file.read_text("utf-8")


def rows(html: str) -> list[str]:
    return re.findall(r'<li class="answer (.*?)"', html.partition("<template")[0])


def test_a_page_holds_all_that_is_selected(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    html = page(capsys, run, tmp_path / "page.html", "--limit", "1")
    assert sorted(rows(html)) == ["missing", "right", "right", "wrong", "wrong"]
    assert "5, all of the run" in html
    assert f"<code>steelyard verify {run}</code> checks the run" in html
    assert RunFolder.open(run).plan_sha256 in html
    assert "What is 5 + 6? \ufffd[31mred\ufffd\nSecond line." in html
    assert "client error" in html
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before

    html = page(capsys, run, tmp_path / "page.html", "--wrong", "--task", "sums")  # over the first
    assert rows(html) == ["wrong", "wrong"]
    assert "2 of 5, chosen by <code>--wrong --task sums</code>" in html
    assert "None of 5 answers is one of these." in page(capsys, run, tmp_path / "page.html", "--open")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html", "run", "sums.jsonl"]


def test_a_page_names_what_is_withheld(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text in (run / "texts").iterdir():
        text.unlink()
    assert execute(["show", str(run), "--html", str(tmp_path / "page.html"), "--right"]) == 0
    html = (tmp_path / "page.html").read_text("utf-8")
    assert html.partition("<template")[0].count("(withheld: its text is not in this folder)") == 6
    assert "2 answers, whose texts are not in the run’s folder" in html


def test_a_page_holds_no_reasoning(
    tmp_path: Path, sums_file: tuple[Path, float], capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "the run"
    with ReasoningServer("inline") as server:
        command = ["run", str(sums_file[0]), "--model", f"openai:sums@{server.url}", "--out", str(run), "--limit", "1"]
        assert execute(command) == 0
    capsys.readouterr()
    html = page(capsys, run, tmp_path / "page.html")
    assert "Let me check" not in html
    (named,) = set(
        re.findall(r"<code[^>]*>(steelyard show [^<]*? --reasoning[^<]*)</code>", html.partition("<template")[0])
    )
    words = shlex.split(unescape(named))
    assert words[:3] == ["steelyard", "show", str(run)]
    assert "Let me check" in shown(capsys, *words[2:])


def test_a_page_of_a_run_that_has_not_ended(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / layout.BUNDLE).unlink(missing_ok=True)
    assert "which is not sealed yet" in page(capsys, run, tmp_path / "page.html")


def refused(capsys: pytest.CaptureFixture[str], run: Path, file: Path | str) -> str:
    assert execute(["show", str(run), "--html", str(file)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    return line


def test_no_page_is_written_into_a_run(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(run)
    (tmp_path / "page-link.html").symlink_to(run / "page.html")
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "copy"
    shutil.copytree(run, other)
    names = sorted(path.name for path in run.rglob("*"))
    for file in (
        run / "page.html",
        run / "report.html",
        run / "texts" / "page.html",
        tmp_path / "other" / ".." / "run" / "page.html",
        tmp_path / "link" / "page.html",
        tmp_path / "page-link.html",
        other / "page.html",  # of another run
    ):
        assert "lies in the folder of a run" in refused(capsys, run, file)
    monkeypatch.chdir(run)
    for folder in (Path(), run, tmp_path / "link"):
        assert "lies in the folder of a run" in refused(capsys, folder, "page.html")
    assert sorted(path.name for path in run.rglob("*")) == names


def test_a_page_needs_a_place(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in (tmp_path, tmp_path / "nowhere" / "page.html", "/dev/null", ""):
        assert "cannot be written: give a file in an existing folder" in refused(capsys, run, file)

    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "page.html").write_text("before")
    monkeypatch.setattr("os.fsync", full)
    said = refused(capsys, run, tmp_path / "page.html")
    assert said == f"steelyard: {tmp_path / 'page.html'}: cannot be written: No space left on device"
    assert (tmp_path / "page.html").read_text() == "before"
    assert not list(tmp_path.glob("*.partial"))


def test_what_is_no_run_has_no_page(tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is not the folder of a run" in refused(capsys, tmp_path, tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()
