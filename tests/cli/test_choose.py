"""``steelyard choose``: candidates of known quality on loopback, asked one after another, and what verify says."""

from __future__ import annotations

import json
import os
import signal
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.inhouse import choose as bench
from steelyard.cli import execute
from steelyard.records import candidate_role
from steelyard.storage.journal.reader import replay
from steelyard.storage.run_folder import RunFolder
from testkit.fixtures import SumsServer

RATES = {"half": 50, "near": 70, "good": 99, "best": 100}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


def _wrong_on(name: str, rate: int) -> Callable[[str, str], bool]:
    def is_wrong(first: str, second: str) -> bool:
        return zlib.crc32(f"{name}|{first}|{second}".encode()) % 100 >= rate

    return is_wrong


def server_of(name: str, rate: int) -> SumsServer:
    """A server that is right on ``rate`` of a hundred sums, by a hash of its name and the sum."""
    server = SumsServer()
    server.name = name
    server.is_wrong = _wrong_on(name, rate)  # type: ignore[method-assign,assignment]
    return server


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    """300 sums."""
    pairs = [(number, number * 7 % 91) for number in range(300)]
    lines = [json.dumps({"question": f"What is {a} + {b}?", "answer": str(a + b)}) for a, b in pairs]
    (tmp_path / "sums.jsonl").write_text("\n".join(lines))
    return tmp_path / "sums.jsonl"


@pytest.fixture
def servers() -> Iterator[dict[str, SumsServer]]:
    with ExitStack() as opened:
        yield {name: opened.enter_context(server_of(name, rate)) for name, rate in RATES.items()}


def sums_asked(server: SumsServer) -> int:
    return sum(count for prompt, count in server.asked.items() if "+" in prompt)


def choose(servers: dict[str, SumsServer], names: list[str], file: Path, target: str, *more: str) -> int:
    models = [part for name in names for part in ("--model", f"openai:{name}@{servers[name].url}")]
    return execute(["choose", str(file), *models, "--target", target, "--concurrency", "4", "--out", "r", *more])


def report() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path("r/report.json").read_text())
    return found


def prices(**by_name: tuple[float, float]) -> list[str]:
    lines = [f"{name}: {{prompt: {each[0]}, completion: {each[1]}}}" for name, each in by_name.items()]
    Path("prices.yaml").write_text("\n".join(lines) + "\n")
    return ["--prices", "prices.yaml"]


