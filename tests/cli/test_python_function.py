"""``--model python:…`` by real commands: a run that verifies, and folders of others that import nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import steelyard
from steelyard.cli import execute
from steelyard.evidence.canonical import without_defaults
from steelyard.storage.run_folder import RunFolder
from testkit.resealing import reseal

SOURCE = """
from pathlib import Path
Path("imported").touch()
def answer(messages):
    a, b = messages[-1]["content"].split("is ")[-1].split("?")[0].split(" + ")
    if int(a) == 13:
        raise OSError("the service is down")
    return str(int(a) + int(b) + (int(a) % 5 == 0))
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    Path("cli_bot_for_test.py").write_text(SOURCE)
    rows = [{"question": f"What is {a} + {a * 3}?", "answer": str(a * 4)} for a in range(40)]
    Path("sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    yield
    sys.modules.pop("cli_bot_for_test", None)


MODEL = "python:cli_bot_for_test:answer"


def test_a_function_is_run_sealed_and_verified(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["run", "sums.jsonl", "--model", MODEL, "--out", "r"]) == 4  # one call fails
    assert "31 of 40 right, 1 missing" in capsys.readouterr().out
    assert execute(["verify", "r"]) == 0
    assert execute(["show", "r", "--missing"]) == 0
    assert "OSError: the service is down" in capsys.readouterr().out
    page = Path("r/report.md").read_text()
    assert "not of what it calls" in page
    assert execute(["gate", "sums.jsonl", "--model", MODEL, "--at-least", "0.1", "--out", "g"]) in (0, 4)
    assert execute(["verify", "g"]) == 0


AGENT = """
import os, signal
class Agent:
    def __init__(self, prompt):
        self.prompt, self.calls = prompt, 0
    def reply(self, messages):
        self.calls += 1
        if self.calls == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return self.prompt
"""


def test_a_prompt_that_changed_in_the_named_module_is_not_resumed(capsys: pytest.CaptureFixture[str]) -> None:
    Path("cli_agent_for_test.py").write_text(AGENT)
    bot = Path("cli_bot_for_test.py")
    bot.write_text("from cli_agent_for_test import Agent\nsupport = Agent('30 days')\n")
    model = "python:cli_bot_for_test:support.reply"
    assert execute(["run", "sums.jsonl", "--model", model, "--out", "r"]) == 130
    bot.write_text("from cli_agent_for_test import Agent\nsupport = Agent('another prompt')\n")
    sys.modules.pop("cli_bot_for_test")
    assert execute(["resume", "r"]) == 2
    assert "has other files or another source now than in the plan" in capsys.readouterr().err
    sys.modules.pop("cli_agent_for_test")


def test_a_plan_that_makes_another_thing_of_a_function_does_not_verify(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["run", "sums.jsonl", "--model", MODEL, "--out", "r"]) == 4
    plan = without_defaults(RunFolder.open(Path("r")).plan)
    plan["models"]["subject"]["capabilities"]["deterministic"] = True
    reseal(Path("r"), plan=plan)
    assert execute(["verify", "r"]) == 1
    assert "deterministic is True, and it is False for every function" in capsys.readouterr().err


def test_the_folder_of_another_imports_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["run", "sums.jsonl", "--model", MODEL, "--out", "r", "--deadline", "0.000001s"]) != 0
    if not Path("r").exists():  # the deadline ended before the plan
        assert execute(["run", "sums.jsonl", "--model", MODEL, "--out", "r"]) == 4
    sys.modules.pop("cli_bot_for_test", None)
    Path("imported").unlink(missing_ok=True)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another-user"))
    for command in (["resume", "r"], ["verify", "r"], ["report", "r"], ["show", "r"], ["run", "sums.jsonl", "--model",
                    "recorded:r", "--out", "again"]):  # fmt: skip
        execute(command)
    assert not Path("imported").exists()
    capsys.readouterr()


def test_a_suite_names_python_before_a_function_sees_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["suite", "new", "s", "--from", "sums.jsonl"]) == 0
    capsys.readouterr()
    Path("imported").unlink(missing_ok=True)
    assert execute(["run", "s", "--model", MODEL, "--out", "r"]) == 2
    assert "may not be shown to python" in capsys.readouterr().err
    assert not Path("imported").exists()


def test_a_cluster_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["run", "sums.jsonl", "--model", MODEL, "--ray", "local", "--out", "r"]) == 2
    assert "runs in this process: leave --ray out" in capsys.readouterr().err


def test_what_a_function_prints_is_no_part_of_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    Path("cli_bot_for_test.py").write_text(
        "print('imported')\nasync def answer(messages):\n    print('called')\n    return '4'\n"
    )
    for command in (
        ["run", "sums.jsonl", "--model", MODEL, "--out", "r", "--json"],
        ["run", "sums.jsonl", "--model", MODEL, "--dry-run", "--json"],
    ):
        sys.modules.pop("cli_bot_for_test", None)
        assert execute(command) == 0
        printed = capsys.readouterr()
        assert isinstance(json.loads(printed.out), dict)
        assert "imported" in printed.err
        assert ("called" in printed.err) is ("--out" in command)


@pytest.mark.parametrize("where", ["import", pytest.param("call", marks=pytest.mark.slow)])
def test_a_function_that_changes_the_working_folder_loses_no_run(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    changes = f"os.chdir({str(elsewhere)!r})\n"
    at_import, in_call = (changes, "") if where == "import" else ("", changes)
    stops = "    if not stopped and len(asked) == 3:\n        os.kill(os.getpid(), signal.SIGINT)\n"
    Path("cli_bot_for_test.py").write_text(
        f"import os, signal\nasked = []\nstopped = os.path.exists('stopped')\n{at_import}"
        f"def answer(messages):\n    {in_call or 'pass'}\n    asked.append(0)\n{stops}    return '4'\n"
    )
    assert execute(["key", "new", "--out", "mykey"]) == 0
    more = ["--model", MODEL, "--at-least", "0.9", "--key", "mykey", "--junit", "j.xml", "--out", "g"]
    assert execute(["gate", "sums.jsonl", *more]) == 130
    assert Path.cwd() == tmp_path
    Path("stopped").touch()
    sys.modules.pop("cli_bot_for_test")
    assert execute(["resume", "g", "--key", "mykey"]) == 1
    assert execute(["verify", "g"]) == 0
    sys.modules.pop("cli_bot_for_test")
    assert execute(["gate", "sums.jsonl", *more[:-1], "h"]) == 1
    assert Path("j.xml").is_file()
    assert "report  h/report.html" in capsys.readouterr().out
    assert not list(elsewhere.iterdir())
    sys.modules.pop("cli_bot_for_test")
    assert steelyard.run("sums.jsonl", model=MODEL, out="api").folder == tmp_path / "api"
    monkeypatch.chdir(tmp_path)
    assert steelyard.run("sums.jsonl", model=MODEL).folder.parent == tmp_path / "runs"
