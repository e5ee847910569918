"""``steelyard verify``: check every digest, score and verdict of a bundle offline."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json
from steelyard.errors import ExitCode


@click.command()
@click.argument("run", metavar="BUNDLE", type=click.Path(path_type=Path))
@click.option(
    "--require-key", type=click.Path(path_type=Path), help="Fail unless the bundle is signed by this public key."
)
@click.option(
    "--no-pages",
    "ignores_pages",
    is_flag=True,
    help="Do not end with 3 only because report.md and report.html could not be compared: you draw your own.",
)
@json_option
def command(run: Path, require_key: Path | None, ignores_pages: bool, as_json: bool) -> int:
    """Recompute every digest, score and verdict of BUNDLE offline; name the first check that fails (exit 1).

    The pages of the report are drawn again and compared where this version of Steelyard made them. Where they cannot
    be, the first line says so, and the exit code is 3.
    """
    from steelyard.api.progress import working
    from steelyard.api.results import verified

    with working(f"verifying {run}"):
        result = verified(run, require_key)
    integrity, found = result.integrity, result.recomputed
    origin = found.plan.origin.kind
    code = int(ExitCode.UNDECIDED if result.not_recomputed else ExitCode.CONSISTENT)
    if not ignores_pages:
        code = int(result.exit_code)
    if as_json:
        print_json(
            {
                "holds": result.holds,
                "verdict": found.verdict.verdict,
                "records": integrity.records,
                "segments": integrity.segments,
                "root": integrity.root,
                "answers": integrity.answers,
                "answers_root": integrity.answers_root,
                "signed_by": integrity.signed_by,
                "trusted": integrity.trusted,
                "scores_recomputed": found.scores,
                "scores_withheld": found.withheld,
                "scores_from_journal": found.executed,
                "unreadable_with_tokens": found.wasted,
                "answers_under_errors": found.disowned,
                "pages_redrawn": found.pages,
                "pages_not_compared": found.not_compared,
                "not_recomputed": list(found.verdict.not_recomputed),
            }
        )
        return code
    if found.not_compared:
        click.echo(_warning(run, found.not_compared))
    chains = "one chain" if integrity.segments == 1 else f"{integrity.segments} chains"
    click.echo(f"holds: {integrity.records} records in {chains}, Merkle root {integrity.root[:16]}…")
    if integrity.answers:
        click.echo(f"answers root, independent of machine and order: {integrity.answers_root}")
    for message in integrity.messages:
        click.echo(message)
    if origin == "gateway":
        click.echo(f"a gateway recording: report recomputed from the journal; {_pages(found.pages)}")
        if found.disowned:
            click.echo(f"{found.disowned} replies hold a complete answer under an error status")
        return code
    sealed = f", {found.withheld} taken as sealed, since their texts are withheld" if found.withheld else ""
    click.echo(f"{found.scores} scores recomputed from the model outputs{sealed}")
    if found.executed:
        by = "by the other harness" if origin == "imported" else "by running code"
        click.echo(f"{found.executed} scores made {by}, taken from the journal: not recomputed here")
    if found.wasted:
        click.echo(f"{found.wasted} attempts used tokens without a readable reply: none of them counts as an answer")
    click.echo(f"verdict recomputed: {found.verdict.verdict.words}; {_pages(found.pages)}")
    rules = {test.id: test.rule for test in found.plan.tests}
    for test in found.verdict.not_recomputed:
        click.echo(f"not recomputed: the test {test}, since no detector {rules[test]} is installed here: install it")
    return code


def _pages(redrawn: bool) -> str:
    return f"report pages {'redrawn and equal' if redrawn else 'NOT compared'}"


def _warning(run: Path, why: str) -> str:
    place = shlex.quote(str(run))
    return (
        f"report.md and report.html were NOT compared, do not rely on them: {why}. "
        f"Draw your own: steelyard report {place} --html own.html --markdown own.md"
    )
