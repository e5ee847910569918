"""What a test over finished runs came to, in words: for the terminal, as Markdown, as one HTML file and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.records import VerdictWord
from steelyard.reports.markdown import escape
from steelyard.reports.measured_rates import measured_elsewhere
from steelyard.reports.words import counted, p_value
from steelyard.util.text import one_line
from steelyard_forensics.panels.folder import Panel
from steelyard_forensics.panels.record import Detection
from steelyard_forensics.sealed.page import page
from steelyard_forensics.stats.panel import families_needed

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["headline", "html", "machine", "markdown", "missing_families", "print_detection", "sentences"]

_LIMITS = (
    "A gap does not show how it came: it shows that the public score does not carry over to twins of its samples as "
    "that of other models does.",
    "No gap does not show that nothing was learned: what was learned of the twins too, or of the kind of question, "
    "leaves none.",
)


def machine(found: Detection) -> dict[str, Any]:
    """The document that ``steelyard detect --json`` prints."""
    document: dict[str, Any] = msgspec.to_builtins(found)
    return {"exit": int(found.exit), "headline": headline(found), "sentences": list(sentences(found)), **document}


def headline(found: Detection) -> str:
    """The word and what it rests on, in one sentence."""
    result = found.result
    word = result.word.words.capitalize()
    if result.word is VerdictWord.CONSISTENT and result.effect is not None:
        word += f" (to within {100 * result.effect.within:g} points)"
    p = f", {p_value(result.p)}" if result.p is not None else ""
    said = result.findings[0].message if result.findings else result.reason
    return f"{word}{p}: {one_line(said, 600).rstrip('.')}."


def sentences(found: Detection) -> Iterator[str]:
    """What was measured beside the word, what it rests on, and what it does not show."""
    result = found.result
    if result.effect is not None:
        effect = result.effect
        low, high = effect.ci
        yield (
            f"Gap {100 * (effect.value or 0):+.1f} points, prediction interval {100 * low:.1f} to {100 * high:.1f} "
            f"(each end one-sided at {found.alpha:g}); n = {effect.n:,} samples."
        )
    for note in result.notes:
        yield f"{one_line(note.message, 300)[:1].upper()}{one_line(note.message, 300)[1:]}."
    for finding in result.findings:
        yield f"Null hypothesis: {finding.null}."
        yield f"Assumed: {'; '.join(finding.assumptions)}."
    yield _panel_sentence(found)
    if found.left_out:
        reasons: dict[str, int] = {}
        for each in found.left_out:
            reasons[each.reason] = reasons.get(each.reason, 0) + 1
        yield f"Left out of the panel: {'; '.join(f'{n:,} ({one_line(why, 160)})' for why, n in reasons.items())}."
    yield (
        "This test has a level of its own, which no other one shares, and nothing of it was sealed before: whoever ran "
        "it has chosen the twins and the panel, and could have chosen again."
    )
    if rate := measured_elsewhere(found.rule):
        yield rate
    yield from _LIMITS


def _panel_sentence(found: Detection) -> str:
    first = min((run.date for run in found.tested), default="")
    later = sum(run.date > first for run in found.read)
    imported = sum(run.origin == "imported" for run in found.read)
    parts = [
        f"The panel {found.panel.name!r} has {counted(found.panel.families, 'family', 'families')} and "
        f"{counted(found.panel.runs, 'run')} (panel.yaml {found.panel.sha256[:16]}…)"
    ]
    if later:
        parts.append(f"{later:,} of those read were planned after the tested model's")
    if imported:
        parts.append(f"{imported:,} are another harness's logs, whose scores are taken as they are")
    return f"{'; '.join(parts)}."


def missing_families(panel: Panel, alpha: float = 0.05) -> str:
    """How many families a panel has, and how many a test at this level would still need."""
    needed, there = families_needed(alpha), len(panel.families)
    said = f"{counted(there, 'family', 'families')}, {counted(len(panel.entries), 'run')}; "
    if there >= needed:
        return f"{said}enough for a test at {alpha:g}, which needs {needed} that answered the same samples"
    missing = counted(needed - there, "family is", "families are")
    return f"{said}a test at {alpha:g} needs {needed} families that answered the same samples: {missing} missing"


def print_detection(found: Detection, console: Console) -> None:
    """Print the headline and the sentences; foreign text is one line."""
    from rich.text import Text

    console.print(Text(headline(found), style="bold"))
    for sentence in sentences(found):
        console.print(Text(f"· {sentence}"))


def markdown(found: Detection) -> str:
    """The whole result for a wiki or a pull request; foreign text is escaped."""
    lines = [f"# {found.rule}", "", f"**{escape(headline(found), 800)}**", ""]
    return "\n".join([*lines, *(f"- {escape(each, 800)}" for each in sentences(found)), ""])


def html(found: Detection) -> str:
    """The page: no script, no request."""
    return page(
        command="twin_gap",
        title="Twins and a panel",
        headline=headline(found),
        exit_code=found.exit,
        word=found.result.word,
        sentences=sentences(found),
    )
