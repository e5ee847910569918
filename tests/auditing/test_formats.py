"""A claim whose vendor states no prompt format, by the command line, in the reports and in the verifier."""

from __future__ import annotations

import json
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

PAIRS = [(number, number * 7 % 91) for number in range(150)]
RATE = 100 * sum(not SumsServer.is_wrong(str(a), str(b)) for a, b in PAIRS) / len(PAIRS)
# The server adds where it reads "a + b", and nowhere else.
HEAD = """
id: tally
title: Sums
hub: {path: me/tally, configs: [main], split: test}
items: {count: 150}
fields: {target: answer}
scorer: {name: numeric}
"""
WORDS = "  words: {prompt: 'Add {{ a }} and {{ b }}.', chat: true}\n"
PLAIN = "  plain: {prompt: 'What is {{ a }} + {{ b }}?', chat: true}\n"
LETTER = "  letter: {context: 'What is {{ a }} + {{ b }}?', continuations: \"['0', '1']\", scorer: {name: choice}}\n"
Audit = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def audit(sums_server: Any, tmp_path: Path) -> Audit:
    """Audit a claim on these sums in these formats; exit code and report."""

    def run(formats: str, value: float, *more: str, protocol: str = "decoding: greedy") -> tuple[int, dict[str, Any]]:
        rows = tmp_path / "data" / "me" / "tally" / "main" / "test.jsonl"
        rows.parent.mkdir(parents=True, exist_ok=True)
        rows.write_text("".join(json.dumps({"a": a, "b": b, "answer": a + b}) + "\n" for a, b in PAIRS))
        (tmp_path / "tally.yaml").write_text(f"{HEAD}prompts:\n{formats}")
        sheet = tmp_path / "sheet.yaml"
        sheet.write_text(f"model: Adder\nclaims:\n  - {{task: tally, value: {value:.1f}, protocol: {{{protocol}}}}}\n")
        command = ["audit", str(sheet), "--model", f"openai:sums@{sums_server.url}", "--data", str(tmp_path / "data")]
        code = execute([*command, "--task", str(tmp_path / "tally.yaml"), "--out", str(tmp_path / "run"), *more])
        report = tmp_path / "run" / "report.json"
        return code, json.loads(report.read_bytes()) if report.is_file() else {}

    return run


def note_of(report: dict[str, Any]) -> str:
    (note,) = (each["message"] for each in report["notes"] if each["check"] == "formats")
    return str(note)


def asked(server: SumsServer, words: str) -> int:
    return sum(times for prompt, times in server.asked.items() if prompt.startswith(words))


def test_the_second_format_reaches_the_claim(audit: Audit, sums_server: SumsServer, tmp_path: Path) -> None:
    code, report = audit(WORDS + PLAIN, RATE)
    (claim,) = report["claims"]
    assert (code, claim["verdict"], claim["prompt"]) == (0, "consistent", "plain")
    assert claim["formats"] == ["words", "plain"]
    assert note_of(report).startswith(
        "the vendor states none of the task's prompt formats; asked as words (below the claim: "
    )
    assert "then as plain (reaches the claim" in note_of(report)
    assert 0 < asked(sums_server, "Add") <= 300  # the first format was rejected, by two passes at most
    assert claim["calls"] == asked(sums_server, "Add") + asked(sums_server, "What is")
    for name in ("report.md", "report.html"):
        text = (tmp_path / "run" / name).read_text()
        assert "asked as words (below the claim" in text
        assert "asked one after another" in text
        assert "Only one configuration" not in text
    assert recompute(tmp_path / "run").verdict.claims[0].prompt == "plain"


def test_the_first_format_is_enough(audit: Audit, sums_server: SumsServer) -> None:
    code, report = audit(PLAIN + WORDS, RATE)
    assert (code, report["claims"][0]["prompt"]) == (0, "plain")
    assert asked(sums_server, "Add") == 0


def test_a_claim_that_no_format_reaches(audit: Audit, tmp_path: Path) -> None:
    code, report = audit(WORDS + PLAIN, min(99.9, RATE + 18))
    (claim,) = report["claims"]
    assert (code, claim["verdict"], claim["prompt"]) == (1, "inconsistent", "plain")
    assert "below the claim" in note_of(report).partition("then as plain")[2]
    recompute(tmp_path / "run")


def test_two_rules_for_the_same_answers_each_read_both_passes(
    audit: Audit, sums_server: SumsServer, tmp_path: Path
) -> None:
    """Neither reads the other's marks, and what the second still needs is asked."""
    strict = PLAIN.replace("plain:", "strict:").replace("true}", "true, scorer: {name: numeric, strict: true}}")
    code, report = audit(PLAIN + strict, 98.0)
    assert (code, report["claims"][0]["verdict"]) == (1, "inconsistent")
    plan = RunFolder.open(tmp_path / "run").plan
    (reads,) = (test.reads for test in plan.tests if test.rule.startswith("claim_retest"))
    assert [each.scorer for each in reads[::2]] == [each.scorer for each in reads[1::2]]
    assert len({each.scorer for each in reads}) == len({each.measurement for each in reads}) == 2
    assert asked(sums_server, "What is") <= 2 * len(PAIRS)


