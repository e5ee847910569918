"""``steelyard verify`` of a sealed result of ``steelyard detect``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.output import print_json

if TYPE_CHECKING:
    from steelyard_forensics.api.detect import DetectionVerified

__all__ = ["verify_one"]


def verify_one(
    path: Path, require_key: Path | None, panel: Path | None, tested: Sequence[Path], *, as_json: bool
) -> int:
    """Verify one result and print what was checked; the exit code is 3 where something was not."""
    from steelyard.api.progress import working
    from steelyard_forensics.api.detect import verify_detection

    with working(f"verifying {path}"):
        found = verify_detection(path, require_key, panel, tested)
    if as_json:
        print_json(_facts(found))
    else:
        _print(found)
    return int(found.exit_code)


def _facts(found: DetectionVerified) -> dict[str, Any]:
    return {
        "holds": True,
        "rule": found.detection.rule,
        "word": found.detection.result.word.value,
        "signed_by": found.signed_by,
        "trusted": found.trusted,
        "extracts_made_again": found.held,
        "extracts_not_held": found.unheld,
        "panel_held": found.panel_held,
        "panel_is_another": found.grown,
        "not_recomputed": [found.not_recomputed] if found.not_recomputed else [],
    }


def _print(found: DetectionVerified) -> None:
    from steelyard.evidence.signed import signature_words
    from steelyard.reports.words import counted
    from steelyard.util.text import one_line
    from steelyard_forensics.panels.words import headline

    signed = signature_words(found.signed_by, trusted=found.trusted)
    click.echo(f"holds: {counted(found.held + found.unheld, 'extract')}, {signed}")
    if found.held:
        click.echo(f"{counted(found.held, 'extract')} made again from sealed runs, which hold: equal")
    if found.unheld:
        click.echo(
            f"{counted(found.unheld, 'extract')} taken as sealed: --panel and --run hold them against their runs"
        )
    if not found.panel_held and not found.not_recomputed:
        click.echo("that nothing else of the panel had to be read was not checked: --panel does, from its runs")
    elif found.panel_held:
        read, apart = (counted(len(each), "run") for each in (found.detection.read, found.detection.left_out))
        click.echo(f"by the panel, {read} had to be read and {apart} left out: equal")
    if found.grown:
        click.echo("the panel is another one now: that nothing else was in it was not checked")
    if found.not_recomputed:
        click.echo(f"not recomputed: the rule {one_line(found.not_recomputed, 80)}, which this version has not")
        return
    click.echo(f"recomputed: {headline(found.detection)}")
