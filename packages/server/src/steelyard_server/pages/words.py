"""Words that several pages share."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from steelyard.records import VerdictWord
from steelyard.reports.charts import css_name
from steelyard.reports.gates import colour_of

if TYPE_CHECKING:
    from steelyard_server.runs.summary import RunSummary

__all__ = ["bytes_in_words", "intervals_in_words", "moment", "money_in_words", "verdict_class", "verdict_in_words"]

_CLAIM: Final = (
    "The interval of a claim is about all questions of its benchmark, asked as they were asked here, and holds "
    "whenever it is read."
)
_GATE: Final = (
    "The interval of a gate is about all questions of its suite (against a baseline, about the difference on them), "
    "and holds whenever the run stops."
)
_CHOICE: Final = "The interval of a model is about all questions of the suite, and holds whenever the run stops."
_MEASURED: Final = (
    "The interval of what was measured is at 95 %, and about questions like these, so it is wider than one about these "
    "alone; of a run that was ended early it is about all questions of its task."
)


def moment(at: datetime | None) -> str:
    """A time to the minute, in UTC: ``2026-11-28 00:17 UTC``; an en dash where there is none."""
    return "–" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def bytes_in_words(size: int) -> str:
    """A size as people read it: ``512 bytes``, ``1.2 MB``."""
    if size < 1000:
        return f"{size} byte{'s' * (size != 1)}"
    value = float(size)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.95:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def money_in_words(amount: float | Decimal) -> str:
    """An amount to two decimals, a small one to two digits: ``1,204.50``, ``0.0014``."""
    return f"{amount:,.2f}" if amount >= 0.1 or not amount else f"{Decimal(f'{amount:.1e}'):f}"


def verdict_in_words(word: str, kind: str = "") -> str:
    """A verdict's word as prose, a gate's as its colour; ``measured`` where nothing was claimed."""
    if kind == "gate" and word in set(VerdictWord):
        return colour_of(VerdictWord(word))
    return VerdictWord(word).words if word in set(VerdictWord) else "measured"


def verdict_class(word: str) -> str:
    """The class and sign of a verdict; that of *not tested* where nothing was claimed."""
    return css_name(VerdictWord(word) if word in set(VerdictWord) else VerdictWord.NOT_TESTED)


def intervals_in_words(run: RunSummary) -> list[str]:
    """What the intervals of a run's table are about; nothing where it has none."""
    of_kind = {"gate": _GATE, "choice": _CHOICE}.get(run.kind, _CLAIM)
    shown = [each for each in run.rows if each.interval not in ("", "–")]
    judged = [of_kind] if any(each.word for each in shown) else []
    return judged + ([_MEASURED] if any(not each.word for each in shown) else [])
