"""A plan ends once: of copies of a run that has begun one can be sealed, by the real commands."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from steelyard.auditing.finalize import renderer, results_of, write_reports
from steelyard.auditing.ledger_end import check_has_no_other_end
from steelyard.cli import execute
from steelyard.errors import InputError
from steelyard.evidence import layout
from steelyard.evidence.bundle import seal_bundle
from steelyard.evidence.canonical import canonical_in_full
from steelyard.evidence.keys import load_signer
from steelyard.storage.run_folder import RunFolder
from testkit.fixtures import SumsServer


@pytest.fixture
def stopped(tmp_path: Path, key: Path, sums_server: SumsServer) -> Path:
    """A signed run of 60 sums that was interrupted."""
    questions = tmp_path / "sums.jsonl"
    lines = [json.dumps({"question": f"What is {a} + {a * 7 % 91}?", "answer": str(a + a * 7 % 91)}) for a in range(60)]
    questions.write_text("\n".join(lines) + "\n")
    sums_server.interrupts_at = 20
    out = tmp_path / "stopped"
    assert execute(["run", str(questions), "--model", f"openai:sums@{sums_server.url}", "--out", str(out)]) == 130
    return out


def test_a_copy_is_neither_asked_nor_sealed_after_the_other(
    stopped: Path, tmp_path: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(stopped, tmp_path / "copy")
    assert execute(["resume", str(stopped)]) == 0
    asked = sums_server.sums
    capsys.readouterr()
    for finalize in ([], ["--finalize"]):
        assert execute(["resume", str(tmp_path / "copy"), *finalize]) == 2
        said = capsys.readouterr().err
        assert "another copy of this run was sealed already" in said
        assert len(said.splitlines()) == 1
    assert sums_server.sums == asked
    assert execute(["verify", str(stopped)]) == 0


def test_a_seal_that_was_interrupted_is_made_again(stopped: Path) -> None:
    assert execute(["resume", str(stopped)]) == 0
    (stopped / layout.BUNDLE).unlink()
    assert execute(["resume", str(stopped)]) == 0
    assert execute(["verify", str(stopped)]) == 0


def test_a_run_whose_finalizing_was_interrupted_is_sealed_and_not_asked_on(
    stopped: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """With further answers it could never be sealed: its end in the ledger names those that it had."""
    assert execute(["resume", str(stopped), "--finalize"]) in (0, 3, 4)
    (stopped / layout.BUNDLE).unlink()
    asked = sums_server.sums
    capsys.readouterr()
    assert execute(["resume", str(stopped)]) == 2
    assert "--finalize seals it" in capsys.readouterr().err
    assert sums_server.sums == asked
    assert execute(["resume", str(stopped), "--finalize"]) in (0, 3, 4)
    assert execute(["verify", str(stopped)]) == 0


def test_a_copy_that_is_sealed_all_the_same_does_not_verify(
    stopped: Path, tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its owner has the key, and seals by other means, with the ledger as it is now."""
    copy = tmp_path / "copy"
    shutil.copytree(stopped, copy)
    assert execute(["resume", str(stopped)]) == 0
    run, signer = RunFolder.open(copy), load_signer(key)
    with pytest.raises(InputError, match="begin a new one"):
        check_has_no_other_end(run, signer)
    scores: list[bytes] = []
    verdict = results_of(run, lambda score: scores.append(canonical_in_full(score) + b"\n")).verdict
    (copy / layout.SCORES).write_bytes(b"".join(scores))
    write_reports(copy, run, verdict)
    shutil.copyfile(key.with_name("key.ledger.jsonl"), copy / layout.LEDGER)
    seal_bundle(copy, {"renderer": renderer()}, signer)
    capsys.readouterr()
    assert execute(["verify", str(copy)]) == 1
    assert "the plan ended with other answers" in capsys.readouterr().err
