"""The pages of a sealed report beside those that its journal gives.

A page is what people read of a bundle, so a seal alone does not speak for it: whoever sealed it could have written
anything there. Whatever a bundle says of the programs that drew its pages changes only what follows from a difference.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.reports.passive import check_passive, split_charts
from steelyard.util.software import software
from steelyard.util.text import one_line

__all__ = ["MAX_PAGE_BYTES", "compare_pages", "drawn_alike"]

MAX_PAGE_BYTES: Final = layout.MAX_BYTES[layout.REPORT_PAGE]
_NUMBER: Final = re.compile(r"(-?\d+(?:\.\d+)?(?:e-?\d+)?)")
# All but line feed and tab; and what turns the direction of a text.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_SLACK: Final = 0.05  # of the units in which a chart is drawn: a pixel, a percentage point on a label


def compare_pages(
    run: Path, draw: Callable[[Path], None], *, sealed_by: str, drawn_with: Any, draws_with: Mapping[str, str]
) -> str:
    """Why the sealed pages could not be compared with those that ``draw`` writes to a folder; "" where they are equal.

    ``sealed_by`` is the software that made the bundle, as its plan says, ``drawn_with`` what drew the charts there and
    ``draws_with`` what draws them here. Pages of this version are equal to the byte but for their charts: those may be
    drawn by other versions, and then show the same shapes, words and numbers, or count as not compared. Raises
    VerificationError for a page that is not the journal's, and for one that could do more than be read.
    """
    page, markdown = _page(run), _markdown(run)
    if sealed_by != software():
        return f"they were made by {one_line(sealed_by, 60)!r}, and this is {software()}"
    with tempfile.TemporaryDirectory() as folder:
        draw(Path(folder))
        drawn = (Path(folder) / layout.REPORT_PAGE).read_bytes().decode()
        same_markdown = (Path(folder) / layout.REPORT_MARKDOWN).read_bytes() == markdown
    if not same_markdown:
        raise VerificationError(f"{layout.REPORT_MARKDOWN}: not the page that this journal gives")
    (parts, charts), (own_parts, own_charts) = split_charts(page), split_charts(drawn)
    if parts != own_parts or (charts != own_charts and drawn_with == draws_with):
        raise VerificationError(f"{layout.REPORT_PAGE}: not the page that this journal gives")
    if all(drawn_alike(one, other) for one, other in zip(charts, own_charts, strict=True)):
        return ""
    return "its charts were drawn by other programs, and differ from those drawn here"


def _page(run: Path) -> str:
    try:
        page = layout.read_bounded(run, layout.REPORT_PAGE, MAX_PAGE_BYTES).decode()
        check_passive(page)
    except ValueError as error:
        raise VerificationError(f"{layout.REPORT_PAGE}: {one_line(str(error), 200)}: do not open it") from None
    return page


def _markdown(run: Path) -> bytes:
    """A terminal obeys what a page says in control characters, also where nobody compares it."""
    data = layout.read_bounded(run, layout.REPORT_MARKDOWN, MAX_PAGE_BYTES)
    try:
        found = _CONTROL.search(data.decode())
    except ValueError as error:
        raise VerificationError(f"{layout.REPORT_MARKDOWN}: {one_line(str(error), 200)}: do not open it") from None
    if found:
        raise VerificationError(
            f"{layout.REPORT_MARKDOWN}: holds the control character {found.group()!a}: do not show it in a terminal"
        )
    return data


def drawn_alike(one: str, other: str) -> bool:
    """Whether two drawings have the same shapes, words and colours, and numbers that no eye could tell apart."""
    for number, (left, right) in enumerate(zip_longest(_NUMBER.split(one), _NUMBER.split(other))):
        if left == right:
            continue
        if left is None or right is None or number % 2 == 0 or abs(float(left) - float(right)) > _SLACK:
            return False
    return True
