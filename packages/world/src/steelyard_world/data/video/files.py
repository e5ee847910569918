"""Finds videos: a folder, a glob, a CSV list or one file → their paths, sorted."""

from __future__ import annotations

import csv
import glob
import hashlib
from collections.abc import Sequence
from pathlib import Path

from steelyard.errors import InputError

__all__ = ["VIDEO_SUFFIXES", "find_videos", "listing_digest"]

VIDEO_SUFFIXES = frozenset(
    {
        *(".3gp", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg"),
        *(".mpg", ".mts", ".ogv", ".ts", ".webm", ".wmv", ".y4m"),
    }
)
_HEADINGS = frozenset({"path", "video", "file"})


def find_videos(place: str | Path) -> tuple[Path, ...]:
    """Give the videos of a place, sorted and without repeats.

    A folder is searched recursively for names with a video's suffix; hidden files are skipped. A glob (``**`` included)
    takes whatever it matches. A CSV list has one video a line in its first column, or in the one headed
    path, video or file; paths in it are relative to the list. Raises InputError where no video is found.
    """
    path = Path(place)
    if path.is_dir():
        found = [file for file in path.rglob("*") if _is_video(file, path)]
        missing = f"no video in this folder (looked for {', '.join(sorted(VIDEO_SUFFIXES))}); give another or a list"
    elif path.is_file():
        found = list(_listed(path)) if path.suffix.lower() == ".csv" else [path]
        missing = "no video in this list: write one path a line"
    elif any(character in str(place) for character in "*?["):
        found = [file for file in map(Path, glob.glob(str(place), recursive=True)) if file.is_file()]
        missing = "no file matches this pattern: quote it, and check the folder"
    else:
        raise InputError("no such folder, file or list of videos: check the path", where=place)
    if not found:
        raise InputError(missing, where=place)
    return tuple(sorted(set(found)))


def listing_digest(paths: Sequence[Path]) -> str:
    """SHA-256 over names and sizes in bytes, in order: shows whether a training resumes with the same videos."""
    digest = hashlib.sha256()
    for path in paths:
        size = path.stat().st_size if path.is_file() else -1
        digest.update(f"{path.name}\0{size}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _is_video(file: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    return not hidden and file.suffix.lower() in VIDEO_SUFFIXES and file.is_file()


def _listed(path: Path) -> list[Path]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [(number, row) for number, row in enumerate(csv.reader(file), 1) if any(map(str.strip, row))]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"is not a CSV list in UTF-8 ({error}): write one path a line", where=path) from error
    if not rows:
        return []
    headings = [name.strip().lower() for name in rows[0][1]]
    column = next((index for index, name in enumerate(headings) if name in _HEADINGS), None)
    found = []
    for number, row in rows if column is None else rows[1:]:
        name = row[column or 0].strip() if len(row) > (column or 0) else ""
        video = path.parent / name
        if not name or not video.is_file():
            raise InputError(f"no such video: {name or '(empty)'}; fix or remove the line", where=path, line=number)
        found.append(video)
    return found
