"""``steelyard suite check``: has a model learned from what was released of a suite?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.options import asking_options, json_option, run_arguments, with_subject
from steelyard.cli.output import print_json, print_measurement, print_places

if TYPE_CHECKING:
    from steelyard.api.leak_check import NextCheck, Pairs

__all__ = ["command"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@asking_options
@click.option(
    "--alpha",
    type=click.FloatRange(0, 0.05, min_open=True),
    default=0.001,
    show_default=True,
    help="The chance that a model which learned nothing is found.",
)
@click.option(
    "--released-to",
    default="",
    metavar="URL",
    help="Look for what this address was asked of the suite's variants; it must be one that is sealed with them "
    "(default: the model's own address).",
)
@click.option("--dry-run", is_flag=True, help="Say what the check can see and what is left, and ask nothing.")
@json_option
def command(folder: Path, alpha: float, released_to: str, dry_run: bool, as_json: bool, **asking: Any) -> int:
    """Ask released and kept items of the sealed suite FOLDER, and test whether the released ones are answered better.

    Where the suite has variants (steelyard suite vary), those that an endpoint was asked are also tested against others
    of the same items, each test at half of the level. That of variants is divided by the number of addresses that are
    sealed with them. A check spends what it asks: what went to an endpoint counts as released to it.
    Exit codes: 0 no gap beyond chance, 1 a gap, or the suite's canary in an answer, 3 undecided, 4 answers are missing.
    """
    import asyncio

    from steelyard.api.conduct import conduct, signer_at
    from steelyard.api.leak_check import canaries_in, check_job, next_check
    from steelyard.api.options import options_of
    from steelyard.records import SUBJECT
    from steelyard.reports.measured_rates import measured_elsewhere
    from steelyard.tasks.suite_file import read_suite

    args = with_subject(run_arguments(**asking))
    check = next_check(folder, args.models[SUBJECT], alpha, released_to)
    _print_power(check, alpha)
    if dry_run:
        return 0
    done = asyncio.run(conduct(check_job(check, options_of(args), alpha), args, signer_at(args.key)))
    found = canaries_in(done.folder, read_suite(check.folder).canary)
    code = 1 if found and done.verdict.exit in (0, 3) else int(done.verdict.exit)
    if as_json:
        from steelyard.reports import machine

        canaries = [{"measurement": hit.measurement, "sample": hit.sample} for hit in found]
        print_json(machine.render(done.verdict) | {"canaries": canaries, "exit": code})
        return code
    for tested in done.verdict.results:
        for note in tested.notes:
            click.echo(f"{tested.word.words}: {note.message}")
    for rate in filter(None, map(measured_elsewhere, dict.fromkeys(tested.rule for tested in done.verdict.results))):
        click.echo(rate)
    for result in done.verdict.measurements:
        print_measurement(result)
    for hit in found[:5]:
        click.echo(f"the suite's canary is in the answer to {hit.sample}: the model has read the suite's files")
    print_places(done.folder, done.verdict, signed=done.is_signed)
    return code


def _print_power(check: NextCheck, alpha: float) -> None:
    from steelyard.reports.words import counted
    from steelyard.util.text import one_line

    level = alpha / 2 if check.halves and check.pairs else alpha
    if halves := check.halves:
        click.echo(
            f"check {halves.number}: {halves.released:,} released and {halves.kept:,} kept items; "
            f"{_seen(halves.gap)} (alpha {level:g}); {halves.left:,} checks are left after it",
            err=True,
        )
    if pairs := check.pairs:
        click.echo(
            f"variants: {counted(pairs.items, 'item')} as {one_line(pairs.address, 120)} was asked them "
            f"({pairs.sent:,} on record) and in another variant; {_seen(pairs.gap)} (alpha {level:g}{_shared(pairs)}); "
            f"{pairs.left:,} other variants are left after it",
            err=True,
        )
    for remark in check.remarks:
        click.echo(one_line(remark, 300), err=True)


def _shared(pairs: Pairs) -> str:
    """That the level of variants is divided: whoever checks could have taken any of the sealed addresses."""
    return f" / {pairs.addresses:,}, since so many addresses are sealed" if pairs.addresses > 1 else ""


def _seen(gap: float | None) -> str:
    if gap is None:
        return "no gap can be seen with so few items"
    return f"a gap of {gap * 100:.0f} points is seen with probability .9"
