"""Gates that are asked again: the key's ledger counts them, and ``--strict-series`` gives all of them one level."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute
from steelyard.evidence.canonical import without_defaults
from steelyard.evidence.keys import load_signer
from steelyard.storage.run_folder import RunFolder
from testkit.fixtures import SumsServer
from testkit.resealing import reseal


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def gate(server: SumsServer, file: Path, out: str, *more: str, bar: str = "0.6") -> dict[str, Any]:
    """Ask the gate and read what its report says of it."""
    command = ["gate", str(file), "--model", f"openai:sums@{server.url}", "--at-least", bar, "--out", out, *more]
    assert execute(command) in (0, 1, 3)
    found: dict[str, Any] = json.loads(Path(out, "report.json").read_text())
    return found


def test_gates_of_one_model_and_its_prompts_are_counted_whatever_their_bar(
    sums_server: SumsServer, sums_file: tuple[Path, float], key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = ["--model", f"openai:sums@{sums_server.url}"]
    assert execute(["run", str(sums_file[0]), *model, "--limit", "20", "--out", "measured"]) == 0  # is no gate
    first = gate(sums_server, sums_file[0], "1")
    second = gate(sums_server, sums_file[0], "2", bar="0.55")
    other = gate(sums_server, sums_file[0], "3", "--instruction", "Reply with the number alone.")
    numbers = [each["tests"][0]["gate"]["number"] for each in (first, second, other)]
    assert numbers == [1, 2, 1]
    assert first["order"][0] == "The second run of these questions with this key."
    assert "The first gate of this model with these prompts and this key." in first["order"]
    assert any("The second gate of this model with these prompts and this key, each at the full" in each
               for each in second["order"])  # fmt: skip
    assert [execute(["verify", out]) for out in "123"] == [0, 0, 0]
    assert "The second gate of this model" in " ".join(capsys.readouterr().out.split())


def test_rows_in_another_order_and_under_another_name_are_the_same_series(
    sums_server: SumsServer, sums_file: tuple[Path, float], key: Path
) -> None:
    rows = sums_file[0].read_text().splitlines(keepends=True)
    reversed_, shorter = Path("reversed.jsonl"), Path("shorter.jsonl")
    reversed_.write_text("".join(reversed(rows)))
    shorter.write_text("".join(rows[1:]))
    files = (sums_file[0], reversed_, shorter)
    found = [gate(sums_server, file, out) for file, out in zip(files, "123", strict=True)]
    assert [each["tests"][0]["gate"]["number"] for each in found] == [1, 2, 1]
    asked = [RunFolder.open(Path(out)).plan.measurements[0] for out in "12"]
    assert asked[0].asks == asked[1].asks
    assert asked[0].samples_root != asked[1].samples_root
    assert execute(["verify", "2"]) == 0


def test_settings_and_targets_begin_no_other_series(
    sums_server: SumsServer, sums_file: tuple[Path, float], key: Path
) -> None:
    """A Python function never hears of a temperature, and an endpoint's answers at .71 are those at .7."""
    rows = [json.loads(line) for line in sums_file[0].read_text().splitlines()]
    rows[0]["answer"] = f"{rows[0]['answer']}.0"
    Path("targets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = [
        gate(sums_server, sums_file[0], "1"),
        gate(sums_server, sums_file[0], "2", "--temperature", "0.71"),
        gate(sums_server, sums_file[0], "3", "--output-tokens", "99"),
        gate(sums_server, Path("targets.jsonl"), "4"),
    ]
    assert [each["tests"][0]["gate"]["number"] for each in asked] == [1, 2, 3, 4]
    assert [execute(["verify", out]) for out in "1234"] == [0, 0, 0, 0]


