"""What commands print of a run as a platform computed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from steelyard_server.wire.records import RunVerdict

__all__ = ["print_run"]

_CLAIMS = 100


def print_run(run: RunVerdict) -> None:
    """Print the run in words; all of them are somebody else's."""
    from steelyard.util.text import one_line
    from steelyard_server.client.runs import tries_of

    click.echo(one_line(run.headline, 1000))
    for each in run.claims[:_CLAIMS]:
        claimed = f", claimed {one_line(each.claimed, 60)}" if each.claimed else ""
        click.echo(
            f"  {one_line(each.task, 80)}: {one_line(each.words, 60)}{claimed}, measured {one_line(each.measured, 60)} "
            f"({one_line(each.interval, 60)}), {one_line(each.asked, 60)}"
        )
        if each.detail:
            click.echo(f"    {one_line(each.detail, 600)}")
    if left := len(run.claims) - _CLAIMS + run.claims_left_out if len(run.claims) > _CLAIMS else run.claims_left_out:
        click.echo(f"  and {left:,} more: see its page")
    for finding in run.findings[:_CLAIMS]:
        click.echo(f"  {one_line(finding, 600)}")
    if tries := tries_of(run):
        click.echo(tries)
    if run.scores_taken:
        click.echo(f"{run.scores_taken:,} scores are taken as sealed: that server did not compute them")
    for note in run.said[:50]:
        click.echo(f"  {one_line(note.name, 60)}: {one_line(note.text, 600)}")
    signed = f"signed by {one_line(run.signed_by, 80)}" if run.signed_by else "unsigned"
    click.echo(f"pushed  {run.pushed_at:%Y-%m-%d %H:%M} UTC, {signed}")
    click.echo(f"page    {one_line(run.url, 300)}")
