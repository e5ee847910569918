"""The keys of projects: made once, beside their ledgers, which count what jobs ask."""

from __future__ import annotations

import asyncio
import fcntl
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from packages.server.tests.jobs.yard import questions
from steelyard.api.conduct import conduct
from steelyard.cli import execute as steelyard
from steelyard.errors import InputError, StorageError
from steelyard.evidence.keys import public_key_path
from steelyard.evidence.ledger_file import LedgerFile, ledger_path
from steelyard.storage.run_folder import RunFolder
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.jobs import signing
from steelyard_server.jobs.asking import arguments_of, job_of
from steelyard_server.jobs.messages import Setup
from steelyard_server.jobs.signing import key_id_of_project, signer_of_project
from steelyard_server.jobs.specification import AuditSpecification
from testkit.fixtures import SumsServer

SHEET = "model: adder\nclaims:\n- task: sums\n  value: 100\n"


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return open_data_folder(tmp_path / "data folder")


def test_a_project_has_one_key_however_many_jobs_begin(folder: DataFolder) -> None:
    assert key_id_of_project(folder, 7) == ""
    with ThreadPoolExecutor(8) as pool:
        found = {signer.public_key.keyid for signer in pool.map(lambda _: signer_of_project(folder, 7), range(16))}
    assert found == {key_id_of_project(folder, 7)}
    assert found.isdisjoint({signer_of_project(folder, 8).public_key.keyid})
    private = folder.secrets / "projects/7.pem"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(private.parent.stat().st_mode) == 0o700


def test_a_ledger_that_is_gone_is_begun_anew_and_that_is_on_record(folder: DataFolder) -> None:
    signer = signer_of_project(folder, 7)
    assert b'"with the key"' in ledger_path(signer.path).read_bytes()
    ledger_path(signer.path).unlink()
    assert signer_of_project(folder, 7).public_key.keyid == signer.public_key.keyid
    assert b'"with the key"' not in ledger_path(signer.path).read_bytes()


def test_what_a_kill_left_of_a_key_is_made_anew(folder: DataFolder) -> None:
    """The key comes last: without it no job has signed, and its public half and its ledger are nobody's."""
    first = signer_of_project(folder, 7)
    first.path.unlink()
    half = folder.secrets / "projects/new"
    half.mkdir()
    (half / "7.pem").write_text("-----BEGIN")
    second = signer_of_project(folder, 7)
    assert second.public_key.keyid != first.public_key.keyid
    assert key_id_of_project(folder, 7) == second.public_key.keyid
    assert b'"with the key"' in ledger_path(second.path).read_bytes()
    assert not half.exists()


def test_a_ledger_that_counts_is_not_replaced_where_its_key_is_gone(folder: DataFolder) -> None:
    signer = signer_of_project(folder, 7)
    with LedgerFile(ledger_path(signer.path), signer) as ledger:
        ledger.begin("audit", "a" * 64, ())
    signer.path.unlink()
    with pytest.raises(InputError, match="the key of this ledger is gone"):
        signer_of_project(folder, 7)


def test_a_lock_that_is_never_given_back_is_not_waited_for_without_end(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer_of_project(folder, 7)
    monkeypatch.setattr(signing, "WAIT_SECONDS", 0.1)
    with (folder.secrets / "projects/lock").open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StorageError, match="another job keeps the keys of projects locked"):
            signer_of_project(folder, 8)
        assert key_id_of_project(folder, 7), "to look at a key needs no lock"
    assert key_id_of_project(folder, 8) == ""
    assert signer_of_project(folder, 8).public_key.keyid == key_id_of_project(folder, 8)


def test_a_key_that_others_may_read_is_refused(folder: DataFolder) -> None:
    signer_of_project(folder, 7).path.chmod(0o644)
    with pytest.raises(InputError, match="chmod 600"):
        signer_of_project(folder, 7)


def test_asking_again_divides_the_level(folder: DataFolder, tmp_path: Path, sums_server: SumsServer) -> None:
    asked = AuditSpecification(model="sums", sheet=SHEET, questions={"sums": questions(40)})
    numbers = []
    for number in (1, 2):
        setup = Setup(
            uri=f"openai:sums@{sums_server.url}", data=str(folder.path), project="", project_id=7, job=number,
            attempt=1, lease_seconds=9, calls=2,
        )  # fmt: skip
        inputs, run = tmp_path / f"in {number}", tmp_path / f"run {number}"
        inputs.mkdir()
        args = arguments_of(asked, setup, inputs, run)
        signer = signer_of_project(folder, setup.project_id)
        asyncio.run(conduct(job_of(asked, args, inputs), args, signer))
        assert steelyard(["verify", str(run), "--require-key", str(public_key_path(signer.path)), "--no-pages"]) == 0
        questions_of_plan = RunFolder.open(run).plan.questions
        numbers.append([each.number for each in questions_of_plan.values()])
    assert numbers == [[1], [2]]
