"""``steelyard gate``: green, red and undecided by the real command, and what verify says of a changed one."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute
from steelyard.errors import InputError
from steelyard.evidence.canonical import without_defaults
from steelyard.storage.run_folder import RunFolder
from testkit.fixtures import SumsServer
from testkit.resealing import reseal, with_new_reports


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


def gate(server: SumsServer, file: Path, bar: str, *more: str) -> int:
    return execute(["gate", str(file), "--model", f"openai:sums@{server.url}", "--at-least", bar, "--out", "r", *more])


@pytest.mark.parametrize(
    ("bar", "code", "word"),
    [("0.65", 0, "green: sums ≥ 65 %"), ("92%", 1, "red: sums ≥ 92 %"), ("1", 1, "red: sums ≥ 100 %")],
)
def test_a_gate_is_green_or_red_and_asks_no_more_than_it_needs(
    sums_server: SumsServer, sums_file: tuple[Path, float], key: Path, bar: str, code: int, word: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert gate(sums_server, sums_file[0], bar) == code
    said = capsys.readouterr().out
    assert said.startswith(word)
    asked = sum(count for prompt, count in sums_server.asked.items() if "+" in prompt)
    assert asked < 700
    assert execute(["verify", "r"]) == 0
    report = json.loads(Path("r/report.json").read_text())
    assert report["exit"] == code
    capsys.readouterr()
    assert execute(["report", "r"]) == code
    shown = " ".join(capsys.readouterr().out.split())
    assert word in shown
    assert "claim" not in shown
    assert execute(["verify", "r"]) == 0
    assert f"verdict recomputed: 1 {word.partition(':')[0]};" in capsys.readouterr().out


def test_a_gate_that_a_limit_ends_is_undecided(
    sums_server: SumsServer, sums_file: tuple[Path, float], capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(sums_server, sums_file[0], "0.8", "--limit", "20") == 3
    assert capsys.readouterr().out.startswith("undecided: sums ≥ 80 %")
    assert execute(["verify", "r"]) == 0


@pytest.mark.parametrize("bar", ["0", "1.2", "x", "120%", "-0.5", "1e-3", "0.12345678", "nan%"])
def test_a_bar_that_is_none_is_one_line(
    sums_server: SumsServer, sums_file: tuple[Path, float], bar: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(sums_server, sums_file[0], bar) == 2
    assert "it is above 0 and at most 1, as 0.9 or 90%" in capsys.readouterr().err
    assert not Path("r").exists()


def test_a_dry_run_says_what_a_gate_needs(
    sums_server: SumsServer, sums_file: tuple[Path, float], capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(sums_server, sums_file[0], "0.6", "--dry-run", "--json") == 0
    row: dict[str, Any] = json.loads(capsys.readouterr().out)["rows"][0]
    assert (row["task"], row["claimed"], row["sign"], row["shortfalls"]) == ("sums", "60", "≥", [-0.05, 0.05])
    assert 0 < row["if_true"] < 900
    assert 0 < row["if_false"] < 900
    assert gate(sums_server, sums_file[0], "0.6", "--dry-run") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "if 5 above if 5 below" in said
    assert "≥ 60 %" in said
    assert "claim" not in said
    assert "sums: green in 9 of 10 runs from a rate of 6" in said
    assert gate(sums_server, sums_file[0], "0.6", "--dry-run", "--expect", "61%") == 0
    assert "it will probably end undecided" in " ".join(capsys.readouterr().out.split())
    assert gate(sums_server, sums_file[0], "0.6", "--expect", "61%") == 2
    assert "--expect is for --dry-run" in capsys.readouterr().err


@pytest.fixture
def worse(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes the served model wrong on three prompts in ten more."""
    known = SumsServer.is_wrong

    def much_worse() -> None:
        changed = staticmethod(lambda a, b: known(a, b) or zlib.crc32(f"{a}|{b}".encode()) % 10 < 3)
        monkeypatch.setattr(SumsServer, "is_wrong", changed)

    return much_worse


def measure(server: SumsServer, file: Path, out: str) -> None:
    assert execute(["run", str(file), "--model", f"openai:sums@{server.url}", "--out", out]) == 0


def against(server: SumsServer, file: Path, *more: str) -> int:
    model = f"openai:sums@{server.url}"
    return execute(["gate", str(file), "--model", model, "--baseline", "base", "--margin", "2", "--out", "g", *more])