def test_a_function_is_its_name_whatever_its_file_says(
    key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    Path("rows.jsonl").write_text("".join(json.dumps({"question": f"{n}?", "answer": "7"}) + "\n" for n in range(40)))
    numbers = []
    for out, more in (("1", ""), ("2", "# a comment\n")):
        Path("series_bot_for_test.py").write_text(f"{more}def answer(messages):\n    return '7'\n")
        sys.modules.pop("series_bot_for_test", None)
        model = ["--model", "python:series_bot_for_test:answer"]
        assert execute(["gate", "rows.jsonl", *model, "--at-least", "0.6", "--out", out]) == 0
        assert execute(["verify", out]) == 0
        numbers.append(json.loads(Path(out, "report.json").read_text())["tests"][0]["gate"]["number"])
    sys.modules.pop("series_bot_for_test", None)
    assert numbers == [1, 2]


def test_what_gates_are_counted_by_is_a_digest(
    sums_server: SumsServer, sums_file: tuple[Path, float], capsys: pytest.CaptureFixture[str]
) -> None:
    gate(sums_server, sums_file[0], "r")
    plan = without_defaults(RunFolder.open(Path("r")).plan)
    plan["measurements"][0]["asks"] = "another"
    reseal(Path("r"), plan=plan)
    capsys.readouterr()
    assert execute(["verify", "r"]) == 1
    assert "asks is no digest" in capsys.readouterr().err


def test_a_strict_series_has_one_level(
    sums_server: SumsServer, sums_file: tuple[Path, float], key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = gate(sums_server, sums_file[0], "0", bar="0.8")
    found = [gate(sums_server, sums_file[0], out, "--strict-series", bar="0.8") for out in "12"]
    tables = [RunFolder.open(Path(out)).plan.tests[0].sealed["green"] for out in "012"]
    for lower, higher in ((tables[0], tables[1]), (tables[1], tables[2])):  # right answers that green takes
        assert lower != higher
        assert all(one <= other for one, other in zip(lower, higher, strict=True))
    assert plain["tests"][0]["gate"]["strict_series"] is False
    assert any("The third gate" in each and "at 6.8 % of the level (--strict-series)" in each
               for each in found[1]["order"])  # fmt: skip
    assert execute(["verify", "2"]) == 0
    assert "(--strict-series)" in " ".join(capsys.readouterr().out.split())
    assert "Both hold over all such gates" in Path("2/report.md").read_text()


def test_a_place_in_the_series_cannot_be_set_otherwise_and_sealed_again(
    sums_server: SumsServer, sums_file: tuple[Path, float], key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gate(sums_server, sums_file[0], "1")
    gate(sums_server, sums_file[0], "2", "--strict-series")
    plan = without_defaults(RunFolder.open(Path("2")).plan)
    (series,) = (each for each in plan["questions"].values() if each["benchmark"].startswith("gate:"))
    del series["number"]
    reseal(Path("2"), plan=plan, signer=load_signer(key))
    capsys.readouterr()
    assert execute(["verify", "2"]) == 1
    assert "does not begin this plan" in capsys.readouterr().err


def test_the_question_of_a_series_cannot_be_left_out(
    sums_server: SumsServer, sums_file: tuple[Path, float], capsys: pytest.CaptureFixture[str]
) -> None:
    gate(sums_server, sums_file[0], "r")
    plan = without_defaults(RunFolder.open(Path("r")).plan)
    plan["questions"] = {
        name: each for name, each in plan["questions"].items() if not each["benchmark"].startswith("gate:")
    }
    reseal(Path("r"), plan=plan)
    capsys.readouterr()
    assert execute(["verify", "r"]) == 1
    assert "its questions are not those" in capsys.readouterr().err


def test_a_series_that_nobody_counts_is_one_line(
    sums_server: SumsServer, sums_file: tuple[Path, float], capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["gate", str(sums_file[0]), "--model", f"openai:sums@{sums_server.url}", "--at-least", "0.6"]
    assert execute([*command, "--strict-series"]) == 2
    assert "--strict-series counts gates by the ledger of your key" in capsys.readouterr().err
    assert gate(sums_server, sums_file[0], "r")["tests"][0]["gate"]["number"] == 0
    assert execute(["gate", "r", "--baseline", "r", "--margin", "2", "--strict-series"]) == 2
    assert "is for a gate that asks a model" in capsys.readouterr().err
    assert not any("+" in prompt and count > 1 for prompt, count in sums_server.asked.items())
