"""``steelyard detect published_outputs``: which benchmarks of a vendor's log were written by another model?"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.compare import check_outside_runs
from steelyard.cli.options import json_option, key_option
from steelyard.cli.output import print_json

if TYPE_CHECKING:
    from steelyard.errors import ExitCode
    from steelyard.evidence.keys import KeySigner


@click.command(name="published_outputs")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--model", "reference", default="", metavar="reference=gguf:PATH",
              help="The weights that are said to have written the outputs, on this machine.")  # fmt: skip
@click.option("--served", type=click.Path(path_type=Path), metavar="RUN2",
              help="In place of weights: a run in which the served model was asked the same prompts.")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), default=200, show_default=True,
              help="With weights: read so many outputs of each benchmark at most.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), help="The folder of the sealed result.  [default: runs/…]")
@click.option("--markdown", "markdown_file", type=click.Path(path_type=Path), help="Also write Markdown to this file.")
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Also write the page to this file.")
@key_option
@json_option
def command(
    run: Path,
    reference: str,
    served: Path | None,
    limit: int,
    out: Path | None,
    markdown_file: Path | None,
    html_file: Path | None,
    key: Path | None,
    as_json: bool,
) -> int:
    """Hold the outputs of RUN, mostly a vendor's imported log, against weights or served answers, row by row.

    With weights: greedy outputs of a model are its likeliest tokens. A benchmark is inconsistent where a requantisation
    of the weights explains its outputs better; or where few tokens are the weights', and another benchmark of the same
    log shows that prompts are read as they were put. Outputs that were drawn at a temperature up to 1 are held against
    requantisations alone, and never consistent. Your key fixes the order of reading, so that nobody chooses it.

    With --served: pair by pair it is guessed which text is the log's, from the pairs before. A benchmark is
    inconsistent where guesses are right too often, and another one begins like the served answers. It takes some
    hundred prompts, where weights take twenty.

    Nothing is asked. The result is sealed in a folder of its own, without texts.
    """
    from steelyard.api.conduct import default_folder, signer_at
    from steelyard.errors import InputError
    from steelyard.util.atomic_file import write_file
    from steelyard_forensics.sealed.reading import check_new

    for path in (markdown_file, html_file):
        check_outside_runs(path)
    if bool(reference) == (served is not None):
        raise InputError("give either the weights, --model reference=gguf:PATH, or a run of the served model, --served")
    out = out or default_folder("published-outputs")
    check_new(out)
    signer = signer_at(key)
    if served is not None:
        found, pages = _beside_served(run, served, out, signer)
        verify = f"--run {shlex.quote(str(run))} --run {shlex.quote(str(served))}"
    else:
        found, pages = _by_weights(run, reference, limit, out, signer)
        verify = f"--run {shlex.quote(str(run))} --model {shlex.quote(reference)}"
    for file, render in ((markdown_file, pages.markdown), (html_file, pages.html)):
        if file is not None:
            write_file(file, render(found).encode())
    return _show(found, pages, out, verify, as_json=as_json)


def _by_weights(run: Path, reference: str, limit: int, out: Path, signer: KeySigner | None) -> tuple[Any, Any]:
    from steelyard_forensics.api.published_outputs import published_outputs, reference_of
    from steelyard_forensics.published import pages as published_pages
    from steelyard_forensics.published.seal import seal_outputs

    uri = reference_of(reference)
    found = published_outputs(run, uri, limit=limit, signer=signer, progress=_progress("outputs"))
    seal_outputs(out, found, signer)
    return found, published_pages


def _beside_served(run: Path, served: Path, out: Path, signer: KeySigner | None) -> tuple[Any, Any]:
    from steelyard_forensics.api.published_texts import published_texts
    from steelyard_forensics.published import texts_pages as published_texts_pages
    from steelyard_forensics.published.texts_seal import seal_texts

    found = published_texts(run, served, progress=_progress("pairs"))
    seal_texts(out, found, signer)
    return found, published_texts_pages


def _progress(noun: str) -> Callable[[str, int, int], None]:
    from steelyard.cli.suite.progress import shown_progress
    from steelyard.util.text import one_line

    shown: dict[str, Callable[[int, int], None]] = {}

    def progress(task: str, read: int, of: int) -> None:
        shown.setdefault(task, shown_progress(f"{noun} of {one_line(task, 40)}"))(read, of)

    return progress


def _show(found: Any, pages: Any, out: Path, verify: str, *, as_json: bool) -> int:
    from steelyard.util.console import out as console

    exit_code: ExitCode = found.exit
    if as_json:
        print_json(pages.machine(found))
        return int(exit_code)
    pages.print_result(found, console())
    click.echo(f"sealed  {out}\nverify  steelyard verify {shlex.quote(str(out))} {verify}")
    return int(exit_code)