def test_a_model_is_held_against_a_baseline_as_it_answers(
    sums_server: SumsServer,
    sums_file: tuple[Path, float],
    worse: Callable[[], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    measure(sums_server, sums_file[0], "base")
    assert against(sums_server, sums_file[0]) == 0
    said = capsys.readouterr().out
    assert "green: sums ≥ baseline − 2 points: 0 worse, 0 better" in said
    assert "baseline: the run with the seal " in said
    assert execute(["verify", "g"]) == 0
    verified = capsys.readouterr().out
    assert "verdict recomputed: 1 green" in verified
    assert "the input baseline (run " in verified
    assert against(sums_server, sums_file[0], "--dry-run") == 0
    assert "≥ baseline − 2 points" in " ".join(capsys.readouterr().out.split())
    asked = json.loads(Path("g/report.json").read_text())["gates"][0]["asked"]
    assert 0 < asked < 900
    worse()
    assert execute(["gate", str(sums_file[0]), "--model", f"openai:sums@{sums_server.url}", "--baseline", "base",
                    "--margin", "2", "--out", "g2", "--junit", "j.xml", "--summary", "s.md"]) == 1  # fmt: skip
    assert "red: sums ≥ baseline − 2 points" in capsys.readouterr().out
    assert execute(["verify", "g2"]) == 0
    assert "failure" in Path("j.xml").read_text()
    assert "**red**" in Path("s.md").read_text()
    assert "What is" not in Path("s.md").read_text() + Path("j.xml").read_text()


def test_two_finished_runs(
    sums_server: SumsServer,
    sums_file: tuple[Path, float],
    worse: Callable[[], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    measure(sums_server, sums_file[0], "base")
    measure(sums_server, sums_file[0], "same")
    worse()
    measure(sums_server, sums_file[0], "bad")
    capsys.readouterr()
    two = ["--baseline", "base", "--margin", "2"]
    assert execute(["gate", "same", *two]) == 0
    assert "green: sums ≥ baseline − 2 points: 0 worse, 0 better, 900 alike" in capsys.readouterr().out
    assert execute(["gate", "same", "--baseline", "base", "--margin", "0"]) == 3
    assert capsys.readouterr().out.startswith("undecided: ")
    assert execute(["gate", "bad", *two, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["gates"][0]["colour"] == "red"
    assert execute(["gate", "base", "--baseline", "bad", "--margin", "0"]) == 0


def test_another_prompt_is_held_against_the_same_items(
    sums_server: SumsServer, sums_file: tuple[Path, float], capsys: pytest.CaptureFixture[str]
) -> None:
    measure(sums_server, sums_file[0], "base")
    assert against(sums_server, sums_file[0], "--instruction", "Reply with the number alone.") == 0
    assert "green: sums" in capsys.readouterr().out
    assert execute(["run", str(sums_file[0]), "--model", f"openai:sums@{sums_server.url}", "--instruction", "Think.",
                    "--out", "other"]) == 0  # fmt: skip
    assert execute(["gate", "other", "--baseline", "base", "--margin", "2"]) == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "give one of"),
        (["--at-least", "0.5", "--baseline", "base", "--margin", "2"], "give one of"),
        (["--baseline", "base"], "--baseline needs --margin"),
        (["--at-least", "0.5", "--margin", "2"], "--margin is for --baseline"),
        (["--baseline", "base", "--margin", "2%"], "percentage points from 0 to below 100"),
        (["--baseline", "nowhere", "--margin", "2"], "nowhere"),
        (["--at-least", "0.5", "--junit", "no/such/j.xml"], "--junit: cannot be written"),
    ],
)
def test_what_does_not_go_together_is_one_line(
    sums_server: SumsServer, sums_file: tuple[Path, float], more: list[str], said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert execute(["gate", str(sums_file[0]), "--model", f"openai:sums@{sums_server.url}", *more]) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert "Traceback" not in shown
    assert not any("+" in prompt for prompt in sums_server.asked)


def test_runs_that_cannot_be_a_baseline_are_one_line(
    sums_server: SumsServer, sums_file: tuple[Path, float], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["run", str(sums_file[0]), "--model", f"openai:sums@{sums_server.url}", "--limit", "20", "--out",
                    "base"]) == 0  # fmt: skip
    assert against(sums_server, sums_file[0]) == 2
    assert "asked 20 of the 900 samples of sums" in capsys.readouterr().err
    other = tmp_path / "other" / "sums.jsonl"
    other.parent.mkdir()
    other.write_text("".join(sums_file[0].read_text().splitlines(keepends=True)[:50]))
    measure(sums_server, other, "short")
    model = f"openai:sums@{sums_server.url}"
    two = ["--baseline", "short", "--margin", "2"]
    assert execute(["gate", str(sums_file[0]), "--model", model, *two]) == 2
    assert "the baseline was asked other samples" in capsys.readouterr().err
    assert execute(["gate", "short", "--model", model, *two]) == 2
    assert "no model is asked: leave it out" in capsys.readouterr().err
    assert execute(["gate", "short", "--at-least", "0.5"]) == 2
    assert "is a finished run: give --baseline" in capsys.readouterr().err
    assert execute(["gate", str(sums_file[0]), "--at-least", "0.5"]) == 2
    assert "no model under test is given" in capsys.readouterr().err


def test_the_summary_of_a_github_step_is_appended_to(
    sums_server: SumsServer, sums_file: tuple[Path, float], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    Path("step.md").write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "step.md")
    assert gate(sums_server, sums_file[0], "0.65", "--summary", "github") == 0
    said = Path("step.md").read_text()
    assert said.startswith("before\n### Steelyard gate: Green")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    assert execute(["gate", str(sums_file[0]), "--model", f"openai:sums@{sums_server.url}", "--at-least", "0.65",
                    "--out", "r2", "--summary", "github"]) == 0  # fmt: skip
    assert "GITHUB_STEP_SUMMARY is not set" in capsys.readouterr().err


@pytest.mark.parametrize("key_", ["at_least", "family", "red", "null"])
def test_a_plan_that_was_changed_and_sealed_again_does_not_verify(
    sums_server: SumsServer, sums_file: tuple[Path, float], key_: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a key anybody can seal again: what the rule does not give is named all the same."""
    assert gate(sums_server, sums_file[0], "0.9") == 1
    plan = without_defaults(RunFolder.open(Path("r")).plan)
    test = plan["tests"][0]
    sealed = test["sealed"]
    change: dict[str, Callable[[], object]] = {
        "at_least": lambda: sealed.update(at_least="0.6"),
        "family": lambda: sealed.update(family=7),
        "red": lambda: sealed.update(red=[-1] * len(sealed["red"])),
        "null": lambda: test.update(null="nothing"),
    }
    change[key_]()
    try:
        reseal(Path("r"), plan=plan)
        with_new_reports(Path("r"))
    except InputError:  # the rule does not even open it
        assert key_ != "null"
    capsys.readouterr()
    assert execute(["verify", "r"]) == 1
    said = capsys.readouterr()
    assert "gate-00-sums" in said.out + said.err or "tests" in said.out + said.err
