"""Where a run comes from: read from a seal that holds, and refused where it does not."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from steelyard.auditing.finalize import results_of
from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.reports.provenance import check_sealed_report, provenance_of
from steelyard.storage.run_folder import RunFolder

GOLDEN = Path(__file__).parent.parent / "assets" / "golden"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOLDEN, tmp_path / "golden"))


def test_of_the_golden_run() -> None:
    folder = RunFolder.open(GOLDEN)
    found = provenance_of(GOLDEN, folder.plan_sha256)
    assert found.is_sealed
    assert found.run == folder.plan_sha256[:16]
    assert Path(found.folder).resolve() == GOLDEN.resolve()
    assert folder.signers[0].startswith(found.signed_by)
    assert found.signed_by
    at = json.loads((GOLDEN / layout.CHECKPOINTS).read_bytes().splitlines()[-1])["at_us"]
    assert found.sealed_at == datetime.fromtimestamp(at / 1e6, UTC)


def test_of_a_run_that_is_not_sealed(run: Path) -> None:
    (run / layout.BUNDLE).unlink()
    found = provenance_of(run, "ab" * 32)
    assert not found.is_sealed
    assert (found.run, found.signed_by, found.sealed_at) == ("abababababababab", "", None)


def test_a_changed_byte_is_found(run: Path) -> None:
    path = run / layout.REPORT_PAGE
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(VerificationError, match=r"report\.html"):
        provenance_of(run, "ab" * 32)


@pytest.mark.parametrize("name", ["a\nb", "x" * 120])
def test_a_folder_whose_name_cannot_be_copied(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    assert provenance_of(tmp_path / name, "ab" * 32).folder == "RUN"


def test_a_folder_is_named_as_commands_take_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "-rf" / "run").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for run, named in (("-rf/run", "./-rf/run"), (str(tmp_path / "-rf" / "run"), "./-rf/run"), ("..", "..")):
        assert provenance_of(Path(run), "ab" * 32).folder == named


def test_the_sealed_report_must_say_the_same(run: Path) -> None:
    verdict = results_of(RunFolder.open(run)).verdict
    check_sealed_report(run, verdict)
    with pytest.raises(VerificationError, match="not what follows from the journal"):
        check_sealed_report(run, msgspec.structs.replace(verdict, exit=0))
    (run / layout.REPORT).write_text("{\n")
    with pytest.raises(VerificationError, match="not JSON"):
        check_sealed_report(run, verdict)
