"""What redaction changed, line by line, for a person to confirm before anything is sent.

It shows the values that were found, so it is for the screen of who holds them. Texts are hostile: every excerpt is one
line, bounded, without control characters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from steelyard.suites.redaction.redactor import Hit, Redacted
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["Change", "as_plain", "as_terminal", "changes"]

_CONTEXT: Final = 32  # characters shown before and after
_TOGETHER: Final = 120  # hits of one line that begin within so many characters are shown together
_LONGEST: Final = 240
MAX_CHANGES: Final = 200


@dataclass(frozen=True, slots=True)
class Change:
    """One place of a text: its line (1-based), and an excerpt before and after, both safe to show."""

    line: int
    before: str
    after: str


def changes(original: str, redacted: Redacted) -> list[Change]:
    """The places that ``redacted`` (of :func:`steelyard.suites.redaction.redactor.redact`) changed in ``original``."""
    found, line, counted = [], 1, 0
    for hits in _together(original, redacted.hits):
        first, last = hits[0].start, hits[-1].end
        line += original.count("\n", counted, first)
        counted = first
        before, behind = _context(original, first, last)
        after = "".join(_replaced(original, hits))
        found.append(
            Change(
                line,
                one_line(before + original[first:last] + behind, _LONGEST),
                one_line(before + after + behind, _LONGEST),
            )
        )
    return found


def _together(original: str, hits: Sequence[Hit]) -> Iterator[list[Hit]]:
    group: list[Hit] = []
    for hit in hits:
        if group and (hit.start - group[0].start > _TOGETHER or "\n" in original[group[0].start : hit.start]):
            yield group
            group = []
        group.append(hit)
    if group:
        yield group


def _context(original: str, first: int, last: int) -> tuple[str, str]:
    """What stands before and after on the same line, cut with an ellipsis."""
    start = max(original.rfind("\n", max(0, first - _CONTEXT), first) + 1, first - _CONTEXT, 0)
    newline = original.find("\n", last, last + _CONTEXT)
    end = min(last + _CONTEXT, len(original)) if newline < 0 else newline
    cut_before = start > 0 and original[start - 1] != "\n"
    cut_behind = newline < 0 and end < len(original) and original[end] != "\n"
    return "…" * cut_before + original[start:first], original[last:end] + "…" * cut_behind


def _replaced(original: str, hits: Sequence[Hit]) -> Iterator[str]:
    place = hits[0].start
    for hit in hits:
        yield original[place : hit.start]
        yield hit.placeholder
        place = hit.end


def as_plain(found: Sequence[Change], limit: int = MAX_CHANGES) -> str:
    """Lines of plain text, three for each of the first ``limit`` changes, and how many more there are."""
    lines = [
        line for change in found[:limit] for line in (f"line {change.line}", f"- {change.before}", f"+ {change.after}")
    ]
    return "\n".join([*lines, *_rest(found, limit)])


def as_terminal(found: Sequence[Change], limit: int = MAX_CHANGES) -> Text:
    """The same for Rich, in colours. Nothing in the texts is read as markup."""
    from rich.text import Text

    shown = Text()
    for change in found[:limit]:
        shown.append(f"line {change.line}\n", "dim").append(f"- {change.before}\n", "red").append(
            f"+ {change.after}\n", "green"
        )
    return shown.append("".join(f"{line}\n" for line in _rest(found, limit)), "dim")


def _rest(found: Sequence[Change], limit: int) -> list[str]:
    return [f"… and {len(found) - limit:,} more places"] if len(found) > limit else []
