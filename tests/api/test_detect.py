"""A panel's test on real runs of servers: what is refused and sealed, and what the runs say of a changed extract."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from steelyard.api.detect import twin_gap, verify_detection
from steelyard.api.panels import add_run
from steelyard.errors import ExitCode, InputError, VerificationError
from steelyard.evidence.canonical import sha256_hex
from steelyard.panels.detection import open_detection, seal_detection
from tests.panel_runs import questions, runs_of


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
    assert (alone.held, alone.unheld, alone.exit_code) == (0, 6, ExitCode.CONSISTENT)
    both = verify_detection(result, panel=made / "panel", runs=[made / "mine-sums", made / "mine-twins"])
    assert (both.held, both.unheld, both.exit_code) == (6, 0, ExitCode.CONSISTENT)
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
    with pytest.raises(VerificationError, match="in another family"):
        verify_detection(result, panel=panel)
    (panel / "panel.yaml").write_text('name: "p"\nruns: []\n')
    with pytest.raises(VerificationError, match="does not have the run"):
        verify_detection(result, panel=panel)


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
