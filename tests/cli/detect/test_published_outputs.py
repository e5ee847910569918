"""The command by which a vendor's log is held against weights, and the verification of what it leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from steelyard.cli import execute as steelyard
from steelyard.comparison.published import decided_again
from steelyard.comparison.published_seal import SEAL, open_outputs, seal_outputs
from steelyard.errors import ExitCode
from steelyard.evidence.envelope import open_envelope, seal
from tests.api.test_published_outputs import log


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory, smollm2: Path) -> Path:
    """The vendor's log, and what came of it."""
    folder = tmp_path_factory.mktemp("published")
    command = ["detect", "published_outputs", str(log(folder / "run")), "--model", "reference=embedded:smollm2"]
    more = ["--out", str(folder / "out"), "--markdown", str(folder / "out.md")]
    assert steelyard([*command, *more]) == ExitCode.INCONSISTENT
    return folder


def test_what_it_leaves_says_which_benchmark(theirs: Path) -> None:
    text = (theirs / "out.md").read_text()
    assert "Inconsistent: the outputs of foreign were not written by" in text.replace("\\", "")
    assert [each.name for each in (theirs / "out").iterdir()] == [SEAL]


def test_it_verifies_alone_and_with_the_run_and_the_weights(theirs: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert steelyard(["verify", str(theirs / "out")]) == ExitCode.CONSISTENT
    assert "shares taken as sealed" in capfd.readouterr().out
    both = ["--run", str(theirs / "run"), "--model", "reference=embedded:smollm2"]
    assert steelyard(["verify", str(theirs / "out"), *both, "--json"]) == ExitCode.CONSISTENT
    facts = json.loads(capfd.readouterr().out)
    assert (facts["holds"], facts["shares_made_again"]) == (True, True)


def test_forged_shares_verify_alone_and_not_with_the_weights(
    theirs: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = open_outputs(theirs / "out").outputs
    foreign = replace(found.rows[1], samples=tuple(replace(each, own=0.97) for each in found.rows[1].samples))
    seal_outputs(tmp_path / "out", replace(found, rows=decided_again((found.rows[0], foreign))), None)
    assert steelyard(["verify", str(tmp_path / "out")]) == ExitCode.CONSISTENT
    both = ["--run", str(theirs / "run"), "--model", "reference=embedded:smollm2"]
    assert steelyard(["verify", str(tmp_path / "out"), *both]) == ExitCode.INCONSISTENT
    assert "a share of 0.97 is sealed" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--model", "embedded:smollm2"], "name the weights as reference=gguf:PATH"),
        (["--model", "subject=embedded:smollm2"], "name the weights as reference=gguf:PATH"),
        (["--model", "reference=openai:x@http://127.0.0.1:1/v1"], "gguf:PATH"),
        (["--model", "reference=gguf:/nowhere.gguf"], "no such file"),
        (["--model", "reference=embedded:smollm2", "--limit", "0"], "--limit"),
    ],
)
def test_what_cannot_be_used_is_refused(
    theirs: Path, tmp_path: Path, options: list[str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    command = ["detect", "published_outputs", str(theirs / "run"), *options, "--out", str(tmp_path / "out")]
    assert steelyard(command) == ExitCode.BAD_INPUT
    assert said in capfd.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_there_and_half_of_what_is_needed_are_refused(
    theirs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = ["detect", "published_outputs", str(theirs / "run"), "--model", "reference=embedded:smollm2"]
    assert steelyard([*command, "--out", str(theirs / "out")]) == ExitCode.BAD_INPUT
    assert "choose another --out" in capfd.readouterr().err
    assert steelyard(["verify", str(theirs / "out"), "--run", str(theirs / "run")]) == ExitCode.BAD_INPUT
    assert "give --run and --model" in capfd.readouterr().err


def test_a_changed_word_is_named(theirs: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    document, _ = open_envelope((theirs / "out" / SEAL).read_bytes(), SEAL)
    document = json.loads(json.dumps(document))
    document["predicate"]["outputs"]["rows"][1]["word"] = "consistent"
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / SEAL).write_bytes(seal(document, None))
    assert steelyard(["verify", str(tmp_path / "out")]) == ExitCode.INCONSISTENT
    assert "does not follow from its shares" in capfd.readouterr().err
