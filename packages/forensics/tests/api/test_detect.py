"""A panel's test on real runs of servers: what is refused and sealed, and what the runs say of a changed extract."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

import steelyard
from packages.forensics.tests.panel_runs import questions, runs_of
from steelyard.errors import ExitCode, InputError, VerificationError
from steelyard.evidence.canonical import sha256_hex
from steelyard_forensics.api.detect import _twin_gap_of, twin_gap, verify_detection
from steelyard_forensics.api.panels import add_run
from steelyard_forensics.panels.detection import open_detection, seal_detection
from steelyard_forensics.panels.folder import read_panel
from steelyard_forensics.panels.matching import Asked, sides_of, sorted_entries
from steelyard_forensics.panels.record import Detection, LeftOut


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two families and a tested model, each with public samples and twins."""
    folder = tmp_path_factory.mktemp("detect")
    files = [questions(folder, "sums", 0), questions(folder, "twins", 1000)]
    for name, wrong in (("one", (60, 80)), ("two", (150, 160))):
        for run in runs_of(folder, name, wrong, files):
            add_run(run, name, folder / "panel")
    runs_of(folder, "mine", (20, 120), files)
    return folder


@pytest.fixture(scope="module")
def result(made: Path) -> Path:
    found = twin_gap(made / "mine-sums", twins=made / "mine-twins", panel=made / "panel", out=made / "result")
    assert found.exit == ExitCode.UNDECIDED
    assert "57 families are missing" in found.result.reason
    assert len(found.read) == 4
    return made / "result"


def test_it_holds_alone_and_against_its_runs(made: Path, result: Path) -> None:
    alone = verify_detection(result)
    assert steelyard.verify_result(result).found == alone.detection
    assert (alone.held, alone.unheld, alone.exit_code) == (0, 6, ExitCode.CONSISTENT)
    both = verify_detection(result, panel=made / "panel", runs=[made / "mine-sums", made / "mine-twins"])
    assert (both.held, both.unheld, both.panel_held, both.exit_code) == (6, 0, True, ExitCode.CONSISTENT)
    with pytest.raises(InputError, match="none of the runs that were tested"):
        verify_detection(result, runs=[made / "one-sums"])


@pytest.mark.parametrize("folder", ["tested", "panel"])
def test_an_extract_that_is_changed_and_sealed_again_is_not_what_the_run_gives(
    made: Path, result: Path, tmp_path: Path, folder: str
) -> None:
    opened = open_detection(result)
    detection = opened.detection
    extracts = {each.extract: (result / each.extract).read_bytes() for each in (*detection.tested, *detection.read)}
    name = next(each for each in extracts if each.startswith(folder) and b'"high":1,"low":1' in extracts[each])
    extracts[name] = extracts[name].replace(b'"high":1,"low":1', b'"high":0,"low":0', 1)
    runs = [replace(each, sha256=sha256_hex(extracts[each.extract])) for each in (*detection.tested, *detection.read)]
    changed = replace(detection, tested=tuple(runs[:2]), read=tuple(runs[2:]))
    seal_detection(tmp_path / "r", changed, extracts, None)
    assert verify_detection(tmp_path / "r").unheld == 6  # not testable, whatever the scores are
    with pytest.raises(VerificationError, match=f"{name}: is not what the sealed run"):
        verify_detection(tmp_path / "r", panel=made / "panel", runs=[made / "mine-sums", made / "mine-twins"])


def test_a_panel_that_has_grown_or_lost_a_run(made: Path, result: Path, tmp_path: Path) -> None:
    panel = Path(shutil.copytree(made / "panel", tmp_path / "panel"))
    text = (panel / "panel.yaml").read_text()
    (panel / "panel.yaml").write_text(text + "# another line\n")
    assert verify_detection(result, panel=panel).exit_code == ExitCode.UNDECIDED
    (panel / "panel.yaml").write_text(text.replace('family: "one"', 'family: "three"'))
    with pytest.raises(VerificationError, match=r"was read, in the family 'one'; by the panel it is .*'three'"):
        verify_detection(result, panel=panel)
    (panel / "panel.yaml").write_text('name: "p"\nruns: []\n')
    with pytest.raises(VerificationError, match="does not have the run"):
        verify_detection(result, panel=panel)


