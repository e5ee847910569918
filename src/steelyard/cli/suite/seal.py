"""``steelyard suite seal``: fix a version of a suite before anyone is tested on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.options import key_option

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from steelyard.evidence.keys import KeySigner
    from steelyard.tasks.suite_seal import SuiteSeal
    from steelyard.tasks.suite_task import SuiteTask

__all__ = ["command"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@key_option
@click.option("--no-ledger", is_flag=True, help="Sign without a line in the key's ledger, as in CI without storage.")
@click.option(
    "--share", default="0.5", show_default=True, metavar="SHARE", help="The share of the items that is released."
)
@click.option(
    "--checks",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    metavar="N",
    help="Into how many leak checks the kept items are divided; each can be asked once of a recipient.",
)
@click.option(
    "--timestamp",
    default="",
    metavar="URL",
    help="Have this time stamp authority (RFC 3161) date the seal; it gets its SHA-256 alone. Needs the extra "
    "timestamp.",
)
def command(folder: Path, key: Path | None, no_ledger: bool, share: str, checks: int, timestamp: str) -> int:
    """Seal the version of the suite FOLDER: what it asks cannot change any more, and a part is kept back.

    steelyard run asks the released items; steelyard suite check asks kept ones to see whether released ones leaked.
    """
    from steelyard.api.conduct import signer_at
    from steelyard.tasks.suite_task import task_from_suite

    suite, signer = task_from_suite(folder), signer_at(key)
    sealed = _sealed(suite, signer, share, checks, timestamp, no_ledger=no_ledger)
    _print(suite, sealed)
    return 0


def _sealed(
    suite: SuiteTask, signer: KeySigner | None, share: str, checks: int, timestamp: str, *, no_ledger: bool
) -> SuiteSeal:
    import asyncio

    from steelyard.auditing.timestamps import new_stamp
    from steelyard.suites.sealing import seal_suite

    def dated(data: bytes) -> bytes:
        return asyncio.run(new_stamp(data, timestamp))[0]

    stamp = dated if timestamp else None
    if signer is None or no_ledger:
        return seal_suite(suite, signer, None, share, checks, stamp)
    from steelyard.evidence.ledger_file import LedgerFile, ledger_path

    with LedgerFile(ledger_path(signer.path), signer) as ledger:
        return seal_suite(suite, signer, ledger, share, checks, stamp)


def _print(suite: SuiteTask, sealed: SuiteSeal) -> None:
    from steelyard.reports.words import counted
    from steelyard.tasks.suite_seal import parts_of, read_seal_stamp
    from steelyard.util.text import one_line

    parts = parts_of(sealed, suite.rows.ids)
    kept = " + ".join(f"{len(each):,}" for each in parts.checks)
    click.echo(f"sealed: version {sealed.version}, digest {sealed.digest}")
    click.echo(f"released {len(parts.released):,} of {sealed.items:,} items; kept back for checks: {kept}")
    if sealed.variants:
        drawn = counted(len(sealed.addresses), "address", "addresses")
        click.echo(
            f"{sealed.variants:,} variants of items, drawn by the seal for {drawn}; another address is asked the items "
            "as they are written"
        )
    for line in _already_seen(suite, parts.checks):
        click.echo(line, err=True)
    if (stamped := read_seal_stamp(suite.folder, sealed.version)) is not None:
        click.echo(f"time stamp: {stamped.time} by {one_line(stamped.authority, 100)}")
    if sealed.signer:
        click.echo("signed; the split follows from the key and the version, and cannot be drawn again")
    else:
        click.echo("unsigned: whoever sealed this could have chosen the split (steelyard key new prevents it)")


def _already_seen(suite: SuiteTask, checks: Sequence[frozenset[str]]) -> Iterator[str]:
    """A line for each endpoint that has seen items which are now called kept."""
    from msgspec.structs import replace

    from steelyard.suites.exposures import read_exposures, seen_among
    from steelyard.util.text import one_line

    exposures = [
        replace(each, items=tuple(suite.variants.originals(each.items))) for each in read_exposures(suite.folder)
    ]
    kept = frozenset().union(*checks)
    for recipient, seen in seen_among(kept, exposures).items():
        spent = sum(recipient in seen_among(each, exposures) for each in checks)
        left = f"{len(checks) - spent:,} of {len(checks):,} checks" if spent < len(checks) else "no check"
        yield (
            f"warning: {one_line(recipient, 200)} has seen {seen:,} of the {len(kept):,} kept items already: {left} "
            "left for it (seal before the first run; steelyard suite refresh replaces what was seen)"
        )
