"""Claims on scores between 0 and 1: their mean is tested, by the command line, in a resumed run and in the verifier."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from steelyard.cli import execute
from steelyard.errors import VerificationError
from steelyard.evidence.canonical import without_defaults
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from testkit.fixtures import SumsServer
from testkit.resealing import reseal

SAME = ("verdict", "asked", "measured", "ci", "p", "log_e")
WORDS = [f"w{number}" for number in range(10)]
TASK = """
id: phrases
title: Phrases
hub: {{path: me/phrases, configs: [main], split: test}}
items: {{count: {count}}}
fields: {{target: answer}}
scorer: {{name: similarity, measure: token_f1}}
prompts: {{plain: {{prompt: "Phrase {{{{ n }}}}?", chat: true}}}}
"""


def said(number: int) -> list[str]:
    """The words of an answer: all ten of four questions in ten, three to six of the others."""
    drawn = hashlib.sha256(str(number).encode()).digest()[0]
    return WORDS if drawn < 102 else WORDS[: 3 + drawn % 4]


def mean(count: int) -> float:
    """The mean F1 of the answers to so many questions."""
    found = [Fraction(2 * len(said(number)), 10 + len(said(number))) for number in range(count)]
    return float(sum(found) / count)


class PhraseServer(SumsServer):
    """Says some of the words of each phrase, the same each time; one in ``lost`` is refused."""

    lost = 0

    async def _chat(self, request: web.Request) -> web.Response:
        prompt = json.loads(await request.text())["messages"][-1]["content"]
        number = prompt.partition("Phrase ")[2].rstrip("?")
        if number and self.lost and int(number) % self.lost == 0:
            return web.json_response({"error": {"message": "no"}}, status=400)
        text = " ".join(said(int(number))) if number else f"no phrase, {self.asked['']}"
        self.asked[prompt if number else ""] += 1
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return web.json_response({"id": "x", "model": "sums", "choices": [{"index": 0} | choice]})


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PhraseServer]:
    monkeypatch.chdir(tmp_path)
    with PhraseServer() as running:
        yield running


def audit(server: PhraseServer, count: int, value: float, *more: str, row: str = "") -> tuple[int, dict[str, Any]]:
    rows = Path("data/me/phrases/main/test.jsonl")
    rows.parent.mkdir(parents=True, exist_ok=True)
    rows.write_text("".join(json.dumps({"n": n, "answer": " ".join(WORDS)}) + "\n" for n in range(count)))
    Path("phrases.yaml").write_text(TASK.format(count=count))
    claim = f"{{task: phrases, value: {100 * value:.1f}, protocol: {{decoding: greedy}}{row}}}"
    Path("sheet.yaml").write_text(f"model: Sums\nclaims:\n  - {claim}\n")
    command = ["audit", "sheet.yaml", "--model", f"openai:sums@{server.url}", "--data", "data"]
    code = execute([*command, "--task", "phrases.yaml", "--out", "run", *more])
    return code, json.loads(Path("run/report.json").read_bytes())


@pytest.mark.parametrize(("over", "code", "word"), [(0.0, 0, "consistent"), (0.1, 1, "inconsistent")])
@pytest.mark.parametrize("count", [900, 120], ids=["asked once", "every sample twice"])
def test_the_mean_is_held_against_the_claim(
    server: PhraseServer, count: int, over: float, code: int, word: str
) -> None:
    found, report = audit(server, count, mean(count) + over)
    (claim,) = report["claims"]
    assert (found, claim["verdict"]) == (code, word)
    low, high = claim["ci"]
    assert low <= 100 * mean(count) <= high
    if count == 900:
        assert claim["asked"] < 500
    assert any("what is tested is their mean" in note["message"] for note in report["notes"])
    assert recompute(Path("run")).verdict.claims[0].verdict == word
    (sealed,) = (each.sealed for each in RunFolder.open(Path("run")).plan.tests if each.rule == "claim_retest@5")
    assert sealed["grid"] == 1_000_000
    assert "stop_inconsistent" not in sealed


def test_an_edited_score_or_threshold_does_not_verify(server: PhraseServer) -> None:
    audit(server, 120, mean(120) + 0.1)
    run = RunFolder.open(Path("run"))
    lines = Path("run/scores.jsonl").read_text().splitlines()
    changed = json.loads(lines[5]) | {"value": 1.0 - json.loads(lines[5])["value"] / 2}
    Path("run/scores.jsonl").write_text("\n".join([*lines[:5], json.dumps(changed), *lines[6:]]) + "\n")
    with pytest.raises(VerificationError, match="scores"):
        recompute(run.path)
    Path("run/scores.jsonl").write_text("\n".join(lines) + "\n")
    for change in ({"grid": 100}, {"accuse": 10**6}, {"grid": ...}):
        plan = without_defaults(run.plan)
        (test,) = (each for each in plan["tests"] if each["rule"] == "claim_retest@5")
        test["sealed"] = {key: value for key, value in (test["sealed"] | change).items() if value is not ...}
        with pytest.raises(VerificationError, match=r"does not follow|cannot be"):
            recompute(reseal(run.path, plan=plan))


def test_a_missing_answer_speaks_for_the_claim(server: PhraseServer) -> None:
    server.lost = 3
    code, report = audit(server, 120, mean(120) + 0.08)
    (claim,) = report["claims"]
    assert (code, claim["verdict"]) == (4, "insufficient_power")
    assert "answers are missing: neither verdict can be reached any more" in claim["reason"]
    low, high = claim["bounds"]
    assert low < 100 * mean(120) < high
    recompute(Path("run"))


def test_a_run_that_was_cut_off_goes_on_to_the_same_verdict(server: PhraseServer) -> None:
    _, report = audit(server, 900, mean(900) + 0.08, "--concurrency", "1")
    for path in Path("run").iterdir():
        if path.name in ("bundle.dsse.json", "scores.jsonl", "checkpoints.jsonl") or path.name.startswith("report."):
            path.unlink()
    (journal,) = Path("run/journal").iterdir()
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:110]))
    assert execute(["resume", "run"]) == 1
    (before,), (after,) = report["claims"], json.loads(Path("run/report.json").read_bytes())["claims"]
    assert {name: before[name] for name in SAME} == {name: after[name] for name in SAME}
    assert after["measured"] == pytest.approx(100 * mean_of_first(after["asked"]), abs=0.06)
    recompute(Path("run"))


def mean_of_first(n: int) -> float:
    """The mean of the first so many scores of the order."""
    scores = [json.loads(line) for line in Path("run/scores.jsonl").read_text().splitlines()]
    placed = {each["position"]: each["value"] for each in scores if each["position"] >= 0}
    return float(sum(placed[place] for place in range(n))) / n


@pytest.mark.parametrize("row", [", samples: 50", ", samples: 400"])
def test_a_claim_about_other_items_is_not_testable(server: PhraseServer, row: str) -> None:
    code, report = audit(server, 120, mean(120), "--allow-part", row=row)
    (claim,) = report["claims"]
    assert (code, claim["verdict"], claim["asked"]) == (3, "not_testable", 0)
    assert claim["reason"] == (
        "scores between 0 and 1 are tested where the claim is about just the 120 items that are here"
    )
    recompute(Path("run"))


# ── macro averages ──────────────────────────────────────────────────────────────────────────────────────────────────

SIZES = {"large": 400, "small": 300, "tiny": 200}
SUMS = f"""
id: sums3
title: Sums of three kinds
hub: {{path: me/sums3, configs: [main], split: test}}
items: {{count: {sum(SIZES.values())}}}
fields: {{target: answer, group: kind}}
scorer: {{name: numeric}}
prompts: {{plain: {{prompt: "What is {{{{ a }}}} + {{{{ b }}}}?", chat: true}}}}
"""


def kinds(skill: dict[str, float]) -> list[dict[str, Any]]:
    """Sums by kind; the server errs on one in five, so a kind's share of right answers is set by which are chosen."""
    right = [(a, a * 7 % 91) for a in range(4000) if not SumsServer.is_wrong(str(a), str(a * 7 % 91))]
    wrong = [(a, a * 7 % 91) for a in range(4000) if SumsServer.is_wrong(str(a), str(a * 7 % 91))]
    rows = []
    for kind, size in SIZES.items():
        for n in range(size):
            a, b = (right if n < round(skill[kind] * size) else wrong).pop()
            rows.append({"a": a, "b": b, "answer": a + b, "kind": kind})
    return rows


