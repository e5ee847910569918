from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard_server.database.folder import folder_id, open_data_folder


def test_a_new_or_an_empty_folder_is_made_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = open_data_folder(Path("some where") / "data")
    assert folder.path == tmp_path / "some where" / "data"
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    (tmp_path / "empty").mkdir()
    assert [open_data_folder(path).path.is_dir() for path in (tmp_path / "empty", folder.path)] == [True, True]
    assert os.listdir(tmp_path / "empty") == ["steelyard-data"]


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear")
    for path in (tmp_path, Path("/etc")):
        before = path.stat()
        with pytest.raises(InputError, match="holds something else than a platform's data"):
            open_data_folder(path)
        assert path.stat()[:3] == before[:3]
    with pytest.raises(InputError, match="is no folder"):
        open_data_folder(tmp_path / "letter")
    with pytest.raises(InputError, match="cannot be used as the data folder: Not a directory"):
        open_data_folder(tmp_path / "letter" / "data")


def test_what_must_be_there_is_not_made(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name, message in (("none", "is no folder"), ("empty", "is empty: steelyard serve")):
        with pytest.raises(InputError, match=message):
            open_data_folder(tmp_path / name, create=False)
    assert os.listdir(tmp_path) == ["empty"]
    assert os.listdir(tmp_path / "empty") == []


def test_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "steelyard-data").write_bytes(b"steelyard-data/2\n" + b"\xff" * 1000)
    with pytest.raises(InputError, match=r"is of the format 'steelyard-data/2"):
        open_data_folder(tmp_path)


def test_an_empty_folder_that_was_there_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    assert stat.S_IMODE(open_data_folder(tmp_path / "data").path.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["incoming", "runs", "runs/ab", "secrets", "secrets/database.json", "postgres"])
def test_a_link_in_it_is_refused(tmp_path: Path, name: str) -> None:
    folder = open_data_folder(tmp_path / "data")
    (tmp_path / "victim").mkdir()
    place = folder.path / name
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(tmp_path / "victim")
    with pytest.raises(InputError, match=rf"{place} is a link, and no link is followed") as caught:
        open_data_folder(folder.path)
    assert "\n" not in str(caught.value)


def test_the_folder_itself_may_be_named_by_a_link(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "data")
    (tmp_path / "named").symlink_to(folder.path)
    assert open_data_folder(tmp_path / "named") == folder
    (tmp_path / "nowhere").symlink_to(tmp_path / "none")
    with pytest.raises(InputError, match="is a link that leads nowhere"):
        open_data_folder(tmp_path / "nowhere")


def of_another_user(path: Path) -> None:
    os.chown(path, pwd.getpwnam("games").pw_uid, 0)


def for_all(path: Path) -> None:
    path.chmod(0o777)


@pytest.mark.skipif(os.geteuid() != 0, reason="not root: whose anything is does not matter then")
@pytest.mark.parametrize(
    ("change", "name", "message"),
    [
        (of_another_user, "above/data", "belongs to another user, who could lead root's writes elsewhere: start"),
        (of_another_user, "above/data/runs", "belongs to another user"),
        (of_another_user, "above/data/runs/ab", "belongs to another user"),
        (for_all, "above/data/incoming", "can be written by others, .*: chmod go-w "),
        (of_another_user, "above", "others than root can rename what is in"),
        (for_all, "above", "others than root can rename what is in"),
    ],
)
def test_root_works_in_no_folder_that_others_could_replace(
    tmp_path: Path, change: Callable[[Path], None], name: str, message: str
) -> None:
    folder = open_data_folder(tmp_path / "above" / "data")
    for each in (folder.incoming, folder.runs, folder.runs / "ab", folder.postgres):
        each.mkdir()
    of_another_user(folder.postgres)
    assert open_data_folder(folder.path) == folder
    change(tmp_path / name)
    with pytest.raises(InputError, match=message) as caught:
        open_data_folder(folder.path)
    assert "\n" not in str(caught.value)


def test_what_a_restore_left_that_was_cut_off_is_no_platform(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "data", restoring=True)
    for _ in range(2):
        with pytest.raises(InputError, match="or its restore was cut off: if none runs, delete the folder"):
            open_data_folder(folder.path)
        (folder.path / "steelyard-data").unlink(missing_ok=True)  # cut off before it was made
    (folder.path / "steelyard-data").write_text("steelyard-data/1\n")
    folder.restoring.unlink()
    assert open_data_folder(folder.path) == folder


def test_a_folder_has_one_id(tmp_path: Path) -> None:
    folder, other = (open_data_folder(tmp_path / name) for name in ("a", "b"))
    assert folder_id(folder) == folder_id(open_data_folder(folder.path)) != folder_id(other)
    (other.path / "folder-id").write_text("")
    with pytest.raises(InputError, match="not as it was written"):
        folder_id(other)
