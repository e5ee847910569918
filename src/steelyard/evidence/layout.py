"""The files of a run's folder, by name, and how they are opened: regular files only, links are never followed.

A sealed run holds exactly these files, so that nothing can be added beside what the seal names. An image is named by
its own digest, and by the samples that show it.
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
    "DIGEST_LINE_BYTES",
    "JOURNAL",
    "LEDGER",
    "MAIN_SEGMENT",
    "MAX_BYTES",
    "MAX_LINE_BYTES",
    "MAX_MEDIA_BYTES",
    "MAX_SCORE_BYTES",
    "MEDIA",
    "PLAN",
    "REPORT",
    "REPORT_MARKDOWN",
    "REPORT_PAGE",
    "SAMPLES",
    "SCORES",
    "SOURCES",
    "TEMPORARY_BUNDLE",
    "TEXTS",
    "TEXT_SEGMENT",
    "TIMESTAMP",
    "digest_and_lines",
    "is_derived",
    "is_journal",
    "is_litter",
    "is_media",
    "is_sealable",
    "is_text",
    "lines",
    "media_of",
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
TIMESTAMP = "timestamp.tsr"
DETECTION = "detection.dsse.json"
OUTPUTS = "outputs.dsse.json"
OUTPUT_TEXTS = "output-texts.dsse.json"
TEXT_IDENTITY = "text-identity.dsse.json"
RESULTS = (OUTPUTS, OUTPUT_TEXTS, TEXT_IDENTITY, DETECTION)  # of tests over finished runs, each in a folder of its own
CHECKPOINTS = "checkpoints.jsonl"
JOURNAL = "journal/"
SAMPLES = "samples/"
TEXTS = "texts/"
MEDIA = "media/"
SOURCES = "sources/"
SEGMENT_SUFFIX = "-0000.jsonl"
MAIN_SEGMENT = f"{JOURNAL}main{SEGMENT_SUFFIX}"
TEXT_SEGMENT = f"{TEXTS}main{SEGMENT_SUFFIX}"
MAX_LINE_BYTES = 16 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024
MAX_FILES = 100_000  # in one folder: far more than any run has, few enough for memory
# What a file may have as a whole, where it is read at once, and on one line, where that is less than MAX_LINE_BYTES.
MAX_BYTES = {
    "plan.dsse.json": 16 << 20,
    "bundle.dsse.json": 16 << 20,
    "report.json": 16 << 20,
    "report.md": 32 << 20,
    "report.html": 64 << 20,
    "checkpoints.jsonl": 32 << 20,
    "ledger.jsonl": 64 << 20,
    "timestamp.tsr": 64 << 10,
}
MAX_SCORE_BYTES = 1 << 20
MAX_MEDIA_BYTES = 20_000_000  # of one image that a sample shows
DIGEST_LINE_BYTES = 64

FOLDERS = {JOURNAL, SAMPLES, TEXTS, MEDIA, SOURCES}
SEALABLE = re.compile(
    r"plan\.dsse\.json|(scores|checkpoints|ledger)\.jsonl|report\.(json|md|html)|timestamp\.tsr"
    r"|journal/[a-z0-9][a-z0-9-]{0,62}-0000\.jsonl|texts/[a-z0-9_-]+-[0-9]{4}\.jsonl"
    r"|samples/[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.txt|sources/[0-9]{2}-[A-Za-z0-9._-]{1,80}"
)
MEDIA_NAME = re.compile(r"media/[0-9a-f]{64}")
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


def is_media(name: str) -> bool:
    """Whether ``name`` is that of an image: its own SHA-256, so that no seal need name it."""
    return MEDIA_NAME.fullmatch(name) is not None


def media_of(digest: str) -> str:
    """The file of the image with this SHA-256."""
    return f"{MEDIA}{digest}"


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
                if len(found) > MAX_FILES:
                    raise VerificationError(f"{prefix or run}: holds more than {MAX_FILES} files")
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
        _check_size(file, name, limit)
        data = file.read(limit + 1)
    if len(data) > limit:
        raise _too_large(name, limit)
    return data


def _check_size(file: BinaryIO, name: str, limit: int | None) -> None:
    # What is too large is refused before it is read: a sparse file of any size costs its sender nothing.
    if limit is not None and os.fstat(file.fileno()).st_size > limit:
        raise _too_large(name, limit)


def _too_large(name: str, limit: int) -> VerificationError:
    return VerificationError(f"{name}: larger than {limit} bytes")


def _line_limit(name: str) -> int | None:
    """How long a line of a file may be; None for one that is not read by lines."""
    if name == SCORES:
        return MAX_SCORE_BYTES
    if name.startswith(SAMPLES):
        return DIGEST_LINE_BYTES
    return MAX_LINE_BYTES if name == CHECKPOINTS or name.startswith((JOURNAL, TEXTS)) else None


def digest_and_lines(run: Path, name: str) -> tuple[str, int]:
    """SHA-256 (hexadecimal) and the number of newlines of a file of the run.

    Raises VerificationError where it cannot be opened as a regular file, is larger than files of its kind are, or has
    a line that is longer than theirs: as soon as that shows, and not after a gigabyte of it.
    """
    digest, newlines = hashlib.sha256(), 0
    limit, open_line = _line_limit(name), 0  # of the line that the chunks read so far did not end
    with open_regular(run, name) as file:
        _check_size(file, name, MAX_MEDIA_BYTES if is_media(name) else MAX_BYTES.get(name))
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            newlines += chunk.count(b"\n")
            if limit is not None:
                last = chunk.rfind(b"\n")
                first = chunk.find(b"\n") if last >= 0 else len(chunk)
                if open_line + first > limit:
                    raise VerificationError(f"{name}: has a line that is longer than {limit} bytes")
                open_line = open_line + len(chunk) if last < 0 else len(chunk) - last - 1
    return digest.hexdigest(), newlines


def lines(file: BinaryIO, name: str) -> Iterator[bytes]:
    """The lines of a file, with their newlines.

    Raises VerificationError for a line that is too long, and for a last line without a newline.
    """
    number, limit = 0, _line_limit(name) or MAX_LINE_BYTES
    while line := file.readline(limit + 1):
        number += 1
        if not line.endswith(b"\n"):
            reason = f"longer than {limit} bytes" if len(line) > limit else "cut off: it has no newline"
            raise VerificationError(f"{name} line {number}: {reason}")
        yield line
