"""``steelyard cascade``: its table, its JSON and its refusals, by the real command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.cli import execute
from testkit.fixtures import SumsServer


def test_two_models_that_answer_alike_gain_nothing(
    sums_server: SumsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    rows = [json.dumps({"question": f"What is {a} + {a * 7 % 91}?", "answer": str(a + a * 7 % 91)}) for a in range(50)]
    Path("sums.jsonl").write_text("\n".join(rows))
    model = ["--model", f"openai:sums@{sums_server.url}"]
    assert execute(["run", "sums.jsonl", *model, *model, "--out", "r"]) == 0
    capsys.readouterr()
    asked = sum(sums_server.asked.values())
    assert execute(["cascade", "r", "--signal", "length", "--target", "99%"]) in (1, 3)
    said = capsys.readouterr().out
    assert "small: sums" in said
    assert "Calls to" in said
    assert "–" in said  # no price is known
    assert max(map(len, said.splitlines())) <= 100 or "too good by chance" in said
    assert execute(["cascade", "r", "--signal", "length", "--target", "0.1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["threshold"], document["escalated"], document["cascade"]["cost"]) == (None, 0, None)
    assert document["cascade"]["right"] == document["small"]["right"] == document["large"]["right"]
    assert sum(sums_server.asked.values()) == asked
    assert execute(["cascade", "r", "--signal", "length", "--target", "2"]) == 2
    assert "it is above 0 and at most 1" in capsys.readouterr().err
    assert execute(["cascade", "r#subject", "--signal", "length", "--target", "0.9"]) == 2
    assert "a cascade is of two models" in capsys.readouterr().err
