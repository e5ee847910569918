"""The files of a run's folder, by name, and how they are opened: regular files only, links are never followed.

A sealed run holds exactly these files, so that nothing can be added beside what the seal names.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from steelyard.errors import VerificationError

__all__ = [
    "BUNDLE",
    "CHECKPOINTS",
    "JOURNAL",
    "LEDGER",
    "LOCAL",
    "MAIN_SEGMENT",
    "MAX_LINE_BYTES",
    "PLAN",
    "REPORT",
    "REPORT_MARKDOWN",
    "REPORT_PAGE",
    "SAMPLES",
    "SCORES",
    "TEMPORARY_BUNDLE",
    "TEXTS",
    "TEXT_SEGMENT",
    "digest_and_lines",
    "is_derived",
    "is_journal",
    "is_litter",
    "is_sealable",
    "is_text",
    "lines",
    "open_regular",
    "read_bounded",
    "reading_order",
    "run_files",
    "samples_of",
    "segment",
    "segment_label",
]

PLAN = "plan.dsse.json"
BUNDLE = "bundle.dsse.json"
TEMPORARY_BUNDLE = ".bundle.dsse.json.tmp"
SCORES = "scores.jsonl"
REPORT = "report.json"
REPORT_MARKDOWN = "report.md"
REPORT_PAGE = "report.html"
LEDGER = "ledger.jsonl"
LOCAL = "local.json"
CHECKPOINTS = "checkpoints.jsonl"
JOURNAL = "journal/"
SAMPLES = "samples/"
TEXTS = "texts/"
SEGMENT_SUFFIX = "-0000.jsonl"
MAIN_SEGMENT = f"{JOURNAL}main{SEGMENT_SUFFIX}"
TEXT_SEGMENT = f"{TEXTS}main{SEGMENT_SUFFIX}"
MAX_LINE_BYTES = 16 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024

FOLDERS = {JOURNAL, SAMPLES, TEXTS}
SEALABLE = re.compile(
    r"plan\.dsse\.json|(scores|checkpoints|ledger)\.jsonl|report\.(json|md|html)"
    r"|journal/[a-z0-9][a-z0-9-]{0,62}-0000\.jsonl|texts/[a-z0-9_-]+-[0-9]{4}\.jsonl"
    r"|samples/[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.txt"
)
LITTER = re.compile(r"\.DS_Store|Thumbs\.db|[Dd]esktop\.ini|\._[^/]{1,255}")
DERIVED = re.compile(r"index\.db(-journal|-shm|-wal)?|local\.json")


def is_litter(name: str) -> bool:
    """Whether an operating system leaves files of this name in folders that it shows: Finder, Explorer, exFAT."""
    return LITTER.fullmatch(name.rpartition("/")[2]) is not None


def is_sealable(name: str) -> bool:
    """Whether a seal may name this file: no absolute path, no ``..``, nothing outside the run's layout."""
    return SEALABLE.fullmatch(name) is not None


def is_journal(name: str) -> bool:
    """Whether ``name`` is a segment of the journal."""
    return name.startswith(JOURNAL)


def reading_order(segments: Iterable[str]) -> list[str]:
    """The journal's segments in reading order: the main one first, then the workers' by name."""
    return sorted(segments, key=lambda name: (name != MAIN_SEGMENT, name))


def segment(label: str) -> str:
    """The file of the journal's segment with this label in its header: ``main`` → ``journal/main-0000.jsonl``."""
    return f"{JOURNAL}{label}{SEGMENT_SUFFIX}"


def segment_label(name: str) -> str:
    """The segment's name in its header: ``journal/main-0000.jsonl`` → ``main``."""
    return name.removeprefix(JOURNAL).removesuffix(SEGMENT_SUFFIX)


def samples_of(measurement: str) -> str:
    """The file with the digests of a measurement's samples, a line each."""
    return f"{SAMPLES}{measurement}.txt"


def is_text(name: str) -> bool:
    """Whether ``name`` holds texts, which a run may withhold."""
    return name.startswith(TEXTS)


def is_derived(name: str) -> bool:
    """Whether ``name`` belongs to this machine alone (a rebuildable index, local paths): never sealed."""
    return DERIVED.fullmatch(name) is not None


def run_files(run: Path) -> Iterator[str]:
    """The names of all files in a run's folder, sorted.

    Raises VerificationError for links, devices and folders that do not belong to a run.
    """
    for name, is_folder in _entries(run, ""):
        if not is_folder:
            yield name
            continue
        folder = f"{name}/"
        if folder not in FOLDERS:
            raise VerificationError(f"{folder}: this folder does not belong to a run: move it out")
        for inner, is_inner_folder in _entries(run, folder):
            if is_inner_folder:
                raise VerificationError(f"{inner}/: this folder does not belong to a run: move it out")
            yield inner


def _entries(run: Path, prefix: str) -> list[tuple[str, bool]]:
    found: list[tuple[str, bool]] = []
    try:
        with os.scandir(run / prefix) as entries:
            for entry in entries:
                name = prefix + entry.name
                if entry.is_symlink():
                    raise VerificationError(f"{name}: a link: a run may hold regular files only")
                is_folder = entry.is_dir(follow_symlinks=False)
                if not is_folder and not entry.is_file(follow_symlinks=False):
                    raise VerificationError(f"{name}: not a regular file")
                found.append((name, is_folder))
    except OSError as error:
        raise VerificationError(f"{prefix or run}: cannot be read: {error.strerror}") from None
    return sorted(found)


def open_regular(run: Path, name: str) -> BinaryIO:
    """Open a file of the run for reading.

    Raises VerificationError, naming the file, where it is missing, a link or not a regular file.
    """
    try:
        # Not blocking: a named pipe put in a file's place must not stall the reader.
        descriptor = os.open(run / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise VerificationError(f"{name}: missing") from None
    except OSError as error:
        reason = "a link" if error.errno == errno.ELOOP else f"cannot be read: {error.strerror}"
        raise VerificationError(f"{name}: {reason}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise VerificationError(f"{name}: not a regular file")
    return os.fdopen(descriptor, "rb", buffering=CHUNK_BYTES)


def read_bounded(run: Path, name: str, limit: int) -> bytes:
    """All bytes of a file of the run; raises VerificationError, naming it, where it is larger than ``limit``."""
    with open_regular(run, name) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise VerificationError(f"{name}: larger than {limit} bytes")
    return data


def digest_and_lines(run: Path, name: str) -> tuple[str, int]:
    """SHA-256 (hexadecimal) and the number of newlines of a file of the run, of any size.

    Raises VerificationError where it cannot be opened as a regular file.
    """
    digest, newlines = hashlib.sha256(), 0
    with open_regular(run, name) as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            newlines += chunk.count(b"\n")
    return digest.hexdigest(), newlines


def lines(file: BinaryIO, name: str) -> Iterator[bytes]:
    """The lines of a file, with their newlines.

    Raises VerificationError for a line that is too long, and for a last line without a newline.
    """
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if not line.endswith(b"\n"):
            reason = (
                f"longer than {MAX_LINE_BYTES} bytes" if len(line) > MAX_LINE_BYTES else "cut off: it has no newline"
            )
            raise VerificationError(f"{name} line {number}: {reason}")
        yield line