def audit_sums(
    server: SumsServer, skill: dict[str, float], value: float, average: str, more: str = "", of_task: str = ""
) -> tuple[int, dict[str, Any]]:
    rows = Path("data/me/sums3/main/test.jsonl")
    rows.parent.mkdir(parents=True, exist_ok=True)
    rows.write_text("".join(json.dumps(row) + "\n" for row in kinds(skill)))
    Path("sums3.yaml").write_text(SUMS + of_task)
    claim = f"{{task: sums3, value: {100 * value:.1f}, average: {average}{more}, protocol: {{decoding: greedy}}}}"
    Path("sheet.yaml").write_text(f"model: Sums\nclaims:\n  - {claim}\n")
    command = ["audit", "sheet.yaml", "--model", f"openai:sums@{server.url}", "--data", "data", "--task", "sums3.yaml"]
    code = execute([*command, "--out", "run"])
    return code, json.loads(Path("run/report.json").read_bytes())


HARD = {"large": 0.5, "small": 0.9, "tiny": 0.95}  # micro .733, macro .783


@pytest.mark.parametrize(
    ("average", "value", "word"),
    [("macro", 0.783, "consistent"), ("micro", 0.783, "inconsistent"), ("macro", 0.88, "inconsistent")],
)
def test_a_macro_average_is_tested_as_one(
    sums_server: SumsServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, average: str, value: float, word: str
) -> None:
    monkeypatch.chdir(tmp_path)
    _, report = audit_sums(sums_server, HARD, value, average)
    (claim,) = report["claims"]
    assert claim["verdict"] == word
    plan = RunFolder.open(Path("run")).plan
    is_macro = average == "macro"
    assert plan.measurements[0].groups == (tuple(sorted(SIZES.items())) if is_macro else ())
    low, high = claim["ci"]
    assert low <= (78.3 if is_macro else 73.3) <= high
    said = "here it is over the task's 3 subtasks, each with the same weight"
    assert any(said in each for each in claim["differences"]) == is_macro
    assert any("the mean over its 3 subtasks is tested" in note["message"] for note in report["notes"]) == is_macro
    recompute(Path("run"))


