"""No command opens a connection to an address that its user or the plan did not name: every one is traced."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from testkit.fixtures import SumsServer

ROOT = Path(__file__).resolve().parent.parent

# Each line of the first argument is a command; what they connect to or look up is printed as JSON lines.
TRACED = """
import json, sys
def heard(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"):
        named = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[0]
        named = list(named) if isinstance(named, tuple) else str(named)
        print("HEARD", json.dumps([event, named]), file=sys.__stdout__, flush=True)
sys.addaudithook(heard)
from steelyard.cli import execute
for line in json.loads(sys.argv[1]):
    code = execute(line)
    print("ENDED", json.dumps([line[0], code]), file=sys.__stdout__, flush=True)
"""


def traced(commands: list[list[str]], folder: Path) -> tuple[list[str], dict[str, int]]:
    """The addresses that these commands, run in one process, connected to or looked up; and how each ended."""
    environment = os.environ | {
        "STEELYARD_KEY": str(folder / "key.pem"), "XDG_STATE_HOME": str(folder / "state"), "HF_HUB_OFFLINE": "",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", TRACED, json.dumps(commands)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    heard, ended = [], {}
    for line in done.stdout.splitlines():
        word, _, rest = line.partition(" ")
        if word == "HEARD":
            _, named = json.loads(rest)
            heard.append(":".join(map(str, named[:2])) if isinstance(named, list) else named)
        elif word == "ENDED":
            name, code = json.loads(rest)
            ended[name] = code
    assert len(ended) == len({command[0] for command in commands}), done.stderr[-2_000:]
    return heard, ended


def test_commands_connect_to_the_named_endpoint_alone(tmp_path: Path) -> None:
    questions, sheet = tmp_path / "sums.jsonl", tmp_path / "sheet.yaml"
    pairs = [(number, number * 7 % 91) for number in range(60)]
    questions.write_text(
        "".join(json.dumps({"question": f"What is {a} + {b}?", "answer": str(a + b)}) + "\n" for a, b in pairs)
    )
    sheet.write_text("model: sums\nclaims:\n  - {task: sums, value: 75}\n  - {task: gsm8k, value: 80}\n")
    card = tmp_path / "card.md"
    card.write_text("# Sums\n\n| Benchmark | Sums |\n|---|---|\n| GSM8K | 80.1 |\n| MMLU | 70.2 |\n")
    run, measured = tmp_path / "run", tmp_path / "measured"
    with SumsServer() as server:
        model = ["--model", f"openai:sums@{server.url}", "--task", str(questions)]
        commands = [
            ["key", "new"],
            ["screen", str(sheet)],
            ["tasks"],
            ["doctor"],
            ["audit", str(sheet), *model, "--data", str(tmp_path), "--dry-run"],
            ["audit", str(sheet), *model, "--data", str(tmp_path), "--out", str(run)],
            ["run", str(questions), *model[:2], "--out", str(measured)],
            ["resume", str(run)],
            ["verify", str(run), str(measured)],
            ["show", str(run)],
            ["show", str(measured), "--html", str(tmp_path / "answers.html")],
            ["report", str(run), "--summary", str(tmp_path / "page.html"), "--language", "de"],
            ["ledger", "show"],
            ["ledger", "verify"],
            ["export", str(measured), str(tmp_path / "exported.json")],
            ["import", str(card), "--out", str(tmp_path / "card.yaml")],
            ["world", "--help"],
            ["gateway", "--help"],
            ["model", "--help"],
        ]
        heard, ended = traced(commands, tmp_path)
        address = server.url.removeprefix("http://").removesuffix("/v1")
    host = address.partition(":")[0]
    assert set(heard) <= {address, host}, sorted(set(heard) - {address, host})
    assert address in heard
    assert {name: code for name, code in ended.items() if code == 70} == {}
    assert (ended["verify"], ended["import"]) == (0, 0)


@pytest.mark.parametrize("command", ["verify", "show", "report", "resume"])
def test_a_folder_of_somebody_else_opens_no_socket(command: str, tmp_path: Path) -> None:
    heard, _ = traced([[command, "tests/assets/golden"]], tmp_path)
    assert heard == []
