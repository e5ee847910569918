"""Which videos a folder, a pattern or a list names."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard_world.data.video.files import find_videos, listing_digest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.mp4", "deep/er/a.MKV", "notes.txt", ".hidden/c.mp4", ".d.mp4"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def test_a_folder_is_searched_to_its_depths_for_what_ends_as_videos_do(folder: Path) -> None:
    assert find_videos(folder) == (folder / "b.mp4", folder / "deep/er/a.MKV")


def test_a_pattern_takes_whatever_it_matches(folder: Path) -> None:
    assert find_videos(f"{folder}/*.t?t") == (folder / "notes.txt",)
    assert find_videos(f"{folder}/**/*.MKV") == (folder / "deep/er/a.MKV",)


def test_a_list_names_one_video_a_line_relative_to_itself(folder: Path) -> None:
    (folder / "plain.csv").write_text("deep/er/a.MKV,3\n\nb.mp4\nb.mp4\n")
    (folder / "headed.csv").write_text("label,path\n3,b.mp4\n")
    assert find_videos(folder / "plain.csv") == (folder / "b.mp4", folder / "deep/er/a.MKV")
    assert find_videos(folder / "headed.csv") == (folder / "b.mp4",)


def test_one_file_is_one_video(folder: Path) -> None:
    assert find_videos(folder / "notes.txt") == (folder / "notes.txt",)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("empty", "no video in this folder"),
        ("*.none", "no file matches this pattern"),
        ("absent", "no such folder, file or list"),
        ("empty.csv", "no video in this list"),
        ("bad.csv", "bad.csv:3: no such video: gone.mp4"),
        ("bytes.csv", "not a CSV list in UTF-8"),
    ],
)
def test_a_place_without_videos_gives_one_clear_line(folder: Path, place: str, message: str) -> None:
    (folder / "empty").mkdir()
    (folder / "empty.csv").write_text("\n\n")
    (folder / "bad.csv").write_text("path\nb.mp4\ngone.mp4\n")
    (folder / "bytes.csv").write_bytes(b"\xff\xfe\x80")
    with pytest.raises(InputError, match=message) as caught:
        find_videos(f"{folder}/{place}")
    assert "\n" not in str(caught.value)


def test_the_listing_depends_on_names_sizes_and_order(folder: Path) -> None:
    paths = find_videos(folder)
    digest = listing_digest(paths)
    assert digest == listing_digest(paths)
    assert digest != listing_digest(paths[::-1])
    paths[0].write_bytes(b"xy")
    assert digest != listing_digest(paths)
