"""A watch recomputed, and what is found where somebody chose its verdict."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from steelyard.api.watch_verify import verify_watch
from steelyard.cli import execute
from steelyard.errors import ExitCode, InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.watching.log import LOG
from testkit.fixtures import SumsServer


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A watch of ten passes and two looks."""
    folder = tmp_path_factory.mktemp("watch")
    rows = [{"question": f"What is {n} + 1?", "answer": str(n + 1)} for n in range(12)]
    (folder / "probe.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with SumsServer() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("STEELYARD_KEY", str(folder / "none.pem"))
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        model = f"openai:sums@{server.url}"
        watch = str(folder / "watch")
        assert execute(["watch", "begin", str(folder / "probe.jsonl"), "--model", model, "--out", watch]) == 0
        assert execute(["watch", "look", watch]) == 0
        assert execute(["watch", "look", watch]) == 0
    return folder / "watch"


@pytest.fixture
def watch(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "watch")
    return tmp_path / "watch"


def test_a_watch_holds_and_says_what_it_rests_on(made: Path) -> None:
    said: list[str] = []
    found = verify_watch(made, progress=said.append)
    assert (found.exit_code, found.passes, found.scores, found.open) == (ExitCode.CONSISTENT, 12, 144, ())
    assert (found.signed_by, found.in_ledger, found.standing.word) == ("", False, "quiet")
    assert len(said) == 12


def refused(watch: Path) -> str:
    with pytest.raises(VerificationError) as failed:
        verify_watch(watch)
    return str(failed.value)


def lines_of(watch: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (watch / LOG).read_bytes().splitlines()]


def write_chained(watch: Path, lines: list[dict[str, Any]]) -> None:
    """Write a log whose chain holds again, as somebody would who changed it."""
    head, data = "", b""
    for number, line in enumerate(lines):
        line = {**line, "seq": number, "prev": head} if number else line
        raw = canonical(line)
        head, data = sha256_hex(raw), data + raw + b"\n"
    (watch / LOG).write_bytes(data)


def of_look(lines: list[dict[str, Any]], number: int, kind: str) -> dict[str, Any]:
    return next(
        line for line in lines if (line["type"], line.get("kind"), line.get("number")) == (kind, "look", number)
    )


def drop_last_look(watch: Path, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return lines[:-2]


def drop_first_look(watch: Path, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = [line for line in lines if (line.get("kind"), line.get("number")) != ("look", 1)]
    shutil.rmtree(watch / "looks/0001")
    (watch / "looks/0002").rename(watch / "looks/0001")
    return [{**line, "number": 1} if line.get("kind") == "look" else line for line in kept]


def better_mean(watch: Path, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    of_look(lines, 2, "ended")["facts"]["high"] = 1_000_000
    return lines


def lower_bound(watch: Path, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Before the first look: nothing names the baseline's line yet."""
    shutil.rmtree(watch / "looks")
    kept = [line for line in lines if line.get("kind") != "look"]
    kept[-1]["bound"] -= 5
    return kept


def call_it_lost(watch: Path, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    ended = of_look(lines, 1, "ended")
    lost = {"type": "lost", "at": ended["at"], "kind": "look", "number": 1, "reason": "gone"}
    return [lost if line is ended else line for line in lines]


def other_level(watch: Path, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    lines[0]["alpha"] = 0.001
    return lines


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (drop_last_look, "the log knows nothing of it"),
        (drop_first_look, "its plan does not name the line of the log before it"),
        (better_mean, "did not come to what the log says of it"),
        (lower_bound, "bound is"),
        (call_it_lost, "its plan does not name the line of the log before it"),
        (other_level, "its plan does not name the line of the log before it"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_log_that_was_written_anew_does_not_hold(
    watch: Path, change: Callable[[Path, list[dict[str, Any]]], list[dict[str, Any]]], words: str
) -> None:
    write_chained(watch, change(watch, lines_of(watch)))
    assert words in refused(watch)


def test_a_look_of_another_watch_does_not_count(watch: Path, made: Path) -> None:
    shutil.rmtree(watch / "looks/0002")
    shutil.copytree(made / "looks/0001", watch / "looks/0002")
    assert "is another run than the one that began here" in refused(watch)


def test_a_pass_that_is_gone_does_not_hold(watch: Path) -> None:
    shutil.rmtree(watch / "baseline/0003")
    assert "the log says that a pass ended there" in refused(watch)


def test_a_changed_answer_does_not_hold(watch: Path) -> None:
    (journal,) = (watch / "looks/0001" / layout.JOURNAL).glob("*")
    journal.write_bytes(journal.read_bytes().replace(b'"sums"', b'"SUMS"', 1))
    refused(watch)


def test_a_run_beside_the_log_does_not_hold(watch: Path) -> None:
    shutil.copytree(watch / "looks/0002", watch / "looks/0003")
    assert "the log knows nothing of it" in refused(watch)


def test_what_is_open_or_lost_is_named_and_undecided(watch: Path) -> None:
    """The last end is no part of the chain yet: without it the look is open, whatever its folder holds."""
    write_chained(watch, lines_of(watch)[:-1])
    found = verify_watch(watch)
    assert (found.open, found.exit_code) == (("look 2 is not finished",), ExitCode.UNDECIDED)


def test_a_required_key_is_required_of_every_pass(watch: Path, key: Path) -> None:
    with pytest.raises(VerificationError, match="not signed"):
        verify_watch(watch, key.with_suffix(".pub.pem"))


def test_no_watch_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not the folder of a watch"):
        verify_watch(tmp_path)


def test_the_command_verifies_a_watch(watch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["verify", str(watch)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("holds: 12 passes in one chain, 144 scores recomputed, unsigned")
    assert "no key's ledger counts the passes" in said
    assert "recomputed: quiet: after 2 looks" in said
    assert execute(["verify", str(watch), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["passes"], document["state"]) == (12, "quiet")
    assert execute(["verify", str(watch), str(watch)]) == 2
