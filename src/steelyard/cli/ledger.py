"""``steelyard ledger``: what was planned with a key, and the head that a verifier may keep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json

if TYPE_CHECKING:
    from steelyard.evidence.keys import SSlibKey
    from steelyard.evidence.ledger import Line

__all__ = ["command"]

_key = click.option(
    "--key", type=click.Path(path_type=Path), help="The private or public file of the key (default: your own)."
)


@click.group()
def command() -> None:
    """Show and check the ledger of a key: every plan that began with it, and how it ended."""


@command.command()
@_key
@json_option
def show(key: Path | None, as_json: bool) -> int:
    """Show every line: number, time (UTC), what began or ended, the plan, and how many questions it asks."""
    lines, _ = _checked(key)
    if as_json:
        print_json(
            [
                {"number": line.number, "at": line.at, "event": line.event, "word": line.word, "plan": line.plan,
                 "questions": len(line.tags)}
                for line in lines
            ]
        )  # fmt: skip
        return 0
    for line in lines:
        asked = f", {len(line.tags)} {'question' if len(line.tags) == 1 else 'questions'}" if line.tags else ""
        plan = f" {line.plan[:16]}…" if line.plan else ""
        click.echo(f"{line.number:>6} {line.at} {line.event} ({line.word}){plan}{asked}")
    return 0


@command.command()
@_key
def head(key: Path | None) -> int:
    """Print the head as JSON: give it to those who will verify later runs (steelyard verify RUN --ledger HEAD)."""
    lines, public = _checked(key)
    print_json({"keyid": public.keyid, "lines": len(lines), "digest": lines[-1].digest})
    return 0


@command.command()
@_key
def verify(key: Path | None) -> int:
    """Check every signature and the chain; name the first line that does not hold (exit 1)."""
    from steelyard.evidence.ledger import carried_plans

    lines, public = _checked(key)
    begun = {line.plan for line in lines if line.event == "begun"}
    left = len(begun - {line.plan for line in lines if line.event == "ended"})
    opened = "begun with the key" if lines[0].word == "with the key" else "begun later than the key"
    click.echo(f"holds: {len(lines)} lines by key {public.keyid}, {opened}")
    click.echo(f"{len(begun)} {'plan' if len(begun) == 1 else 'plans'} began, {left} of them never ended")
    if carried := carried_plans(lines):
        click.echo(f"{carried} of earlier keys {'is' if carried == 1 else 'are'} counted on")
    return 0


def _checked(key: Path | None) -> tuple[list[Line], SSlibKey]:
    """The lines of a key's ledger, checked, and its public key.

    Raises InputError where there is none, VerificationError where it does not hold.
    """
    from steelyard.evidence.keys import describe_key, load_public
    from steelyard.evidence.ledger import check_chain, parse_lines
    from steelyard.evidence.ledger_file import ledger_path, read_ledger

    info = describe_key(key)
    path, public = ledger_path(info.path), load_public(info.public_path)
    lines = parse_lines(read_ledger(path), path.name)
    check_chain(lines, public, path.name)
    return lines, public
