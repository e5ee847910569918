"""Whether the report of a run may be shared: it says only what its journal gives, and no text of a private suite.

A run says which of its measurements are of a private suite (``suite`` in the plan), or of questions of one's own.
No page that this version draws shows a sample or an answer, and a sealed page was compared with the one drawn here.
Beside that, the page is held against the texts themselves, where they are here: one that quotes a text is not shared.
A gateway's recording does not say what its calls were about, so it is not shared at all.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError, SteelyardError
from steelyard.evidence import layout
from steelyard.evidence.bundle import open_plan

if TYPE_CHECKING:
    from steelyard_server.runs.summary import RunSummary

__all__ = ["check_shareable", "is_private", "quoted", "report_bytes"]

_WINDOW: Final = 40  # characters: a quotation of 59 or more always holds a window whole, and so is found
_STRIDE: Final = 20
_SHORTEST: Final = 20  # a shorter text, such as "yes" or a number, is on pages anyway
_MAX_TEXTS: Final = 256 << 20  # bytes that are looked through, while a person waits


def check_shareable(run: Path, summary: RunSummary) -> None:
    """Raise InputError, in words, where the report of a run cannot be shared."""
    if not (run / layout.REPORT_PAGE).is_file():
        raise InputError("this run has no report that could be shared")
    if not summary.pages_compared:
        raise InputError(
            "its report was not compared with its journal, so it might say anything: only one that was drawn again "
            "here, and is equal, can be shared"
        )
    if summary.kind == "recording":
        raise InputError("a recording does not say whether its calls were about a private suite: it is not shared")
    try:
        if is_private(run) and quoted(run):
            raise InputError("its report quotes a text of a private suite, and cannot be drawn without it: not shared")
    except SteelyardError as error:
        raise error if isinstance(error, InputError) else InputError("its files cannot be read: not shared") from None


def is_private(run: Path) -> bool:
    """Whether a run asked a private suite, or questions that are not public, as its plan says."""
    plan, _, _ = open_plan(layout.read_bounded(run, layout.PLAN, layout.MAX_BYTES[layout.PLAN]), layout.PLAN)
    found = plan.get("measurements")
    measurements = found if isinstance(found, list) else []
    return any(isinstance(each, dict) and (each.get("suite") or not each.get("public", True)) for each in measurements)


def quoted(run: Path) -> bool:
    """Whether the page holds a text of the run's samples or answers, or a longer piece of one.

    Raises InputError where there are too many texts to look through.
    """
    page = _words(_plain(layout.read_bounded(run, layout.REPORT_PAGE, layout.MAX_BYTES[layout.REPORT_PAGE]).decode()))
    windows = {page[place : place + _WINDOW] for place in range(max(0, len(page) - _WINDOW) + 1)}
    return any(_is_in(_words(text), page, windows) for text in _texts(run))


def report_bytes(run: Path, sha256: str) -> bytes | None:
    """The page as it was received; None where it is gone, or is not the same any more."""
    try:
        data = layout.read_bounded(run, layout.REPORT_PAGE, layout.MAX_BYTES[layout.REPORT_PAGE])
    except (SteelyardError, OSError):
        return None
    return data if hashlib.sha256(data).hexdigest() == sha256 else None


def _is_in(text: str, page: str, windows: set[str]) -> bool:
    if len(text) < _SHORTEST:
        return False
    if len(text) < _WINDOW + _STRIDE:
        return text in page
    return any(text[place : place + _WINDOW] in windows for place in range(0, len(text) - _WINDOW + 1, _STRIDE))


def _texts(run: Path) -> Iterator[str]:
    """Every text of the run's ``texts/``: of a sample all that its fields say."""
    left = _MAX_TEXTS
    for name in layout.run_files(run):
        if not layout.is_text(name):
            continue
        with layout.open_regular(run, name) as file:
            for line in layout.lines(file, name):
                left -= len(line)
                if left < 0:
                    raise InputError(
                        f"this run has more than {_MAX_TEXTS >> 20} MB of texts of a private suite: whether its report "
                        "holds none of them cannot be looked at here, so it is not shared"
                    )
                yield from _said(line)


def _said(line: bytes) -> Iterator[str]:
    try:
        text = json.loads(line)["text"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return
    yield str(text)
    try:
        yield from _strings(json.loads(text))
    except (ValueError, TypeError, RecursionError):
        return


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def _plain(page: str) -> str:
    """What a reader sees of a page."""
    body = re.sub(r"<(style|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", "", body))


def _words(text: str) -> str:
    return " ".join(text.split())
