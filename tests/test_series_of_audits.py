"""Several audits with one key, by the real commands: each is counted, and no order can be chosen."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from steelyard.auditing.finalize import renderer
from steelyard.cli import execute
from steelyard.evidence import layout
from steelyard.evidence.bundle import seal_bundle
from steelyard.evidence.keys import KeySigner, load_signer
from steelyard.storage.run_folder import RunFolder
from testkit.fixtures import SumsServer

QUESTIONS = [(number, number * 7 % 91) for number in range(60)]
Audit = Callable[..., Path]


@pytest.fixture
def audit(tmp_path: Path, key: Path, sums_server: SumsServer) -> Audit:
    """``audit(name, *options)``: audit one claim about sums to the folder of that name."""
    questions = tmp_path / "sums.jsonl"
    lines = [json.dumps({"question": f"What is {a} + {b}?", "answer": str(a + b)}) for a, b in QUESTIONS]
    questions.write_text("\n".join(lines) + "\n")
    sheet = tmp_path / "sheet.yaml"
    sheet.write_text("model: sums\nclaims:\n  - {task: sums, value: 75}\n")

    def run(name: str, *options: str, code: int = 0, url: str = "") -> Path:
        model = f"openai:sums@{url or sums_server.url}"
        given = ["--model", model, "--task", str(questions), "--tolerance", "30", "--out", str(tmp_path / name)]
        assert execute(["audit", str(sheet), *given, *options]) == code
        return tmp_path / name

    return run


def seed_of(run: Path) -> str:
    return RunFolder.open(run).plan.measurements[0].order_seed


def level_of(run: Path) -> float:
    test = next(each for each in RunFolder.open(run).plan.tests if each.rule.startswith("claim_retest"))
    (level, _) = (each["alpha_consistent"] for each in test.sealed["formats"])
    return float(level)


def test_each_audit_of_a_question_is_counted_and_has_its_share_of_the_level(
    audit: Audit, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [audit(name) for name in ("first", "second", "third")]
    assert len({seed_of(run) for run in runs}) == 3
    assert [level_of(run) / level_of(runs[0]) for run in runs] == pytest.approx([1, 1 / 4, 1 / 9])
    capsys.readouterr()
    assert execute(["verify", *map(str, runs)]) == 0
    said = capsys.readouterr().out
    assert "The first audit of these questions with this key." in said
    assert "The third audit of these questions with this key." in said
    assert "The key began 2 other plans about this model." in said
    report = (runs[2] / "report.html").read_text()
    assert "The third audit of these questions with this key." in report
    assert execute(["ledger", "verify"]) == 0
    assert "3 plans began, 0 of them never ended" in capsys.readouterr().out


def test_another_spelling_of_the_address_is_the_same_question(audit: Audit, sums_server: SumsServer) -> None:
    audit("first")
    spelled = sums_server.url.replace("http://", "HTTP://").replace("/v1", "/./v1/")
    second = audit("second", url=spelled)
    assert next(iter(RunFolder.open(second).plan.questions.values())).number == 2


def test_a_ledger_that_was_rolled_back_gives_the_same_order_and_is_named(
    audit: Audit, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = key.with_name("key.ledger.jsonl")
    before = ledger.read_bytes()
    first = audit("first")
    ledger.write_bytes(before)
    second = audit("second")
    assert seed_of(first) == seed_of(second)
    assert execute(["verify", str(second)]) == 0
    capsys.readouterr()
    assert execute(["verify", str(first), str(second)]) == 1
    # Within one second the plan is the very same, and so is its line.
    assert re.search("the ledger was (forked or )?rolled back", capsys.readouterr().err)


def test_a_head_that_was_kept_shows_a_roll_back(
    audit: Audit, key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = key.with_name("key.ledger.jsonl")
    before = ledger.read_bytes()
    first = audit("first")
    capsys.readouterr()
    assert execute(["ledger", "head"]) == 0
    head = tmp_path / "head.json"
    head.write_text(capsys.readouterr().out)
    second = audit("second")
    assert execute(["verify", str(first), str(second), "--ledger", str(head)]) == 0
    assert "goes on from the head of 3 lines" in capsys.readouterr().out
    ledger.write_bytes(before)
    time.sleep(1.1)  # in one second the same plan would be the same line
    hidden = audit("hidden")
    assert execute(["verify", str(hidden), "--ledger", str(head)]) == 1
    assert "does not go on from the head" in capsys.readouterr().err


def resealed(run: Path, signer: KeySigner, ledger: bytes) -> Path:
    """The run with another ledger, sealed again by the owner of the key."""
    (run / layout.LEDGER).write_bytes(ledger)
    seal_bundle(run, {"renderer": renderer()}, signer)
    return run


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines[:1], "rolled back to before the plan"),
        (lambda lines: lines[:1] + lines[2:], "a line is missing before it"),
        (lambda lines: [*lines, lines[-1]], "a line is missing before it, or it was moved"),
        (lambda lines: lines[1:], "a line is missing before it"),
        (lambda lines: [*lines[:-1], lines[-1].replace(b"sealed", b"abandoned")], "not signed by key"),
        (lambda lines: [*lines[:-1], b"[1]"], "not a line of a ledger"),
    ],
)
def test_a_ledger_that_was_changed_is_named(
    audit: Audit,
    key: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[list[bytes]], list[bytes]],
    said: str,
) -> None:
    run = audit("first")
    lines = (run / layout.LEDGER).read_bytes().splitlines()
    resealed(run, load_signer(key), b"\n".join(change(lines)) + b"\n")
    capsys.readouterr()
    assert execute(["verify", str(run)]) == 1
    assert said in capsys.readouterr().err


def test_an_earlier_count_is_not_hidden_by_another_plans_line(audit: Audit, key: Path, tmp_path: Path) -> None:
    # The second bundle with the ledger of a second auditor's view: its plan names the line that it began.
    first, second = audit("first"), audit("second")
    resealed(second, load_signer(key), (first / layout.LEDGER).read_bytes())
    assert execute(["verify", str(second)]) == 1


def test_a_key_without_a_ledger_is_refused_until_one_begins(
    audit: Audit, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key.with_name("key.ledger.jsonl").unlink()
    capsys.readouterr()
    refused = audit("refused", code=2)
    assert not refused.exists()
    assert "begin one with --new-ledger" in capsys.readouterr().err
    later = audit("later", "--new-ledger")
    assert execute(["verify", str(later)]) == 0
    assert "The ledger was begun later than the key" in capsys.readouterr().out
    assert execute(["verify", str(audit("again"))]) == 0
    assert "The ledger was begun later than the key" in capsys.readouterr().out
    assert "a ledger is here already" in _refusal(audit, capsys, "--new-ledger")


def test_without_a_ledger_the_first_line_says_that_nobody_counts(
    audit: Audit, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audit("counted")
    run = audit("uncounted", "--no-ledger")
    capsys.readouterr()
    assert execute(["verify", str(run)]) == 0
    assert (
        capsys.readouterr().out.splitlines()[1].startswith("Signed without a ledger (--no-ledger): how often this was")
    )
    assert not (run / layout.LEDGER).exists()
    assert "--new-ledger and --no-ledger exclude each other" in _refusal(audit, capsys, "--new-ledger", "--no-ledger")


def _refusal(audit: Audit, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    capsys.readouterr()
    audit("refused", *options, code=2)
    return capsys.readouterr().err


def test_options_of_a_ledger_without_a_key_are_refused(
    audit: Audit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STEELYARD_KEY", str(tmp_path / "none.pem"))
    assert "nothing signs here" in _refusal(audit, capsys, "--no-ledger")
    run = audit("unsigned")
    capsys.readouterr()
    assert execute(["verify", str(run)]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("Not signed: whoever ran this could have chosen the")


def test_a_plan_that_never_ended_counts_and_shows(
    audit: Audit, sums_server: SumsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    sums_server.interrupts_at = 20
    stopped = audit("stopped", code=130)
    shutil.rmtree(stopped)
    second = audit("second")
    (question,) = RunFolder.open(second).plan.questions.values()
    assert (question.number, question.of_subject, question.never_ended) == (2, 1, 1)
    capsys.readouterr()
    assert execute(["verify", str(second)]) == 0
    assert "1 of these never ended" in capsys.readouterr().out


def test_a_run_that_is_resumed_ends_once(
    audit: Audit, sums_server: SumsServer, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sums_server.interrupts_at = 20
    stopped = audit("stopped", code=130)
    assert execute(["resume", str(stopped), "--finalize"]) in (0, 3, 4)
    lines = [json.loads(line) for line in key.with_name("key.ledger.jsonl").read_bytes().splitlines()]
    assert [(line[0], line[3]) for line in lines] == [
        ("opened", "with the key"), ("begun", "audit"), ("ended", "finalized"),
    ]  # fmt: skip
    assert execute(["verify", str(stopped)]) == 0
    assert all(len(line) <= 300 for line in key.with_name("key.ledger.jsonl").read_bytes().splitlines())


def test_a_plan_that_asks_nothing_verifies_as_one_of_any_other_key_does(
    tmp_path: Path, key: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has no order, and so none that could have been chosen."""
    sheet = tmp_path / "none.yaml"
    sheet.write_text("model: sums\nclaims:\n  - {task: a benchmark of nobody, value: 75}\n")
    out = tmp_path / "none"
    assert execute(["audit", str(sheet), "--model", f"openai:sums@{sums_server.url}", "--out", str(out)]) == 3
    capsys.readouterr()
    assert execute(["verify", str(out)]) == 0, capsys.readouterr().err


def test_a_run_counts_apart_from_audits(audit: Audit, tmp_path: Path, sums_server: SumsServer) -> None:
    # A run's verdict accuses nobody, so it takes nothing from the level; and its order is not the audit's.
    model = f"openai:sums@{sums_server.url}"
    out = tmp_path / "measured"
    first = audit("first")
    assert execute(["run", str(tmp_path / "sums.jsonl"), "--model", model, "--out", str(out)]) == 0
    second = audit("second")
    plans = [RunFolder.open(path).plan for path in (first, out, second)]
    assert [next(iter(plan.questions.values())).number for plan in plans] == [1, 1, 2]
    assert execute(["verify", str(first), str(out), str(second)]) == 0
    assert len({plan.measurements[0].order_seed for plan in plans}) == 3
