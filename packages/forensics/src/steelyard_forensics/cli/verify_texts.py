"""``steelyard verify`` of sealed results about texts: identity by text, and published outputs beside served answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from steelyard.cli.output import print_json
from steelyard.errors import ExitCode, InputError

__all__ = ["verify_output_texts_at", "verify_texts_at"]


def verify_texts_at(path: Path, require_key: Path | None, tested: Sequence[Path], *, as_json: bool) -> int:
    """Verify one result and print what was checked; with both runs every guess is made again."""
    from steelyard.api.progress import working
    from steelyard.evidence.signed import signature_words
    from steelyard_forensics.api.text_identity import verify_identity
    from steelyard_forensics.text_identity.pages import headline

    if len(tested) not in (0, 2):
        raise InputError("guesses are made again from both runs: give --run twice")
    runs = (tested[0], tested[1]) if tested else None
    with working(f"verifying {path}"):
        found = verify_identity(path, require_key, runs)
    guesses = found.identity.guesses
    if as_json:
        print_json(
            {
                "holds": True,
                "word": found.identity.word.value,
                "signed_by": found.signed_by,
                "trusted": found.trusted,
                "guesses": guesses,
                "guesses_made_again": runs is not None,
                "headline": headline(found.identity),
            }
        )
        return int(ExitCode.CONSISTENT)
    signed = signature_words(found.signed_by, trusted=found.trusted)
    click.echo(f"holds: {guesses:,} guesses, {signed}")
    click.echo(
        "every guess was made again from the two runs: equal"
        if runs
        else "guesses taken as sealed: --run RUN --run RUN2 make them again"
    )
    click.echo(f"recomputed: {headline(found.identity)}")
    return int(ExitCode.CONSISTENT)


def verify_output_texts_at(path: Path, require_key: Path | None, tested: Sequence[Path], *, as_json: bool) -> int:
    """Verify published outputs held against served answers; with both runs every guess is made again."""
    from steelyard.api.progress import working
    from steelyard.evidence.signed import signature_words
    from steelyard_forensics.api.published_texts import verify_texts
    from steelyard_forensics.published.texts_pages import headline

    if len(tested) not in (0, 2):
        raise InputError("guesses are made again from both runs: give --run LOG --run SERVED")
    runs = (tested[0], tested[1]) if tested else None
    with working(f"verifying {path}"):
        found = verify_texts(path, require_key, runs)
    pairs = sum(len(row.pairs) for row in found.texts.rows)
    if as_json:
        print_json(
            {
                "holds": True,
                "signed_by": found.signed_by,
                "trusted": found.trusted,
                "pairs": pairs,
                "guesses_made_again": runs is not None,
                "headline": headline(found.texts),
            }
        )
        return int(ExitCode.CONSISTENT)
    click.echo(f"holds: {pairs:,} pairs, {signature_words(found.signed_by, trusted=found.trusted)}")
    click.echo(
        "every guess was made again from the two runs: equal"
        if runs
        else "guesses taken as sealed: --run LOG --run SERVED make them again"
    )
    click.echo(f"recomputed: {headline(found.texts)}")
    return int(ExitCode.CONSISTENT)
