"""A mirror with a part of the benchmark: an honest vendor is not accused, by the command line and in the verifier."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute
from steelyard.errors import VerificationError
from steelyard.evidence.canonical import without_defaults
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from testkit.fixtures import SumsServer
from testkit.resealing import reseal

WHOLE = 400
PAIRS = [(number, number * 7 % 91) for number in range(WHOLE)]
RIGHT = WHOLE - sum(SumsServer.is_wrong(str(a), str(b)) for a, b in PAIRS)
TASK = f"""
id: tally
title: Sums
hub: {{path: me/tally, configs: [main], split: test}}
items: {{count: {WHOLE}}}
fields: {{target: answer}}
scorer: {{name: numeric}}
prompts: {{plain: {{prompt: "What is {{{{ a }}}} + {{{{ b }}}}?", chat: true}}}}
"""
Audit = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def audit(sums_server: Any, tmp_path: Path) -> Audit:
    """Audit a claim on these sums of the 400; exit code and report."""

    def run(held: list[tuple[int, int]], value: float, *more: str, out: str = "run") -> tuple[int, dict[str, Any]]:
        rows = tmp_path / "data" / "me" / "tally" / "main" / "test.jsonl"
        rows.parent.mkdir(parents=True, exist_ok=True)
        rows.write_text("".join(json.dumps({"a": a, "b": b, "answer": a + b}) + "\n" for a, b in held))
        (tmp_path / "tally.yaml").write_text(TASK)
        sheet = tmp_path / "sheet.yaml"
        sheet.write_text(
            f"model: Adder\nclaims:\n  - {{task: tally, value: {value:.1f}, protocol: {{decoding: greedy}}}}\n"
        )
        command = ["audit", str(sheet), "--model", f"openai:sums@{sums_server.url}", "--data", str(tmp_path / "data")]
        code = execute([*command, "--task", str(tmp_path / "tally.yaml"), "--out", str(tmp_path / out), *more])
        return code, json.loads((tmp_path / out / "report.json").read_bytes())

    return run


def test_a_mirror_of_gsm8k_that_holds_100_of_1319(shared: Path, sums_server: Any, tmp_path: Path) -> None:
    source, target = shared / "data" / "openai" / "gsm8k" / "main", tmp_path / "openai" / "gsm8k" / "main"
    target.mkdir(parents=True)
    (target / "train.jsonl").symlink_to(source / "train.jsonl")
    (target / "test.jsonl").write_text("".join((source / "test.jsonl").read_text().splitlines(True)[:100]))
    sheet, out = tmp_path / "sheet.yaml", tmp_path / "run"
    sheet.write_text("model: Adder\nclaims:\n  - {task: gsm8k, value: 88.2}\n")
    command = ["audit", str(sheet), "--model", f"openai:sums@{sums_server.url}", "--data", str(tmp_path)]
    assert execute([*command, "--out", str(out)]) == 3
    (claim,) = json.loads((out / "report.json").read_bytes())["claims"]
    assert (claim["verdict"], claim["asked"]) == ("not_testable", 0)
    assert claim["reason"] == (
        "the data here hold 100 of the 1,319 items of gsm8k: give the whole of it, or --allow-part"
    )


def test_an_honest_vendor_is_not_accused_on_a_part(audit: Audit) -> None:
    """Eight random parts: one accusation is possible by the level, two have a probability below .001."""
    found = [
        audit(random.Random(seed).sample(PAIRS, 60), 100 * RIGHT / WHOLE, "--allow-part", out=f"run-{seed}")
        for seed in range(8)
    ]
    assert sum(code == 1 for code, _ in found) <= 1
    assert {code for code, _ in found} <= {0, 1, 3}
    assert {report["claims"][0]["part_of"] for _, report in found} == {WHOLE}


def test_an_inflated_claim_is_still_found_on_a_part(audit: Audit, tmp_path: Path) -> None:
    code, report = audit(random.Random(1).sample(PAIRS, 150), 99.0, "--allow-part")
    assert (code, report["verdict"]) == (1, "inconsistent")
    for name in ("report.html", "report.md"):
        text = (tmp_path / "run" / name).read_text()
        assert "the verdict is about this part" in text.casefold()
        assert "drawn at random" in text


def test_what_the_verifier_derives(audit: Audit, tmp_path: Path) -> None:
    audit(PAIRS[:150], 99.0, "--allow-part")
    run = tmp_path / "run"
    recompute(run)
    plan = without_defaults(RunFolder.open(run).plan)
    with pytest.raises(VerificationError, match="is served, and it cannot be: the data here hold 150 of the 400 items"):
        recompute(reseal(run, plan={name: value for name, value in plan.items() if name != "allow_part"}))
    plan["measurements"][0]["part"]["of"] = 160  # a smaller whole, which would narrow the margin to accuse
    with pytest.raises(
        VerificationError, match=r"claim/0: differences is .*150 of its 400 items.*150 of its 160 items"
    ):
        recompute(reseal(run, plan=plan))


def test_the_whole_is_tested_as_ever(audit: Audit) -> None:
    _, report = audit(PAIRS, 100 * RIGHT / WHOLE)
    assert report["claims"][0]["part_of"] is None
    assert report["claims"][0]["asked"] > 0
