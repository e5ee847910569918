"""Documents of a folder or a list of files: found in sorted order, read within limits, named where not read."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from steelyard.errors import InputError, MissingDependency
from steelyard.suites.sources.document import MAX_BYTES, Document, Kind
from steelyard.suites.sources.isolation import extract_isolated
from steelyard.util.text import one_line

__all__ = ["KINDS", "Documents", "SkippedFile", "is_document", "read_document", "read_documents"]

KINDS: Final[dict[str, Kind]] = {
    ".pdf": "pdf",
    ".docx": "docx",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".text": "text",
    ".rst": "text",
}
MAX_FILES: Final = 10_000
_SHOWN: Final = 5  # reasons in a message


@dataclass(frozen=True)
class SkippedFile:
    """A file that was not read, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Documents:
    """What was read, in order, and what was not."""

    documents: tuple[Document, ...]
    skipped: tuple[SkippedFile, ...] = ()


def is_document(path: Path) -> bool:
    """Whether a file's name is that of a kind that is read."""
    return path.suffix.lower() in KINDS


def read_document(path: Path, name: str = "") -> Document:
    """Read one file; ``name`` is its name in the suite, by default the file's own.

    Raises InputError for a file that cannot be read or holds no text, MissingDependency where its parser is missing.
    """
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise InputError(f"is no document of a known kind ({', '.join(KINDS)})", where=path)
    data = _bytes_of(path)
    extracted = extract_isolated(kind, data, str(path))
    if not any(page.strip() for page in extracted.pages):
        raise InputError("holds no text", where=path)
    return Document(
        name=name or path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        kind=kind,
        pages=extracted.pages,
        notes=extracted.notes,
    )


def read_documents(paths: Sequence[Path], progress: Callable[[str], None] = lambda _: None) -> Documents:
    """Read files, and the files of folders in sorted order; ``progress`` gets the name of each before it is read.

    A file that the user names must be readable: otherwise InputError, as :func:`read_document`. In a folder, what
    cannot be read, is of another kind, is the same as a file before it, or is a link out of the folder is skipped and
    named; hidden files and folders are not looked at. Raises InputError where nothing is left.
    """
    found: list[Document] = []
    skipped: list[SkippedFile] = []
    seen: dict[str, str] = {}
    for path, shown in zip(paths, _shown_names(paths), strict=True):
        is_folder = path.is_dir()
        for file, below, reason in _files(path) if is_folder else [(path, "", "")]:
            name = "/".join(filter(None, (shown, below)))
            if reason:
                skipped.append(SkippedFile(name, reason))
                continue
            progress(name)
            try:
                document = read_document(file, name)
            except MissingDependency:
                raise
            except InputError as error:
                if not is_folder:
                    raise
                skipped.append(SkippedFile(name, str(error).removeprefix(f"{file}: ")))
                continue
            if document.sha256 in seen:
                skipped.append(SkippedFile(name, f"is the same file as {one_line(seen[document.sha256], 100)}"))
                continue
            seen[document.sha256] = name
            found.append(document)
    if not found:
        raise InputError(f"no document can be read{_listed(skipped)}", where=", ".join(map(str, paths)) or None)
    return Documents(tuple(found), tuple(skipped))


def _shown_names(paths: Sequence[Path]) -> list[str]:
    """What names of files begin with: nothing for a folder alone; else its own name, made unique by a number."""
    if len(paths) == 1 and paths[0].is_dir():
        return [""]
    names: list[str] = []
    for path in paths:
        name, number = path.name or path.resolve().name, 1
        while name in names:
            number += 1
            name = f"{path.stem}-{number}{path.suffix}"
        names.append(name)
    return names


def _listed(skipped: Sequence[SkippedFile]) -> str:
    if not skipped:
        return f": there is none of a known kind ({', '.join(KINDS)})"
    named = "; ".join(f"{one_line(each.name, 80)}: {each.reason}" for each in skipped[:_SHOWN])
    return f" ({named}{f'; and {len(skipped) - _SHOWN:,} more' if len(skipped) > _SHOWN else ''})"


def _files(folder: Path) -> Iterator[tuple[Path, str, str]]:
    """(path, name below the folder, why it is skipped or "") of each file, in sorted order."""
    root = folder.resolve()
    count = 0
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in [each for each in folders if Path(place, each).is_symlink()]:
            yield Path(place, name), _below(folder, Path(place, name)), "is a link to a folder, which is not followed"
        for name in sorted(name for name in files if not name.startswith(".")):
            count += 1
            if count > MAX_FILES:
                raise InputError(f"holds more than {MAX_FILES:,} files: choose a smaller folder", where=folder)
            path = Path(place, name)
            yield path, _below(folder, path), _why_not(path, root)


def _below(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix().encode("utf-8", "replace").decode()


def _why_not(path: Path, root: Path) -> str:
    if path.is_symlink():
        try:
            inside = path.resolve(strict=True).is_relative_to(root)
        except (OSError, RuntimeError):  # it leads nowhere, or round in a circle
            return "is a link that leads nowhere"
        if not inside:
            return "is a link out of the folder, which is not followed"
    return "" if is_document(path) else "is of a kind that is not read"


def _bytes_of(path: Path) -> bytes:
    """The bytes of a regular file: a pipe, which may never end, is refused before it is read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise InputError("is no regular file", where=path)
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path) from None
    if len(data) > MAX_BYTES:
        raise InputError(f"is larger than {MAX_BYTES >> 20} MiB: split it into several files", where=path)
    if not data:
        raise InputError("is empty", where=path)
    return data