@pytest.mark.parametrize(
    "groups",
    [
        [["large", 200], ["small", 300], ["tiny", 400]],
        pytest.param([["large", 899], ["tiny", 1]], marks=pytest.mark.slow),
        pytest.param([["large", 400], ["small", 300]], marks=pytest.mark.slow),
    ],
)
def test_sizes_of_subtasks_that_the_answers_have_not_do_not_verify(
    sums_server: SumsServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, groups: list[list[Any]]
) -> None:
    monkeypatch.chdir(tmp_path)
    audit_sums(sums_server, HARD, 0.783, "macro")
    run = RunFolder.open(Path("run"))
    plan = without_defaults(run.plan)
    plan["measurements"][0]["groups"] = groups
    with pytest.raises(VerificationError):
        recompute(reseal(run.path, plan=plan))


# ── weighted averages ───────────────────────────────────────────────────────────────────────────────────────────────

WEIGHTS = ", weights: {tiny: 5, large: 1, small: 2}"  # of HARD .881: .088 and more from micro and macro


@pytest.mark.parametrize(
    ("value", "word"), [(0.881, "consistent"), pytest.param(0.95, "inconsistent", marks=pytest.mark.slow)]
)
def test_stated_weights_are_those_of_the_test(
    sums_server: SumsServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: float, word: str
) -> None:
    monkeypatch.chdir(tmp_path)
    _, report = audit_sums(sums_server, HARD, value, "weighted", WEIGHTS)
    (claim,) = report["claims"]
    assert claim["verdict"] == word
    low, high = claim["ci"]
    assert low <= 88.1 <= high
    run = RunFolder.open(Path("run"))
    assert run.plan.served[0].weights == (("large", 1), ("small", 2), ("tiny", 5))
    assert any("by the weights stated" in each for each in claim["differences"])
    recompute(run.path)
    for weights in ([["large", 5], ["small", 2], ["tiny", 1]], [["large", 1], ["tiny", 5]], []):
        plan = without_defaults(run.plan)
        (test,) = (each for each in plan["tests"] if each["rule"] == "claim_retest@5")
        test["sealed"]["weights"] = weights
        with pytest.raises(VerificationError):
            recompute(reseal(run.path, plan=plan))
        plan = without_defaults(run.plan)
        plan["served"][0]["weights"] = weights
        with pytest.raises(VerificationError):
            recompute(reseal(run.path, plan=plan))


def test_weights_of_other_subtasks_are_refused(
    sums_server: SumsServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    code, report = audit_sums(sums_server, HARD, 0.8, "weighted", ", weights: {large: 1, small: 2, nobody: 5}")
    (claim,) = report["claims"]
    assert (code, claim["verdict"]) == (3, "not_testable")
    assert "weights must name each of the task's 3 subtasks once; see 'nobody', 'tiny'" in claim["reason"]


def test_a_tasks_own_average_is_that_of_a_claim_without_one(
    sums_server: SumsServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    _, report = audit_sums(sums_server, HARD, 0.783, "~", of_task="average: macro\n")
    (claim,) = report["claims"]
    assert claim["verdict"] == "consistent"
    assert any("The claim states no average" in each for each in claim["differences"])
    assert recompute(Path("run")).verdict.claims[0].verdict == "consistent"