def test_a_family_that_was_left_out_without_need_is_found_by_the_panel(
    made: Path, result: Path, tmp_path: Path
) -> None:
    """Who has seen the drops leaves out the largest: the result holds alone, which says so, and not by the panel."""
    opened = open_detection(result)
    detection = opened.detection
    gone = [each for each in detection.read if each.family == "one"]
    kept = [each for each in detection.read if each.family != "one"]
    reason = "sums was asked otherwise: other samples"
    left_out = tuple(LeftOut(name=each.bundle[:16], family="one", reason=reason) for each in gone)
    again = _twin_gap_of(detection.tested, kept, opened.scores, detection.settings, detection.alpha)
    forged = replace(detection, read=tuple(kept), left_out=left_out, result=again)
    extracts = {each.extract: (result / each.extract).read_bytes() for each in (*forged.tested, *kept)}
    seal_detection(tmp_path / "r", forged, extracts, None)
    alone = verify_detection(tmp_path / "r")
    assert (alone.panel_held, alone.exit_code) == (False, ExitCode.CONSISTENT)
    with pytest.raises(VerificationError, match=r"was left out.*; by the panel it is read, in the family 'one'"):
        verify_detection(tmp_path / "r", panel=made / "panel")
    panel = Path(shutil.copytree(made / "panel", tmp_path / "panel"))
    text = (panel / "panel.yaml").read_text()
    for line, letter in zip([each for each in text.splitlines() if "asked: " in each], "ef", strict=False):
        text = text.replace(line, re.sub("[0-9a-f]{64}", letter * 64, line), 1)
    (panel / "panel.yaml").write_text(text)
    named = replace(forged.panel, sha256=sha256_hex(text.encode()))
    reasons = {each.name: each.reason for each in sorted_entries(read_panel(panel).entries, *_asked(forged))[1]}
    left_out = tuple(replace(each, reason=reasons[each.name]) for each in left_out)
    seal_detection(tmp_path / "s", replace(forged, panel=named, left_out=left_out), extracts, None)
    with pytest.raises(VerificationError, match=r"another run than panel\.yaml says"):
        verify_detection(tmp_path / "s", panel=panel)


def _asked(detection: Detection) -> tuple[Asked, str]:
    return sides_of(detection.tested, detection.settings), detection.tested[0].subject


@pytest.mark.parametrize("options", [("--output-tokens", "8"), ("--instruction", "Answer wrongly.")])
def test_who_was_asked_otherwise_is_left_out(made: Path, tmp_path: Path, options: tuple[str, str]) -> None:
    panel = Path(shutil.copytree(made / "panel", tmp_path / "panel"))
    files = [made / "sums.jsonl", made / "twins.jsonl"]
    add_run(runs_of(tmp_path, "capped", (60,), files[:1], *options)[0], "capped", panel)
    add_run(runs_of(tmp_path, "capped", (60,), files[1:])[0], "capped", panel)
    found = twin_gap(made / "mine-sums", twins=made / "mine-twins", panel=panel, out=tmp_path / "out")
    assert [each.reason[:42] for each in found.left_out] == [
        "sums was asked otherwise: other samples, a",
        "sums was not asked of this model in the sa",
    ]
    assert len(found.read) == 4
    assert verify_detection(tmp_path / "out", panel=panel).panel_held


def test_what_cannot_be_tested_is_refused_and_nothing_is_written(made: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    cases = [
        ({"twins": made / "one-twins"}, "another model or address"),
        ({}, "the run has no task with the public samples|are both sums"),
        ({"twins": made / "mine-twins", "task": "none"}, "no task 'none'"),
        ({"twins": made / "mine-twins", "alpha": 0.2}, "at most 0.05"),
    ]
    for how, said in cases:
        with pytest.raises(InputError, match=said):
            twin_gap(made / "mine-sums", panel=made / "panel", out=out, **how)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no panel"):
        twin_gap(made / "mine-sums", twins=made / "mine-twins", panel=tmp_path, out=out)
    assert not out.exists()


def test_the_tested_model_is_left_out_of_its_own_panel(made: Path, tmp_path: Path) -> None:
    panel = Path(shutil.copytree(made / "panel", tmp_path / "panel"))
    add_run(made / "mine-sums", "mine", panel)
    found = twin_gap(made / "mine-sums", twins=made / "mine-twins", panel=panel, out=tmp_path / "out")
    assert [each.reason for each in found.left_out] == ["it is of the tested model itself"]
    assert verify_detection(tmp_path / "out", panel=panel).exit_code == ExitCode.CONSISTENT


@pytest.mark.slow
def test_a_model_that_knows_the_public_samples_is_found(tmp_path: Path) -> None:
    files = [questions(tmp_path, "sums", 0, 60), questions(tmp_path, "twins", 1000, 60)]
    for number in range(60):
        for run in runs_of(tmp_path, f"m{number}", (40 + 2 * number, 45 + 2 * number), files):
            add_run(run, f"family {number}", tmp_path / "panel")
    for name, wrong, code in (("cheat", (0, 130), 1), ("honest", (110, 100), 3)):
        runs = runs_of(tmp_path, name, wrong, files)
        found = twin_gap(runs[0], twins=runs[1], panel=tmp_path / "panel", out=tmp_path / f"out-{name}")
        assert found.exit in ((1,) if code == 1 else (0, 3))
        assert verify_detection(tmp_path / f"out-{name}", panel=tmp_path / "panel", runs=runs).unheld == 0
