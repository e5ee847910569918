"""The process that reads one file: its bytes come by standard input, its text goes to standard output as JSON.

Run as ``python -P -m steelyard.suites.sources.worker KIND CPU-SECONDS``. The limits are set before a parser is loaded.
"""

from __future__ import annotations

import resource
import sys
from typing import Final

import msgspec

from steelyard.errors import InputError
from steelyard.suites.sources.document import Extracted, Kind

__all__ = ["MAX_REPLY", "extract", "main"]

MAX_MEMORY: Final = 3 << 30  # bytes of address space
MAX_REPLY: Final = 160 << 20  # bytes: 20 million characters, four bytes each, and what JSON escapes


def extract(kind: Kind, data: bytes) -> Extracted:
    """Read the bytes of a file. Raises InputError, without the file's name, for what cannot be read."""
    if kind == "pdf":
        from steelyard.suites.sources.pdf_file import extract_pdf

        return extract_pdf(data)
    if kind == "docx":
        from steelyard.suites.sources.docx_file import extract_docx

        return extract_docx(data)
    if kind == "html":
        from steelyard.suites.sources.html_file import extract_html

        return extract_html(data)
    from steelyard.suites.sources.text_file import extract_text

    return extract_text(data)


def main(kind: Kind, cpu_seconds: int) -> None:
    """Read standard input within limits of time, memory and output."""
    for limit, soft in (
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_AS, MAX_MEMORY),
        (resource.RLIMIT_FSIZE, MAX_REPLY),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(limit)
        resource.setrlimit(limit, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))
    try:
        reply = extract(kind, sys.stdin.buffer.read())
    except InputError as error:
        reply = Extracted(problem=str(error))
    except MemoryError:
        reply = Extracted(problem="needs too much memory to be read")
    written = msgspec.json.encode(reply)
    if len(written) > MAX_REPLY:
        written = msgspec.json.encode(Extracted(problem="holds too much text: split it into several files"))
    sys.stdout.buffer.write(written)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))  # type: ignore[arg-type]
