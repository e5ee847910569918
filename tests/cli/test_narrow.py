"""Narrow terminals, by the real command: what is printed at 40, 60 and 70 columns says all that 100 columns say."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from steelyard.cli import execute
from testkit.fixtures import SumsServer

ROOT = Path(__file__).parent.parent.parent
GOLDEN = ROOT / "tests" / "assets" / "golden"
SHEET = ROOT / "examples" / "llama-4-scout.yaml"
WIDTHS = [40, 60, 70]
NAME = "sums_of_two_numbers_with_a_long_name"


def printed(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    capsys.readouterr()
    execute(list(command))
    return capsys.readouterr().out


def words(text: str) -> str:
    """What a text says, however its lines are broken."""
    return re.sub(r"[\s─]+", "", text)


@pytest.fixture(params=WIDTHS)
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("COLUMNS", str(request.param))
    return int(request.param)


def questions(folder: Path) -> Path:
    path = folder / f"{NAME}.jsonl"
    lines = [f'{{"question": "What is {n} + {n + 1}?", "answer": "{2 * n + 1}"}}\n' for n in range(240)]
    path.write_text("".join(lines))
    return path


def sheet(folder: Path) -> Path:
    path = folder / "sheet.yaml"
    path.write_text(f'model: adder\nvendor: tests\nclaims:\n  - {{task: {NAME}, value: "80"}}\n')
    return path


def test_the_dry_run(width: int, sums_server: SumsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = f"openai:sums@{sums_server.url}"
    command = ["audit", str(sheet(tmp_path)), "--task", str(questions(tmp_path)), "--model", model, "--dry-run"]
    text = printed(capsys, *command, "--price", "1,2")
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert NAME in words(text)
    for heading in ("claimed", "calls ≤", "tokens in", "out ≤", "time ≤", "cost ≤", "if it holds", "if 10 lower"):
        assert words(heading) in words(text)


def test_the_tasks_and_a_task(width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "tasks")
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    monkeypatch.setenv("COLUMNS", "100")
    wide = printed(capsys, "tasks")
    assert set(re.findall(r"^(\w+) +(?:[\d,]+|–)  ", wide, re.MULTILINE)) <= set(re.findall(r"\w+", text))


def test_the_screen_of_a_sheet(width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "screen", str(SHEET))
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for heading in ("claimed", "samples", "passes", "shots", "metric", "detail"):
        assert heading in text


@pytest.mark.parametrize("command", [("report",), ("show", "--limit", "3"), ("verify",)])
def test_a_run(
    width: int, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(capsys, command[0], str(GOLDEN), *command[1:])
    monkeypatch.setenv("COLUMNS", "100")
    wide = printed(capsys, command[0], str(GOLDEN), *command[1:])
    assert [each for each in re.findall(r"\d[\d.,]*\d", wide) if each not in words(text)] == []


@pytest.mark.parametrize("columns", [40, *(pytest.param(each, marks=pytest.mark.slow) for each in (*WIDTHS[1:], 100))])
def test_the_live_table(columns: int, tmp_path: Path) -> None:
    """In a terminal of its own, as a person sees it."""
    with SumsServer() as server:
        server.seconds = lambda wrong: 0.02
        command = ["audit", str(sheet(tmp_path)), "--task", str(questions(tmp_path)), "--price", "100,200"]
        command += ["--model", f"openai:sums@{server.url}", "--out", str(tmp_path / "run"), "--concurrency", "4"]
        screen, code = in_terminal([sys.executable, "-m", "steelyard", *command], columns)
    assert code in (0, 1, 3)
    drawn = [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", part) for part in screen.split("\x1b[2K\r")]
    tables = [
        part for part in re.split(r"(?=\d+:\d\d elapsed)", "".join(drawn)) if NAME[:31] in part and "asked" in part
    ]
    assert tables
    lines = tables[-1].splitlines()[: 12 if columns < 100 else 4]
    assert max(map(len, lines)) <= columns
    for word in ("elapsed", "cost", NAME[:31], "asked", "/240", "rate", "left", "interval → claim"):
        assert words(word) in words(tables[-1])
    assert words("holds at every look; the finished claim's is by the same rule") in words(tables[-1])
    assert not re.search(r"cost 0[\s,]", tables[-1])  # though there is no budget
    assert words("Each claim's 95 % interval holds at every look") in words("".join(drawn))


def in_terminal(command: list[str], columns: int) -> tuple[str, int]:
    """Run a command in a pseudo-terminal; what it wrote, and its exit code."""
    main, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    with subprocess.Popen(
        command, stdin=other, stdout=other, stderr=other, env=environment | {"TERM": "xterm-256color"}
    ) as process:
        os.close(other)
        found = b""
        ready = select.poll()  # select() takes no descriptor above 1,023, and a long session of tests has such
        ready.register(main, select.POLLIN)
        while True:
            if not ready.poll(120_000):
                process.kill()
                pytest.fail("the command says nothing")
            try:
                data = os.read(main, 1 << 16)
            except OSError:  # Linux: the other end is closed
                break
            if not data:
                break
            found += data
    os.close(main)
    return found.decode("utf-8", "replace"), process.returncode
