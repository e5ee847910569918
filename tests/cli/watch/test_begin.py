"""``steelyard watch begin``: what it takes is said before anything is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.cli import execute
from testkit.fixtures import SumsServer


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    rows = [{"question": f"What is {n} + 1?", "answer": str(n + 1)} for n in range(12)]
    Path("probe.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Path("probe.jsonl")


def begin(server: SumsServer, probe: Path, *more: str) -> int:
    return execute(["watch", "begin", str(probe), "--model", f"openai:sums@{server.url}", "--out", "w", *more])


def test_a_dry_run_says_calls_and_cost_and_asks_nothing(
    sums_server: SumsServer, probe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert begin(sums_server, probe, "--dry-run", "--price", "1,2") == 0
    said = capsys.readouterr().out
    assert "the baseline: 120 calls, cost at most" in said
    assert "a look: 12 calls" in said
    assert "a year of daily looks: 4,380 calls" in said
    assert begin(sums_server, probe, "--dry-run", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["passes"], document["calls"], document["calls_a_look"]) == (10, 120, 12)
    assert not any("+" in prompt for prompt in sums_server.asked)
    assert not Path("w").exists()


def test_a_spread_baseline_is_exit_3_until_it_is_whole(
    sums_server: SumsServer, probe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert begin(sums_server, probe, "--spread") == 3
    said = capsys.readouterr()
    assert "the baseline takes 10 passes of 12 items, 120 calls; each look takes 12" in said.err
    assert said.out.startswith("baseline: 1 of 10 passes asked")
    assert "steelyard watch look w" in said.out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--passes", "9"], "a baseline has at least 10"),
        (["--items", "5"], "--items takes a part of a suite"),
        (["--model", "reference=embedded:smollm2"], "a watch is of one model"),
        (["--limit", "5"], "No such option"),
    ],
)
def test_what_cannot_be_watched_is_one_line(
    sums_server: SumsServer, probe: Path, more: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert begin(sums_server, probe, *more) == 2
    assert words.lower() in capsys.readouterr().err.lower()
    assert not Path("w").exists()
