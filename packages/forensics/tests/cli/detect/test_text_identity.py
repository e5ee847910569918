"""The command that holds two runs against each other by their texts, and the verification of what it leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from steelyard.cli import execute as steelyard
from steelyard.errors import ExitCode
from steelyard_forensics.text_identity.identity import decided_again
from steelyard_forensics.text_identity.seal import SEAL, open_identity, seal_identity
from steelyard_forensics.text_identity.text_pairs import ORDERS
from testkit.writing_server import WritingServer, run_texts, task_file


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of different servers, and what came of them."""
    folder = tmp_path_factory.mktemp("texts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STEELYARD_KEY", str(folder / "no-key.pem"))
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        task = task_file(folder)
        run_texts(task, folder / "one", WritingServer(1))
        run_texts(task, folder / "kelp", WritingServer(3, "kelp"))
        command = ["detect", "text_identity", str(folder / "one"), "--reference", str(folder / "kelp")]
        more = ["--out", str(folder / "out"), "--markdown", str(folder / "out.md"), "--html", str(folder / "out.html")]
        assert steelyard([*command, *more]) == ExitCode.INCONSISTENT
    return folder


def test_what_it_leaves_says_what_was_shown_and_holds_no_text(runs: Path) -> None:
    assert "**Inconsistent: one and kelp were not answered from the same" in (runs / "out.md").read_text()
    assert "Inconsistent: one and kelp were not answered from the same" in (runs / "out.html").read_text()
    assert [each.name for each in (runs / "out").iterdir()] == [SEAL]
    sealed = json.dumps(open_identity(runs / "out").identity.pairs[0].__struct_fields__)
    assert "text" not in sealed


def test_it_verifies_alone_and_with_both_runs(runs: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert steelyard(["verify", str(runs / "out")]) == ExitCode.CONSISTENT
    assert "guesses taken as sealed" in capfd.readouterr().out
    both = ["--run", str(runs / "one"), "--run", str(runs / "kelp")]
    assert steelyard(["verify", str(runs / "out"), *both, "--json"]) == ExitCode.CONSISTENT
    facts = json.loads(capfd.readouterr().out)
    assert (facts["holds"], facts["guesses_made_again"], facts["word"]) == (True, True, "inconsistent")


def test_forged_guesses_verify_alone_and_not_with_the_runs(
    runs: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = open_identity(runs / "out").identity
    pairs = tuple(replace(each, said="wr"[at % 2] * ORDERS) for at, each in enumerate(found.pairs))
    seal_identity(tmp_path / "out", decided_again(replace(found, pairs=pairs)), None)
    assert steelyard(["verify", str(tmp_path / "out")]) == ExitCode.CONSISTENT
    both = ["--run", str(runs / "kelp"), "--run", str(runs / "one")]
    assert steelyard(["verify", str(tmp_path / "out"), *both]) == ExitCode.INCONSISTENT
    assert "the runs give other guesses" in capfd.readouterr().err


def test_the_document_has_the_word(runs: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    command = ["detect", "text_identity", str(runs / "kelp"), "--reference", str(runs / "one"), "--json"]
    assert steelyard([*command, "--out", str(tmp_path / "out")]) == ExitCode.INCONSISTENT
    assert json.loads(capfd.readouterr().out)["word"] == "inconsistent"


def test_what_cannot_be_used_is_refused_in_one_line(
    runs: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = ["detect", "text_identity", str(runs / "one")]
    assert steelyard(command) == ExitCode.BAD_INPUT
    assert steelyard([*command, "--reference", str(runs / "one"), "--out", str(tmp_path / "out")]) == ExitCode.BAD_INPUT
    assert "is the same run" in capfd.readouterr().err
    assert not (tmp_path / "out").exists()
    assert steelyard([*command, "--reference", str(runs / "kelp"), "--out", str(runs / "out")]) == ExitCode.BAD_INPUT
    assert "choose another --out" in capfd.readouterr().err
