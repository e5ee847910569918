"""Claims about a corpus score, end to end on loopback: reached, missed, answers that vary, a kill, tampering."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute
from steelyard.errors import VerificationError
from steelyard.evidence.canonical import without_defaults
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from testkit.resealing import reseal, with_new_reports
from testkit.translation_server import SUBSETS, TranslationServer, mirror_of, score

KNOWN = 30  # of the 50 sentences
REACHED = 100 * float(score(KNOWN))
WORDS = ("half book eng->kgv", "full book eng->kgv", "half book kgv->eng", "full book kgv->eng")
Server = Iterator[TranslationServer]


@pytest.fixture
def server() -> Server:
    with TranslationServer(KNOWN) as running:
        yield running


def command(server: TranslationServer, folder: Path, *values: float, decoding: str = "decoding: greedy, ") -> list[str]:
    """An audit of one claim for each value, on one subset each."""
    claims = "".join(
        f"  - {{task: mtob, value: {value:.1f}, metric: chrf, protocol: {{{decoding}subset: {words}}}}}\n"
        for value, words in zip(values, WORDS, strict=False)
    )
    (folder / "sheet.yaml").write_text(f"model: Translator\nclaims:\n{claims}")
    data, run = str(mirror_of(folder / "data")), str(folder / "run")
    model = f"openai:translates@{server.url}"
    return ["audit", str(folder / "sheet.yaml"), "--model", model, "--data", data, "--out", run]


def claims_of(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "run" / "report.json").read_bytes())["claims"]
    return found


def test_all_of_each_subset_is_asked_and_compared(server: TranslationServer, tmp_path: Path) -> None:
    values = (REACHED, REACHED + 10, REACHED + 1.9, REACHED - 10)
    assert execute(command(server, tmp_path, *values)) == 1
    claims = claims_of(tmp_path)
    words = ["consistent", "inconsistent", "consistent", "consistent"]
    assert [claim["verdict"] for claim in claims] == words
    assert [claim["better"] for claim in claims] == [False, False, False, True]
    for claim, subset in zip(claims, SUBSETS, strict=True):
        assert (claim["asked"], claim["of"], claim["repeats"]) == (50, 50, 1)
        assert claim["measured"] == pytest.approx(REACHED, abs=1e-9)
        assert claim["bounds"][0] == claim["bounds"][1]
        assert f"Of MTOB the subset {subset} is asked." in claim["differences"]
    sentences = [times for prompt, times in server.times.items() if "Translate:" in prompt]
    assert sentences == [2] * 200
    plan = RunFolder.open(tmp_path / "run").plan
    assert [each.partition("@")[0] for each in plan.detectors] == [
        "desk_screen",
        "claim_retest",
        "not_served",
        "twin_gap",
    ]
    assert plan.texts == "withheld"
    assert "no mean of theirs" in (tmp_path / "run" / "report.md").read_text()
    assert execute(["verify", str(tmp_path / "run")]) == 0


def test_what_is_withheld_is_still_recomputed_and_tampering_is_seen(server: TranslationServer, tmp_path: Path) -> None:
    execute(command(server, tmp_path, REACHED + 10))
    run = tmp_path / "run"
    (run / "texts" / "main-0000.jsonl").unlink(missing_ok=True)
    scores = run / "scores.jsonl"
    lines = [json.loads(line) for line in scores.read_bytes().splitlines()]
    sealed = scores.read_bytes()
    reseal(run)
    assert recompute(run).verdict.claims[0].verdict == "inconsistent"
    place = next(number for number, line in enumerate(lines) if line["value"] < 1)
    changes: tuple[dict[str, Any], ...] = (
        {"counts": []},
        {"counts": [*lines[place]["counts"][:-3], 10**6, 10**6, 10**6]},
        {"value": 1.0},
        {"status": "open", "value": None},
    )
    for change in changes:
        changed = [line | change if number == place else line for number, line in enumerate(lines)]
        scores.write_bytes(
            b"".join(json.dumps(line, separators=(",", ":"), sort_keys=True).encode() + b"\n" for line in changed)
        )
        with pytest.raises(VerificationError, match="does not belong to it"):
            recompute(reseal(run))
    scores.write_bytes(sealed)
    assert recompute(reseal(run)).withheld


def test_another_tolerance_or_level_than_was_sealed_does_not_verify(server: TranslationServer, tmp_path: Path) -> None:
    execute(command(server, tmp_path, REACHED + 10))
    run = tmp_path / "run"
    plan = without_defaults(RunFolder.open(run).plan)
    for change in ({"tolerance": "20"}, {"alpha_inconsistent": 0.5}, {"unstated": ["decoding"]}, {"whole": 60}):
        tests = [
            test | {"sealed": test["sealed"] | change} if "corpus" in test.get("sealed", {}) else test
            for test in plan["tests"]
        ]
        with pytest.raises(VerificationError):
            recompute(with_new_reports(reseal(run, plan=plan | {"tests": tests})))


def test_answers_that_vary_are_an_estimate(server: TranslationServer, tmp_path: Path) -> None:
    server.answer = lambda number, times, text: text + " again" * (times and number < 3)
    assert execute(command(server, tmp_path, REACHED, REACHED + 10)) == 3
    for claim in claims_of(tmp_path):
        assert claim["verdict"] == "not_testable"
        assert claim["reason"] == (
            "3 of 50 answers that were asked twice differ: this is an estimate with a bootstrap interval, "
            "and decides nothing"
        )
        low, high = claim["ci"]
        assert low < REACHED < high
        assert high - low > 10
    assert execute(["verify", str(tmp_path / "run")]) == 0


def test_missing_answers_accuse_nobody_and_confirm_nothing(server: TranslationServer, tmp_path: Path) -> None:
    server.answer = lambda number, times, text: None if number == 1 else text
    assert execute(command(server, tmp_path, REACHED, REACHED + 10)) == 4
    reached, missed = claims_of(tmp_path)
    assert (reached["verdict"], reached["missing"]) == ("insufficient_power", 1)
    assert reached["reason"].startswith("1 of 50 answers are missing, were cut off or can be read two ways: the score")
    assert missed["verdict"] == "inconsistent"  # whatever that one answer was
    assert execute(["verify", str(tmp_path / "run")]) == 0


def test_an_unstated_decoding_is_not_held_against_the_vendor(server: TranslationServer, tmp_path: Path) -> None:
    assert execute(command(server, tmp_path, REACHED, REACHED + 10, decoding="")) == 3
    reached, missed = claims_of(tmp_path)
    assert reached["verdict"] == "consistent"
    assert missed["verdict"] == "not_testable"
    assert missed["reason"] == (
        "the score is below the claim, and the vendor does not state its decoding: another one may reach it"
    )


def test_a_part_of_the_set_is_an_estimate(server: TranslationServer, tmp_path: Path) -> None:
    assert execute([*command(server, tmp_path, REACHED + 30), "--limit", "20"]) == 3
    (claim,) = claims_of(tmp_path)
    assert (claim["verdict"], claim["asked"]) == ("not_testable", 20)
    assert claim["reason"].startswith("a corpus score is that of the whole set, and 20 of 50 were asked: ")


def test_a_cache_shows_nothing(server: TranslationServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "open_answer", "always the same")
    assert execute(command(server, tmp_path, REACHED, REACHED + 10)) == 3
    assert {claim["verdict"] for claim in claims_of(tmp_path)} == {"not_testable"}


def test_a_kill_and_a_resume_give_the_same_verdict(server: TranslationServer, tmp_path: Path) -> None:
    server.seconds = lambda wrong: 0.05
    run = tmp_path / "run"
    audit = [*command(server, tmp_path, REACHED, REACHED + 10), "--concurrency", "4"]
    process = subprocess.Popen([sys.executable, "-m", "steelyard", *audit], stdout=subprocess.DEVNULL)
    wait_for(lambda: sum(server.times.values()) > 40)
    process.send_signal(signal.SIGKILL)
    process.wait()
    server.seconds = lambda wrong: 0.0
    assert execute(["resume", str(run)]) == 1
    assert [claim["verdict"] for claim in claims_of(tmp_path)] == ["consistent", "inconsistent"]
    assert execute(["verify", str(run)]) == 0


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("this did not happen within 30 s")
