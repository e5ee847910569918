"""The judging in a run: recomputed from the journal, so that an edited one is found; as sealed where texts are gone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from steelyard.auditing.finalize import renderer, results_of
from steelyard.auditing.judged import is_judging
from steelyard.cli import execute
from steelyard.evidence.bundle import seal_bundle
from steelyard.evidence.canonical import canonical
from steelyard.records import Judging
from steelyard.storage.run_folder import RunFolder
from testkit.fixtures import SumsServer
from testkit.judge_server import JudgeServer
from testkit.judged_runs import ONE, judged, run_of


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds a run ``r`` and its judge's run ``rj``."""
    folder = tmp_path_factory.mktemp("judged")
    with pytest.MonkeyPatch.context() as patch, SumsServer() as server, JudgeServer() as judge:
        patch.chdir(folder)
        run = run_of(server, judge, folder, rubric=ONE, count=15)
        assert execute(judged(run, judge)) == 0
    return folder


def judging_of(run: Path) -> Judging | None:
    return results_of(RunFolder.open(run)).verdict.judging


def test_it_follows_from_the_journal(made: Path) -> None:
    sealed = json.loads((made / "rj" / "report.json").read_text())["judging"]
    found = judging_of(made / "rj")
    assert found is not None
    assert found.answers == sealed["answers"] == 15
    assert is_judging(RunFolder.open(made / "rj").plan)
    assert not is_judging(RunFolder.open(made / "r").plan)
    assert judging_of(made / "r") is None


@pytest.mark.parametrize(("key", "value"), [("rate", 1.0), ("open", 3), ("same", 15), ("answers_test", None)])
def test_an_edited_judging_that_is_sealed_again_does_not_verify(
    made: Path, tmp_path: Path, key: str, value: object, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "rj"
    shutil.copytree(made / "rj", run)
    report = json.loads((run / "report.json").read_text())
    assert report["judging"][key] != value
    report["judging"][key] = value
    (run / "report.json").write_bytes(canonical(report) + b"\n")
    (run / "bundle.dsse.json").unlink()
    seal_bundle(run, {"renderer": renderer()}, None)
    assert execute(["verify", str(run)]) == 1
    assert f"report.json: judging: {key}" in capsys.readouterr().err


def test_a_judging_that_is_left_out_does_not_verify(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "rj"
    shutil.copytree(made / "rj", run)
    report = json.loads((run / "report.json").read_text())
    del report["judging"]
    (run / "report.json").write_bytes(canonical(report) + b"\n")
    (run / "bundle.dsse.json").unlink()
    seal_bundle(run, {"renderer": renderer()}, None)
    assert execute(["verify", str(run)]) == 1
    assert "judging does not follow from the journal" in capsys.readouterr().err


def test_where_texts_are_withheld_it_is_as_sealed(made: Path, tmp_path: Path) -> None:
    run = tmp_path / "rj"
    shutil.copytree(made / "rj", run)
    shutil.rmtree(run / "texts")
    assert judging_of(run) == judging_of(made / "rj")
