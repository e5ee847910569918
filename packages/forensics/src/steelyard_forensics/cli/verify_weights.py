"""``steelyard verify`` with weights: what only they can say is computed again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.output import print_json
from steelyard.errors import ExitCode, InputError

if TYPE_CHECKING:
    from steelyard.api.results import VerifyResult

__all__ = ["held_facts", "verify_outputs_at"]


def verify_outputs_at(
    path: Path, require_key: Path | None, tested: Sequence[Path], references: Sequence[str], *, as_json: bool
) -> int:
    """Verify the sealed result of ``steelyard detect published_outputs``, and print what was checked."""
    from steelyard.api.progress import working
    from steelyard.evidence.signed import signature_words
    from steelyard_forensics.api.published_outputs import reference_of, verify_outputs
    from steelyard_forensics.published.pages import headline

    if bool(tested) != bool(references) or len(tested) > 1 or len(references) > 1:
        raise InputError(
            "the shares of outputs are computed again from the run and the weights: give --run and --model"
        )
    uri = reference_of(references[0]) if references else ""
    with working(f"verifying {path}"):
        found = verify_outputs(path, require_key, tested[0] if tested else None, uri)
    read = sum(row.read for row in found.outputs.rows)
    if as_json:
        print_json(
            {
                "holds": True,
                "signed_by": found.signed_by,
                "trusted": found.trusted,
                "outputs_read": read,
                "shares_made_again": bool(uri),
                "headline": headline(found.outputs),
            }
        )
        return int(ExitCode.CONSISTENT)
    signed = signature_words(found.signed_by, trusted=found.trusted)
    click.echo(f"holds: the shares of {read:,} outputs, {signed}")
    click.echo(
        "every share was computed again from the run and the weights"
        if uri
        else "shares taken as sealed: --run RUN --model reference=gguf:PATH compute them again"
    )
    click.echo(f"recomputed: {headline(found.outputs)}")
    return int(ExitCode.CONSISTENT)


def held_facts(result: VerifyResult, references: Sequence[str], *, as_json: bool) -> list[dict[str, Any]]:
    """Hold a verified run against the weights of its references, and print what came out unless it is for a program."""
    from steelyard.cli.suite.progress import shown_progress
    from steelyard.util.console import err
    from steelyard_forensics.api.by_weights import held_by_weights
    from steelyard_forensics.api.published_outputs import reference_of

    shown = shown_progress("answers")
    found = held_by_weights(result, [reference_of(each) for each in references], lambda line: err().print(line), shown)
    for each in () if as_json else found:
        click.echo(
            f"by the weights: {each.test}: {each.word}; {each.scores:,} scores made again, the furthest "
            f"{each.furthest:.2g} from the sealed one"
        )
    return [{"test": each.test, "word": each.word, "scores": each.scores, "furthest": each.furthest} for each in found]
