"""``python -m scandal``: the replay; ``table`` makes the vendors' tables, ``serve`` is a vendor's endpoint alone."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from bench.engine.markdown import write_section
from scandal.files import model_files
from scandal.rates_page import as_markdown
from scandal.replay import VENDORS, page, replay
from scandal.server import open_sessions, serve
from scandal.table import FILE, make_tables, read_tables
from scandal.vendor import Vendor
from steelyard.errors import InputError, SteelyardError

_TABLES = click.option(
    "--tables", type=click.Path(path_type=Path), default=FILE, help="The vendors' tables (default: those that ship)."
)
_MARKDOWN = click.option("--markdown", type=click.Path(path_type=Path), help="Also put the tables into this document.")


@click.group()
def main() -> None:
    """The scandal, replayed."""


@main.command(name="replay")
@click.option("--out", "folder", type=click.Path(path_type=Path), help="A new folder (default: runs/scandal-TIME).")
@click.option(
    "--vendor",
    type=click.Choice(["both", *VENDORS]),
    default="both",
    show_default=True,
    help="Only this one: about half of the time.",
)
@_MARKDOWN
@_TABLES
def replay_command(folder: Path | None, vendor: str, markdown: Path | None, tables: Path) -> None:
    """Audit the vendor of the story and an honest one, and print what was shown, row by row."""
    folder = folder or Path("runs") / f"scandal-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    if folder.exists():
        raise InputError("is there already: give a new folder", where=folder)
    folder.mkdir(parents=True)
    files = model_files(folder.resolve())
    started, asked = time.monotonic(), VENDORS if vendor == "both" else (vendor,)
    found = replay(folder.resolve(), files, read_tables(tables), tables.resolve(), asked)
    command = "python -m scandal replay" + ("" if vendor == "both" else f" --vendor {vendor}")
    if markdown is not None:
        for each in found:
            text = page(folder, each, command, time.monotonic() - started)
            write_section(markdown, f"scandal-{each.vendor}", text)
    if not all(each.is_as_expected for each in found):
        print("scandal: not every command ended as the story says: see the exit codes above", file=sys.stderr)
        sys.exit(1)


@main.command()
@_MARKDOWN
@_TABLES
def table(markdown: Path | None, tables: Path) -> None:
    """Make the vendors' tables again: about 2,000 calls."""
    with tempfile.TemporaryDirectory() as folder:
        text = as_markdown(make_tables(model_files(Path(folder)), tables))
    print(text)
    if markdown is not None:
        write_section(markdown, "scandal-rates", text)


@main.command(name="serve")
@click.argument("vendor", type=click.Choice(["cheat", "honest"]))
@click.option("--file", "files", multiple=True, required=True, metavar="LETTER=PATH", help="A model, by its letter.")
@_TABLES
def serve_command(vendor: str, files: tuple[str, ...], tables: Path) -> None:
    """Serve one vendor's endpoint on loopback until standard input is closed."""
    found = read_tables(tables)
    paths = {letter: Path(path) for letter, _, path in (each.partition("=") for each in files)}
    rows, served = (found.cheat(paths), "C") if vendor == "cheat" else (found.honest, "A")
    used = {row.gave for row in rows if row.routed} | {served}
    if missing := used - set(paths):
        raise InputError(f"--file: {', '.join(sorted(missing))} is missing, as {min(missing)}=PATH")
    answers = open_sessions({letter: paths[letter] for letter in sorted(used)})
    asyncio.run(serve(Vendor(rows, served), answers, lambda url: print("ADDRESS", url, flush=True), sys.stdin.read))


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except SteelyardError as error:
        print(f"scandal: {error}", file=sys.stderr)
        sys.exit(int(error.exit_code))
    except click.ClickException as error:
        error.show()
        sys.exit(2)
