"""Texts by digest: what was asked and answered, kept apart from the journal so that they can be withheld.

The journal holds only SHA-256 digests. Removing ``texts/`` from a copy of a run leaves everything else verifiable,
and the removal shows as *withheld*, not as absent. (DESIGN.md keeps one file per text; one append-only segment is the
same thing without a file creation per answer.)
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from assay.errors import Broken
from assay.evidence.canonical import canonical, sha256_hex
from assay.journal.lines import SEGMENT, write_whole

__all__ = ["Texts", "read_texts"]

FOLDER: Final = "texts"


class Texts:
    """The appending side. Each text is written once, before the journal line that names it."""

    def __init__(self, run: Path) -> None:
        path = run / FOLDER / SEGMENT
        path.parent.mkdir(mode=0o700, exist_ok=True)
        self._known = _cut_torn_tail(path)
        self._file: io.FileIO = path.open("ab", buffering=0)

    def add(self, text: str) -> str:
        """Keep a text (without lone surrogates) and give its digest; an empty text has none."""
        if not text:
            return ""
        digest = sha256_hex(text.encode())
        if digest not in self._known:
            write_whole(self._file.fileno(), canonical({"sha256": digest, "text": text}) + b"\n")
            self._known.add(digest)
        return digest

    def sync(self) -> None:
        """Force everything onto the disk."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Sync and close."""
        self.sync()
        self._file.close()


def read_texts(run: Path) -> Iterator[tuple[str, str]]:
    """Stream (digest, text); raises Broken where a text does not hash to its digest. No folder: nothing is yielded."""
    path = run / FOLDER / SEGMENT
    if not path.is_file():
        return
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            place = f"{FOLDER}/{SEGMENT} line {number}"
            try:
                record = json.loads(line)
                digest, text = record["sha256"], record["text"]
                actual = sha256_hex(text.encode())
            except (ValueError, KeyError, TypeError, AttributeError):
                raise Broken(f"{place}: not a text record") from None
            if actual != digest:
                raise Broken(f"{place}: the text does not hash to its digest {digest[:12]}…")
            yield digest, text


def _cut_torn_tail(path: Path) -> set[str]:
    """Cut a half-written last line (its journal line was never written) and give the digests that are there."""
    if not path.is_file():
        return set()
    known: set[str] = set()
    whole = 0
    with path.open("r+b") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                lines.truncate(whole)
                break
            whole += len(line)
            known.add(json.loads(line)["sha256"])
    return known
