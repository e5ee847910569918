"""``steelyard remote push``: send a sealed run to the team's platform."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.api.progress import LiveProgress
from steelyard.cli.options import json_option
from steelyard.cli.output import print_json
from steelyard.errors import ExitCode, InputError


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--to", "url", required=True, metavar="URL", help="The platform, such as https://evals.example.com.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Read the token from this file, which you alone can read (default: the variable STEELYARD_TOKEN).",
)
@click.option(
    "--with-texts", is_flag=True, help="Send texts and images too where the run withholds them: who may look sees them."
)
@click.option(
    "--suite",
    "suites",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FOLDER",
    help="Where texts of a private suite would be sent: its folder, whose suite.yaml must name URL.",
)
@json_option
def command(
    run: Path, url: str, token_file: Path | None, with_texts: bool, suites: tuple[Path, ...], as_json: bool
) -> int:
    """Send RUN, a sealed run, to the team's platform. It is taken only where it verifies there.

    The token comes from STEELYARD_TOKEN or --token-file, never from the command line, and goes to URL alone. A run that
    is there already is not sent again. Exit code 3: taken, but not all of it could be verified there.
    """
    import asyncio

    from steelyard_server.client.place import platform_address, read_token
    from steelyard_server.client.push import files_to_push, push

    address, token = platform_address(url), read_token(token_file)
    names = files_to_push(run, with_texts=with_texts)
    _check_suites(run, names, suites, address)
    with _SendProgress(run, names) as progress:
        found = asyncio.run(push(run, names, address, token, progress.sent))
    if as_json:
        said = [{"name": name, "text": text} for name, text in found.said]
        print_json(
            {"seal": found.seal, "url": found.url, "new": found.is_new, "headline": found.headline,
             "verified_exit": found.verified_exit, "scores_taken": found.scores_taken, "said": said}
        )  # fmt: skip
    else:
        click.echo("pushed and verified there" if found.is_new else "is there already: not sent again")
        click.echo(found.headline)
        if found.scores_taken:
            click.echo(f"{found.scores_taken:,} scores are taken as sealed: that server did not compute them")
        for name, text in found.said:
            click.echo(f"  {name}: {text}")
        click.echo(f"page    {found.url}")
    return int(ExitCode.CONSISTENT if found.verified_exit == 0 else ExitCode.UNDECIDED)


def _check_suites(run: Path, names: list[str], suites: tuple[Path, ...], address: str) -> None:
    """Texts of a private suite leave only for an address that its suite.yaml names."""
    from steelyard.api.may_see import check_addresses
    from steelyard.api.suites import suites_among
    from steelyard.evidence import layout
    from steelyard.storage.run_folder import RunFolder

    if not any(layout.is_text(name) or layout.is_media(name) for name in names):
        return
    asked = {each.suite for each in RunFolder.open(run).plan.measurements if each.suite}
    given = suites_among(suites)
    if asked - {each.suite for each in given}:
        raise InputError(
            "would send questions of a private suite: give its folder by --suite, whose suite.yaml names the address",
            where=run,
        )
    check_addresses(given, {"--to": address})


class _SendProgress(LiveProgress):
    """What was sent so far, on stderr."""

    def __init__(self, run: Path, names: list[str]) -> None:
        super().__init__()
        self._size = sum((run / name).stat().st_size for name in names)

    def sent(self, number: int) -> None:
        """Note the bytes sent, compressed."""
        if self._is_due():
            line = (
                f"sent {number / 1e6:,.1f} MB of {self._size / 1e6:,.1f} MB before packing; then it is verified there"
            )
            if self._display is None:
                self._console.print(line)
            else:
                self._display.update(line)