def test_a_stated_format_is_the_only_one(audit: Audit, sums_server: SumsServer) -> None:
    code, report = audit(WORDS + PLAIN, RATE, protocol="prompt: words, decoding: greedy")
    assert (code, report["claims"][0]["formats"], asked(sums_server, "What is")) == (1, [], 0)


def test_a_format_that_needs_log_likelihoods_may_reach_the_claim(audit: Audit, tmp_path: Path) -> None:
    code, report = audit(LETTER + WORDS + PLAIN, min(99.9, RATE + 18))
    (claim,) = report["claims"]
    assert (code, report["verdict"], claim["verdict"], claim["p"]) == (3, "unverifiable", "unverifiable", 1.0)
    assert claim["reason"] == "it states no format, and one of the usual ones cannot be asked here: letter"
    assert claim["formats"] == ["words", "plain", "letter"]
    recompute(tmp_path / "run")


def test_a_format_whose_worked_examples_are_missing_does_not_need_log_likelihoods(audit: Audit, tmp_path: Path) -> None:
    shown = "{% for shot in shots %}{{ shot.a }} + {{ shot.b }} = {{ shot.answer }}\\n{% endfor %}"
    shots = f"  shots: {{chat: true, prefix: '{shown}', prompt: '{{{{ a }}}} + {{{{ b }}}} ='}}\n"
    rest = "shots: {split: train, count: 2}\n"
    _, report = audit(LETTER + WORDS + shots + rest, min(99.9, RATE + 18))
    (claim,) = report["claims"]
    assert claim["verdict"] == "unverifiable"
    assert claim["reason"].endswith("cannot be asked here: letter, shots")
    recompute(tmp_path / "run")


def test_a_claim_is_consistent_although_one_format_cannot_be_asked(audit: Audit, tmp_path: Path) -> None:
    code, report = audit(LETTER + PLAIN, RATE)
    assert (code, report["verdict"]) == (0, "consistent")
    assert "not possible here: letter" in note_of(report)
    assert not [note for note in report["notes"] if note["check"] == "not_planned"]
    recompute(tmp_path / "run")


def test_unstated_decoding_is_checked_last(audit: Audit, sums_server: SumsServer, tmp_path: Path) -> None:
    _, report = audit(WORDS + PLAIN, RATE, protocol="")
    assert report["verdict"] == "consistent"
    plan = RunFolder.open(tmp_path / "run").plan
    arms = [f"{each.decoding} {each.arm}".strip() for each in plan.measurements if each.arm != "again"]
    assert arms == ["greedy", "greedy", "sampled", "sampled", *["greedy second"] * 2, *["sampled second"] * 2]
    sampled = {each.id for each in plan.measurements if each.decoding == "sampled" and each.arm != "again"}
    assert sum(each["calls"] for each in report["measurements"] if each["measurement"] in sampled) == 0
    recompute(tmp_path / "run")


def test_unstated_decoding_is_checked_in_every_format_that_was_rejected(audit: Audit, tmp_path: Path) -> None:
    code, report = audit(WORDS + PLAIN, min(99.9, RATE + 18), protocol="")
    assert (code, report["verdict"]) == (1, "inconsistent")
    plan = RunFolder.open(tmp_path / "run").plan
    calls = {each["measurement"]: each["calls"] for each in report["measurements"]}
    assert all(calls[each.id] for each in plan.measurements if each.decoding == "sampled" and not each.arm)
    recompute(tmp_path / "run")


def test_a_limit_ends_in_the_format_that_was_being_asked(audit: Audit, sums_server: SumsServer) -> None:
    code, report = audit(PLAIN + WORDS, RATE, "--limit", "20")
    (claim,) = report["claims"]
    assert (code, claim["verdict"], claim["reason"]) == (3, "insufficient_power", "stopped at the limit of 20 samples")
    assert (claim["asked"], asked(sums_server, "Add")) == (20, 0)
    assert "not asked: words" in note_of(report)


def test_the_dry_run_counts_all_formats(audit: Audit, capsys: pytest.CaptureFixture[str]) -> None:
    audit(WORDS + PLAIN, RATE, "--dry-run")
    one = capsys.readouterr().out
    assert "600" in one  # 150 samples in two formats, each asked twice at an endpoint


def test_what_the_verifier_derives(audit: Audit, tmp_path: Path) -> None:
    audit(WORDS + PLAIN, RATE)
    run = tmp_path / "run"
    plan = without_defaults(RunFolder.open(run).plan)
    (sealed,) = (each["sealed"] for each in plan["tests"] if each["rule"].startswith("claim_retest"))
    first = sealed["formats"][0]
    first["alpha_consistent"] = 0.05  # each of two formats confirms at half of the level
    with pytest.raises(VerificationError, match="does not follow from the claim"):
        recompute(reseal(run, plan=plan))
