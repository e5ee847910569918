"""The process that reads a suite which was brought here, within limits and without the network.

Run as ``python -P -m steelyard_server.suites.worker FOLDER CPU-SECONDS MEMORY PARENT ITEMS [MORE]``. The items go to
the new file ITEMS, one a line; what the pages show of the suite, or why there is none, to standard output as JSON. MORE
is a folder with lines of ``exposures.jsonl`` and ``review.jsonl`` that are put into the suite's files first, as
``steelyard suite review`` does it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from steelyard.errors import InputError, SteelyardError
from steelyard_server.push.worker import confine, without_place
from steelyard_server.suites.summary import SuiteSummary, item_lines, suite_summary

if TYPE_CHECKING:
    from steelyard.tasks.suite_task import SuiteTask

__all__ = ["Reply", "main"]

_MAX_WRITTEN: Final = 256 << 20


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A suite that can be read; or in one line why not. ``changed`` counts items that decisions changed or dropped."""

    suite: SuiteSummary | None = None
    changed: int = 0
    problem: str = ""


def main(folder: str, cpu_seconds: int, memory: int, parent: int, items: str, more: str = "") -> None:
    """Read the suite in ``folder``, for the process ``parent``, with which this one ends."""
    confine(cpu_seconds, memory, parent, _MAX_WRITTEN)
    sys.stdout.buffer.write(msgspec.json.encode(_read(Path(folder), Path(items), more)))


def _read(folder: Path, items: Path, more: str) -> Reply:
    try:
        changed = _apply(folder, Path(more)) if more else 0
        suite = _opened(folder)
        summary = suite_summary(suite)
        with items.open("xb") as out:
            for line in item_lines(suite):
                out.write(msgspec.json.encode(line) + b"\n")
        return Reply(suite=summary, changed=changed)
    except SteelyardError as error:
        return Reply(problem=without_place(folder, str(error)))
    except OSError as error:
        return Reply(problem=f"cannot be read: {error.strerror}")
    except (ValueError, RecursionError):
        return Reply(problem="its files cannot be read")
    except MemoryError:
        return Reply(problem="needs more memory to be read than this server allows")


def _opened(folder: Path) -> SuiteTask:
    from steelyard.tasks.suite_file import SUITE, is_suite
    from steelyard.tasks.suite_task import task_from_suite
    from steelyard_server.suites.content import MAX_ITEMS, is_suite_file

    if not is_suite(folder):
        raise InputError(f"is no suite: there is no {SUITE} in it")
    suite = task_from_suite(folder, to_ask=False)
    if suite.rows.is_encrypted:
        raise InputError("is encrypted, and this server has no key to it: bring a copy that is opened")
    if len(suite.rows) > MAX_ITEMS:
        raise InputError(f"has {len(suite.rows):,} items, and a suite here at most {MAX_ITEMS:,}")
    rubric = suite.definition.scorer.get("rubric", "")
    if rubric and not is_suite_file(str(rubric)):
        raise InputError(f"names the rubric {str(rubric)[:80]!r}: it lies in a folder of the suite")
    suite.rows.check_images()
    return suite


def _apply(folder: Path, more: Path) -> int:
    """Put what runs showed on the suite's record, and decisions into its files; how many items changed."""
    from steelyard.suites.exposures import EXPOSURES, read_exposures
    from steelyard.suites.review import REVIEW
    from steelyard.suites.review_apply import apply_review
    from steelyard.util.append_file import append_lines

    known = {(each.run, each.suite, each.recipient) for each in read_exposures(folder) if each.state == "ended"}
    found = [
        line
        for line, each in zip(
            (more / EXPOSURES).read_bytes().splitlines(keepends=True), read_exposures(more), strict=True
        )
        if (each.run, each.suite, each.recipient) not in known
    ]
    if found:
        append_lines(folder / EXPOSURES, b"".join(found))
    append_lines(folder / REVIEW, (more / REVIEW).read_bytes())
    done = apply_review(folder)
    return done.edited + done.dropped + done.marked


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:7])