def test_the_cheapest_that_reaches_the_target_is_chosen_and_no_dearer_one_is_asked(
    servers: dict[str, SumsServer], sums: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    priced = prices(half=(0.1, 0.2), near=(0.2, 0.2), good=(1, 2), best=(5, 10))
    assert choose(servers, ["best", "near", "good", "half"], sums, "0.9", *priced) == 0
    said = capsys.readouterr().out
    assert "Chosen: good reaches 90 % on sums; both before it are below." in " ".join(said.split())
    assert max(map(len, said.splitlines())) <= 100 or "steelyard " in max(said.splitlines(), key=len)
    (found,) = report()["choices"]
    assert [each["model"] for each in found["candidates"]] == ["half", "near", "good", "best"]
    assert [each["standing"] for each in found["candidates"]] == ["below", "below", "meets", ""]
    assert (found["chosen"], found["cheapest"], found["by"]) == ("candidate-3", True, "cost")
    assert sums_asked(servers["best"]) == 0
    assert 0 < sums_asked(servers["half"]) + sums_asked(servers["near"]) < 300
    assert all(each["late"] <= 4 for each in found["candidates"])  # those in flight when it was decided
    good = found["candidates"][2]
    assert good["cost_per_right"] >= good["cost_per_call"] > 0  # equal where all that was asked is right
    assert execute(["verify", "r"]) == 0
    assert "verdict recomputed: 1 chosen, 2 below, 1 not asked" in capsys.readouterr().out
    assert execute(["report", "r"]) == 0
    assert "Chosen: good" in capsys.readouterr().out


def test_the_journal_has_no_call_to_a_dearer_one_before_the_cheaper_is_decided(
    servers: dict[str, SumsServer], sums: Path
) -> None:
    assert choose(servers, ["half", "near", "good"], sums, "90%") == 0
    plan = RunFolder.open(Path("r")).plan
    roles = [plan.by_id[each.measurement].role for each in replay(Path("r")).attempts]
    began = {role: roles.index(role) for role in ("subject", "candidate-2", "candidate-3")}
    decided = {each["role"]: each["asked"] for each in report()["choices"][0]["candidates"]}
    assert began["subject"] < began["candidate-2"] < began["candidate-3"]
    assert roles[: began["candidate-2"]].count("subject") >= decided["subject"]


def test_where_all_are_below_it_is_1_and_where_none_is_sure_3(
    servers: dict[str, SumsServer], sums: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert choose(servers, ["half", "near"], sums, "0.95") == 1
    assert "None: all 2 candidates are below 95 % on sums." in capsys.readouterr().out
    assert [each["check"] for each in report()["findings"]] == ["all_below_target"]
    assert execute(["verify", "r"]) == 0
    assert choose(servers, ["near", "good"], sums, "0.9", "--limit", "8", "--out", "s") == 3
    assert "None is sure enough: no candidate is shown to reach 90 % on sums." in capsys.readouterr().out
    assert execute(["verify", "s"]) == 0
    assert sums_asked(servers["good"]) == 8


@pytest.mark.parametrize("target", ["0", "1.2", "x", "120%", "nan"])
def test_a_target_that_is_none_is_one_line(
    servers: dict[str, SumsServer], sums: Path, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert choose(servers, ["half", "good"], sums, target) == 2
    assert "it is above 0 and at most 1, as 0.9 or 90%" in capsys.readouterr().err
    assert not Path("r").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--by", "cost"], "--by cost needs a price for each model: give --prices FILE"),
        (["--by", "cost", "--price", "1,2"], "--by cost needs a price for each model: give --prices FILE"),
        (["--by", "latency"], "give --by order with the fastest --model first"),
        (["--model", "judge=embedded:smollm2"], "a choice is among candidates alone"),
    ],
)
def test_an_order_that_nothing_gives_is_refused_before_anything_is_asked(
    servers: dict[str, SumsServer], sums: Path, options: list[str], said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert choose(servers, ["half", "good"], sums, "0.9", *options) == 2
    assert said in capsys.readouterr().err
    assert not sum(sums_asked(each) for each in servers.values())
    assert not Path("r").exists()


def test_prices_that_cross_say_no_order(
    servers: dict[str, SumsServer], sums: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    priced = prices(half=(1, 5), good=(2, 3))
    assert choose(servers, ["half", "good"], sums, "0.9", *priced) == 2
    assert "half is cheaper for prompts and good for answers" in capsys.readouterr().err
    assert choose(servers, ["half"], sums, "0.9") == 2
    assert "there is one model only" in capsys.readouterr().err


def test_a_dry_run_has_a_row_for_each_candidate(
    servers: dict[str, SumsServer], sums: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    priced = prices(half=(0.1, 0.2), good=(1, 2))
    assert choose(servers, ["good", "half"], sums, "0.9", *priced, "--dry-run", "--json") == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["task"] for row in rows] == ["sums by half", "sums by good"]
    assert all(row["calls"] == 300 and row["sign"] == "≥" for row in rows)
    assert rows[0]["cost"] < rows[1]["cost"]
    assert choose(servers, ["good", "half"], sums, "0.9", "--dry-run") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "sums by half" in said
    assert "claim" not in said


def test_missing_answers_are_4_and_the_next_one_is_asked(
    servers: dict[str, SumsServer], sums: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    servers["near"].status = lambda prompt, times: (
        400 if "+" in prompt and zlib.crc32(prompt.encode()) % 3 == 0 else 200
    )
    assert choose(servers, ["near", "good"], sums, "0.9", "--limit", "60") == 4
    (found,) = report()["choices"]
    assert found["candidates"][0]["missing"] > 0
    assert found["candidates"][1]["asked"] > 0
    assert execute(["verify", "r"]) == 0


def test_a_sealed_choice_that_was_changed_does_not_verify(
    servers: dict[str, SumsServer], sums: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert choose(servers, ["half", "good"], sums, "0.9") == 0
    result = json.loads(Path("r/report.json").read_text())
    result["choices"][0]["chosen"] = "subject"
    Path("r/report.json").write_text(json.dumps(result))
    assert execute(["verify", "r"]) == 1


def test_an_interrupted_choice_goes_on_to_the_same_choice(
    servers: dict[str, SumsServer], sums: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["half", "near", "good", "best"]
    assert choose(servers, names, sums, "0.9", "--concurrency", "1") == 0
    whole = [(each["standing"], each["right"], each["asked"]) for each in report()["choices"][0]["candidates"]]
    for each in servers.values():
        each.asked.clear()

    sent: list[int] = []

    def interrupting(prompt: str, _: int) -> int:
        if sums_asked(servers["near"]) >= 20 and not sent:
            sent.append(1)
            os.kill(os.getpid(), signal.SIGINT)
        return 200

    servers["near"].status = interrupting
    Path("r").rename("before")
    assert choose(servers, names, sums, "0.9") == 130
    assert 20 <= sums_asked(servers["near"]) < 40
    assert not sums_asked(servers["good"])
    assert execute(["resume", "r"]) == 0
    capsys.readouterr()
    # Other orders of samples give other counts; standings are those of the whole.
    found = report()["choices"][0]["candidates"]
    assert [each["standing"] for each in found] == [standing for standing, _, _ in whole]
    assert all(count == 1 for each in servers.values() for prompt, count in each.asked.items() if "+" in prompt)
    assert execute(["verify", "r"]) == 0


def test_where_a_cheaper_one_is_down_nobody_dearer_is_asked_and_a_resume_goes_on(
    servers: dict[str, SumsServer], sums: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    servers["near"].status = lambda prompt, _: 503 if sums_asked(servers["near"]) > 10 else 200
    assert choose(servers, ["near", "good"], sums, "0.9", "--patience", "0.2") == 4
    assert "steelyard resume r" in capsys.readouterr().err
    assert not sums_asked(servers["good"])
    servers["near"].status = lambda prompt, _: 200
    assert execute(["resume", "r"]) == 0
    assert [each["standing"] for each in report()["choices"][0]["candidates"]] == ["below", "meets"]


def test_a_budget_that_ends_the_cheaper_one_ends_the_choice(servers: dict[str, SumsServer], sums: Path) -> None:
    assert choose(servers, ["near", "good"], sums, "0.8", "--max-tokens", "1500") == 3
    assert not sums_asked(servers["good"])
    assert [each["standing"] for each in report()["choices"][0]["candidates"]] == ["", ""]


def test_a_model_that_a_suite_does_not_name_is_asked_nothing(
    servers: dict[str, SumsServer], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "\n".join(f"What is {a} + {a * 7 % 91}?,{a + a * 7 % 91}" for a in range(40))
    Path("sums.csv").write_text(f"question,answer\n{rows}\n")
    made = ["suite", "new", "mine", "--from", "sums.csv", "--endpoint", servers["half"].url]
    assert execute(made) == 0
    assert choose(servers, ["half", "good"], Path("mine"), "0.9") == 2
    assert "may not be shown to" in capsys.readouterr().err
    assert not sum(sums_asked(each) for each in servers.values())
    assert execute([*made[:2], "both", *made[3:], "--endpoint", servers["good"].url]) == 0
    assert choose(servers, ["half", "good"], Path("both"), "0.9") in (0, 3)
    assert sums_asked(servers["half"])


def test_a_summary_of_one_page(servers: dict[str, SumsServer], sums: Path) -> None:
    assert choose(servers, ["half", "good"], sums, "0.9", *prices(half=(1, 1), good=(2, 2))) == 0
    assert execute(["report", "r", "--summary", "s.html", "--language", "de"]) == 0
    page = Path("s.html").read_text()
    assert "2 Kandidaten für sums" in page
    assert "good erreicht" in page
    assert '<svg class="picture"' in page


@pytest.mark.skipif(not bench.names(), reason="no measuring data at ../shared/data/scores")
def test_on_real_answers_the_command_chooses_what_the_simulation_chooses(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Four models of a real matrix, played by servers: the choice is that of the statistics on the same order."""
    from steelyard.stats.elimination import begin, choice, needed, observe

    bits = bench.matrix("mmlu")[:, :100]
    drawn = bits[np.argsort(bits.sum(axis=1))[np.linspace(5, len(bits) - 1, 4).astype(int)]]
    rows = [json.dumps({"question": f"What is {item} + 1?", "answer": str(item + 1)}) for item in range(100)]
    Path("real.jsonl").write_text("\n".join(rows))
    target = Fraction(int(drawn[2].sum()) - 6, 100)
    with ExitStack() as opened:
        servers = {f"m{number}": opened.enter_context(server_of(f"m{number}", 0)) for number in range(4)}
        for row, server in zip(drawn, servers.values(), strict=True):
            server.is_wrong = _wrong_in(row)  # type: ignore[method-assign,assignment]
        code = choose(servers, list(servers), Path("real.jsonl"), f"{float(target):.6f}"[:8])
    (found,) = report()["choices"]
    attempts = [each for each in replay(Path("r")).attempts if each.position >= 0]
    lines = {each.position: int(each.sample.rpartition("/")[2]) for each in attempts}
    state = begin(100, Fraction(found["target"]), 4, 0.05, steady=False)
    while asked := needed(state):
        for number in asked:
            state = observe(state, number, int(drawn[number, lines[state.candidates[number].n] - min(lines.values())]))
    by_hand = choice(state)
    standings = [candidate.standing or "" for candidate in state.candidates]
    assert [each["standing"] for each in found["candidates"]] == standings
    assert [each["asked"] for each in found["candidates"]] == [candidate.n for candidate in state.candidates]
    assert found["chosen"] == ("" if by_hand.candidate is None else candidate_role(by_hand.candidate + 1))
    assert code == (0 if by_hand.candidate is not None else 3 if by_hand.undecided else 1)


def _wrong_in(row: NDArray[np.uint8]) -> Callable[[str, str], bool]:
    return lambda first, second: not row[int(first)]


def test_the_table_says_all_in_80_and_in_60_columns(
    servers: dict[str, SumsServer], sums: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    priced = prices(half=(0.1, 0.2), good=(1, 2))
    assert choose(servers, ["half", "good"], sums, "0.9", *priced) == 0
    for width in (60, 80, 100):
        monkeypatch.setenv("COLUMNS", str(width))
        capsys.readouterr()
        assert execute(["report", "r"]) == 0
        table = capsys.readouterr().out.partition("Candidates")[2].partition("What this")[0]
        assert max(map(len, table.splitlines())) <= width
        assert "…" not in table
        assert "─" in table or width < 80
        for word in ("half", "good", "✗ below", "✓ chosen", "1,000 right", "95 % interval", " of 300"):
            assert word in " ".join(table.split())
