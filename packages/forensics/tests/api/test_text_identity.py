"""Runs as users make them, held against each other from Python: what is refused, and what holds on verification."""

from __future__ import annotations

from pathlib import Path

import pytest

import steelyard
from steelyard.errors import InputError, VerificationError
from steelyard.evidence.keys import load_signer
from steelyard.evidence.new_key import create_key
from steelyard.records import VerdictWord
from steelyard_forensics.api.text_identity import verify_identity
from steelyard_forensics.text_identity.seal import seal_identity
from testkit.writing_server import WritingServer, run_texts, task_file


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of one task: *one* and *two* by one kind of server, and others."""
    folder = tmp_path_factory.mktemp("texts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STEELYARD_KEY", str(folder / "no-key.pem"))
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        task = task_file(folder)
        run_texts(task, folder / "one", WritingServer(1))
        run_texts(task, folder / "two", WritingServer(2))
        run_texts(task, folder / "kelp", WritingServer(3, "kelp"))
        run_texts(task, folder / "seeded", WritingServer(4, seeds=(7,)))
        run_texts(task, folder / "replicas", WritingServer(12, seeds=(7, 8, 9)))
        run_texts(task, folder / "failing", WritingServer(5, "kelp", fails=3))
        run_texts(task, folder / "once", WritingServer(6), ())
        run_texts(task, folder / "fewer", WritingServer(7), ("--repeats", "2", "--limit", "100"))
        run_texts(task, folder / "shorter", WritingServer(8), ("--repeats", "2", "--output-tokens", "5"))
        (folder / "other").mkdir()
        run_texts(task_file(folder / "other", seed="another"), folder / "drawn", WritingServer(9))
        (folder / "cut").mkdir()
        run_texts(task_file(folder / "cut", untruncated=False), folder / "samplers", WritingServer(10))
        run_texts(task, folder / "greedy", WritingServer(11), ("--repeats", "2", "--temperature", "0"))
    return folder


def test_one_kind_of_server_is_not_told_apart_and_another_one_is(runs: Path) -> None:
    told: list[tuple[int, int]] = []
    alike = steelyard.text_identity(runs / "one", runs / "two", progress=lambda *each: told.append(each))
    assert alike.word is VerdictWord.INSUFFICIENT_POWER
    assert told[-1] == (120, 120)
    found = steelyard.text_identity(str(runs / "one"), str(runs / "kelp"), task="beginnings")
    assert (found.word, found.repeats, found.prompts) == (VerdictWord.INCONSISTENT, 2, 120)
    assert [each.run for each in found.runs] == ["one", "kelp"]


def test_a_server_with_one_seed_cannot_be_tested_and_missing_answers_speak_for_the_server(runs: Path) -> None:
    seeded = steelyard.text_identity(runs / "one", runs / "seeded")
    assert (seeded.word, seeded.runs[1].alike) == (VerdictWord.NOT_TESTABLE, 120)
    replicas = steelyard.text_identity(runs / "one", runs / "replicas")
    assert 20 < replicas.runs[1].alike < 60
    assert (replicas.word, replicas.pairs) == (VerdictWord.NOT_TESTABLE, ())
    failing, whole = (steelyard.text_identity(runs / "one", runs / name) for name in ("failing", "kelp"))
    assert failing.count("missing") > 20
    assert (failing.p or 0) > (whole.p or 0)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("one", "one", "is the same run"),
        ("one", "once", "answers to each sample 1 in place of 2"),
        ("one", "fewer", "has a --limit"),
        ("one", "shorter", "token limit of an answer 5 in place of"),
        ("one", "drawn", "other samples"),
        ("one", "samplers", "other samples"),
        ("greedy", "one", "answered greedily"),
        ("one", "nothing", "is not the folder of a run"),
    ],
)
def test_what_was_asked_otherwise_is_refused(runs: Path, first: str, second: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        steelyard.text_identity(runs / first, runs / second)


def test_runs_with_the_servers_own_samplers_and_tasks_that_are_not_there_are_refused(
    runs: Path, tmp_path: Path
) -> None:
    task = task_file(tmp_path, 12, untruncated=False)
    for number in (1, 2):
        run_texts(task, tmp_path / str(number), WritingServer(number))
    with pytest.raises(InputError, match="untruncated: true"):
        steelyard.text_identity(tmp_path / "1", tmp_path / "2")
    with pytest.raises(InputError, match="name one of its tasks with --task; those that ask for texts: beginnings"):
        steelyard.text_identity(runs / "one", runs / "two", task="nowhere")


def test_a_key_fixes_the_order_and_both_runs_make_each_guess_again(runs: Path, tmp_path: Path) -> None:
    create_key(tmp_path / "key.pem")
    signer = load_signer(tmp_path / "key.pem")
    found = steelyard.text_identity(runs / "one", runs / "kelp", signer=signer)
    assert found.pairs == steelyard.text_identity(runs / "kelp", runs / "one", signer=signer).pairs
    seal_identity(tmp_path / "out", found, signer)
    for both in ((runs / "one", runs / "kelp"), (runs / "kelp", runs / "one")):
        assert verify_identity(tmp_path / "out", tmp_path / "key.pub.pem", both).trusted
    with pytest.raises(VerificationError, match="about other runs"):
        verify_identity(tmp_path / "out", None, (runs / "one", runs / "two"))
    other = steelyard.text_identity(runs / "one", runs / "kelp")
    seal_identity(tmp_path / "drawn", other, None)
    assert verify_identity(tmp_path / "drawn", None, (runs / "one", runs / "kelp")).identity == other
