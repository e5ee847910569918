"""Notes for a resume: in the user's own state folder, for the user's eyes alone, and none where anything is odd."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from steelyard.records.file_options import FileOptions
from steelyard.storage.local_settings import LocalSettings, read_local_settings, settings_path, write_local_settings

PLAN = "a" * 64
OWN_FILES = FileOptions(sheet="S", choices=("a", "b"))
NOTED = LocalSettings(
    models={"subject": "openai:m@http://x/v1"}, api_key_env={"subject": "MY_KEY"}, data="/d", own_files=OWN_FILES
)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def test_what_is_noted_is_read_again(state: Path) -> None:
    old = os.umask(0)
    try:
        assert write_local_settings(PLAN, NOTED)
        assert write_local_settings(PLAN, NOTED)  # a second run with one plan, or a copy of it
    finally:
        os.umask(old)
    assert settings_path(PLAN) == state / "steelyard" / "runs" / f"{PLAN}.json"
    assert read_local_settings(PLAN) == NOTED
    assert stat.S_IMODE(settings_path(PLAN).stat().st_mode) == 0o600
    assert stat.S_IMODE(settings_path(PLAN).parent.stat().st_mode) == 0o700
    assert [path.name for path in settings_path(PLAN).parent.iterdir()] == [f"{PLAN}.json"]


def test_another_plan_has_none_of_it() -> None:
    write_local_settings(PLAN, NOTED)
    assert read_local_settings("b" * 64) is None
    for name in ("../../evil", "A" * 64, ""):
        assert read_local_settings(name) is None
        with pytest.raises(ValueError, match="is not a SHA-256"):
            settings_path(name)


@pytest.mark.parametrize("content", [b"", b"{", b'{"data": 3}', b"\xff", b"[" * 100_000, b" " * (2 << 20) + b"{}"])
def test_a_broken_file_counts_as_none(content: bytes) -> None:
    write_local_settings(PLAN, NOTED)
    settings_path(PLAN).write_bytes(content)
    assert read_local_settings(PLAN) is None


def test_a_file_that_others_may_write_to_counts_as_none() -> None:
    write_local_settings(PLAN, NOTED)
    settings_path(PLAN).chmod(0o622)
    assert read_local_settings(PLAN) is None


def test_links_and_pipes_count_as_none(tmp_path: Path) -> None:
    write_local_settings(PLAN, NOTED)
    settings_path(PLAN).rename(tmp_path / "notes.json")
    settings_path(PLAN).symlink_to(tmp_path / "notes.json")
    assert read_local_settings(PLAN) is None
    settings_path(PLAN).unlink()
    os.mkfifo(settings_path(PLAN))
    assert read_local_settings(PLAN) is None


def test_a_home_that_cannot_be_written_stops_no_run(state: Path) -> None:
    state.write_text("a file where the folder should be")
    assert not write_local_settings(PLAN, NOTED)
    assert read_local_settings(PLAN) is None
