from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packages.server.tests.database.rows import digest
from steelyard.errors import SteelyardError
from steelyard_server.upkeep.backup_file import (
    FORMAT,
    BackupReader,
    BackupWriter,
    Manifest,
    TableContent,
    digest_of,
    run_member,
    table_member,
)

SEAL = "ab" * 32


def backup(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with BackupWriter(file) as writer:
        for name, data in members.items():
            assert writer.add(name, iter([data[:3], data[3:]])) == digest(data)
        writer.finish(
            Manifest(
                format=FORMAT,
                made_at="2026-11-28T00:00:00Z",
                made_with="0",
                postgres=18,
                schema=("0" * 64,),
                tables={"run": TableContent(columns=("id", "name"), rows=1)},
                runs=1,
                members=writer.members,
                audit_lines=0,
                audit_sha256="0" * 64,
            )
        )
    return file.getvalue()


MEMBERS = {table_member("run"): b"1\tx\n", run_member(SEAL, "plan.dsse.json"): b"{}" * 40, "erasures.jsonl": b""}
GOOD = backup(MEMBERS)


def read(path: Path) -> dict[str, bytes]:
    with BackupReader(path) as found:
        return {name: b"".join(found.read(name)) for name in found.manifest.members}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "backup"
    path.write_bytes(GOOD)
    assert read(path) == MEMBERS
    assert digest_of(path) == digest(GOOD)
    with BackupReader(path) as found:
        assert found.run_files() == [run_member(SEAL, "plan.dsse.json")]
        assert found.size > sum(map(len, MEMBERS.values()))


def test_the_same_content_has_the_same_bytes() -> None:
    assert backup(MEMBERS) == GOOD


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, len(GOOD) - 1), bits=st.integers(1, 255))
def test_a_changed_byte_is_refused_or_changes_nothing(tmp_path: Path, place: int, bits: int) -> None:
    path = tmp_path / "backup"
    path.write_bytes(GOOD[:place] + bytes([GOOD[place] ^ bits]) + GOOD[place + 1 :])
    with contextlib.suppress(SteelyardError):
        assert read(path) == MEMBERS  # a byte of the zip's that says nothing


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.integers(0, len(GOOD) - 1))
def test_a_torn_file_is_refused(tmp_path: Path, length: int) -> None:
    path = tmp_path / "backup"
    path.write_bytes(GOOD[:length])
    with pytest.raises(SteelyardError):
        read(path)


@pytest.mark.parametrize(
    "name",
    [
        run_member(SEAL, "../../../secrets/database.json"),
        run_member(SEAL, "texts/../../../evil"),
        run_member(SEAL, "index.db"),
        f"runs/00/{SEAL}/plan.dsse.json",
        run_member(SEAL[:-1], "plan.dsse.json"),
        run_member(SEAL.upper(), "plan.dsse.json"),
        "runs//plan.dsse.json",
        "/etc/passwd",
        "..",
        "secrets/database.json",
        "database/../person.copy",
        "database/person.copy",
        "",
    ],
)
def test_a_name_that_we_do_not_make_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "backup"
    path.write_bytes(backup(MEMBERS | {name: b"x"}))
    with pytest.raises(SteelyardError, match=r"it has a member that no backup has|its members are not"):
        read(path)


def test_a_folder_in_its_place_is_said(tmp_path: Path) -> None:
    with pytest.raises(SteelyardError, match="cannot be read: Is a directory"):
        read(tmp_path)
    with pytest.raises(SteelyardError, match="cannot be read: No such file"):
        read(tmp_path / "none")
