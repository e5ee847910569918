"""``steelyard panel difficulty`` and ``audit --difficulty`` with real runs: verified, tampered with, resumed."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

import steelyard
from packages.forensics.tests.panel_runs import questions, runs_of
from steelyard.cli import execute
from steelyard.evidence.canonical import without_defaults
from steelyard.planning.difficulties import digest_of, file_bytes, read_difficulties
from steelyard.storage.run_folder import RunFolder
from testkit.fixtures import SumsServer
from testkit.resealing import reseal

ITEMS = 60


def half_wrong(first: str, second: str) -> bool:
    return hashlib.sha256(f"{first}+{second}".encode()).digest()[0] < 128


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A panel of two families, the file of its difficulties, and an audit that uses it."""
    folder = tmp_path_factory.mktemp("difficulty")
    file = questions(folder, "sums", 0, ITEMS)
    panel, known = folder / "panel", folder / "sums.difficulty"
    for name, wrong in (("one", 60), ("two", 140)):
        (run,) = runs_of(folder, name, (wrong,), [file])
        assert execute(["panel", "add", str(run), "--family", name, "--dir", str(panel)]) == 0
    assert execute(["panel", "difficulty", "sums", "--dir", str(panel), "--out", str(known), "--by", "Jane Doe"]) == 0
    (folder / "claims.yaml").write_text(
        'model: sums\nvendor: V\nclaims:\n- {task: sums, value: "99.0", protocol: {decoding: greedy}}\n'
    )
    with SumsServer() as server:
        server.is_wrong = half_wrong  # type: ignore[method-assign]
        asked = ["--model", f"openai:sums@{server.url}", "--task", str(file), "--out", str(folder / "audit")]
        assert execute(["audit", str(folder / "claims.yaml"), *asked, "--difficulty", str(known)]) == 1
    return folder


def test_the_file_has_a_number_for_each_item_and_counts_the_panel(made: Path) -> None:
    known = read_difficulties(made / "sums.difficulty")
    assert (known.task, known.by, known.models, known.families, len(known.odds)) == ("sums", "Jane Doe", 2, 2, ITEMS)
    assert 2 <= len(set(known.odds)) <= 4  # right for both, for one of two kinds, for none


def test_the_audit_seals_it_uses_it_and_verifies_alone(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = RunFolder.open(made / "audit")
    known = read_difficulties(made / "sums.difficulty")
    assert run.plan.measurements[0].difficulties == known
    assert run.plan.inputs["difficulty/00-sums"].sha256 == digest_of(known)
    assert run.plan.tests[1].inputs == ("difficulty/00-sums",)
    capsys.readouterr()
    assert execute(["verify", str(made / "audit")]) == 0
    said = capsys.readouterr().out
    assert "verdict recomputed: inconsistent; report pages redrawn and equal" in said
    assert "is whole in the plan; that its panel's models answered so is its maker's word" in said
    page = (made / "audit" / "report.html").read_text()
    assert "made by Jane Doe" in page
    assert "A file that is merely wrong costs calls and accuses nobody" in page
    assert "could have tried any number of files" in page
    assert "hold over all audits of a question with this key" not in page
    summary = (made / "audit" / "summary.html").read_text() if (made / "audit" / "summary.html").exists() else ""
    assert "could have chosen the order of the questions" in summary or not summary


def test_tampering_with_the_extract_is_named(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = without_defaults(RunFolder.open(made / "audit").plan)
    plan["measurements"][0]["difficulties"]["odds"][3] += 1
    copy = reseal(Path(shutil.copytree(made / "audit", tmp_path / "audit")), plan=plan)
    assert execute(["verify", str(copy)]) == 1
    assert "difficulties are not those of the file that difficulty/00-sums names" in capsys.readouterr().err
    # With the input's digest changed too it is another plan, whose bets did not come to what the report says.
    other = read_difficulties(made / "sums.difficulty")
    odds = [*reversed(other.odds)]
    plan["measurements"][0]["difficulties"]["odds"] = odds
    plan["inputs"]["difficulty/00-sums"]["sha256"] = digest_of(replace(other, odds=tuple(odds)))
    assert execute(["verify", str(reseal(copy, plan=plan))]) == 1


def test_a_run_that_was_cut_off_goes_on_with_them(made: Path, tmp_path: Path) -> None:
    with SumsServer() as server:
        asked = {"model": f"openai:sums@{server.url}", "task": made / "sums.jsonl", "out": tmp_path / "run"}
        server.is_wrong = half_wrong  # type: ignore[method-assign]
        server.status = lambda prompt, times: 200 if sum(server.asked.values()) < 30 else 401
        with pytest.raises(steelyard.SteelyardError):
            steelyard.audit(made / "claims.yaml", difficulty=made / "sums.difficulty", **asked)  # type: ignore[arg-type]
        server.status = lambda prompt, times: 200
        found = steelyard.resume(tmp_path / "run")
    assert found.verdict.exit == 1
    assert any(note.check == "difficulties" for note in found.verdict.notes)
    assert execute(["verify", str(tmp_path / "run")]) == 0


def test_what_cannot_be_used_is_refused_in_one_line_and_nothing_is_written(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    panel, out = str(made / "panel"), tmp_path / "new"
    other = questions(tmp_path, "sums", 5, ITEMS)
    changed = tmp_path / "changed"
    changed.write_bytes(file_bytes(read_difficulties(made / "sums.difficulty")).replace(b"Jane", b"Joan"))
    with SumsServer() as server:
        audit = ["audit", str(made / "claims.yaml"), "--model", f"openai:sums@{server.url}", "--out", str(out)]
        for command, said in (
            (["panel", "difficulty", "other", "--dir", panel, "--out", str(out)], "0 of its models answered other"),
            (["panel", "difficulty", "sums", "--dir", panel, "--out", panel], "is there already"),
            (["panel", "difficulty", "sums", "--dir", panel, "--out", str(out), "--by", "a\nb"], "by is no text"),
            (["panel", "difficulty", "sums", "--dir", str(tmp_path), "--out", str(out)], "is no panel"),
            ([*audit, "--task", str(other), "--difficulty", str(made / "sums.difficulty")], "exactly these"),
            ([*audit, "--task", str(made / "sums.jsonl"), "--difficulty", str(changed)], "was changed"),
        ):
            capsys.readouterr()
            assert execute(command) == 2, command
            error = capsys.readouterr().err
            assert said in error
            assert "Traceback" not in error
            assert not out.exists()


def test_the_same_panel_gives_the_same_difficulties(made: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    assert execute(["panel", "difficulty", "sums", "--dir", str(made / "panel"), "--out", str(again)]) == 0
    first, second = (json.loads(path.read_bytes())["difficulty"] for path in (made / "sums.difficulty", again))
    del first["by"]
    assert first == second
