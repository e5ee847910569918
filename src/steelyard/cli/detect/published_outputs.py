"""``steelyard detect published_outputs``: which benchmarks of a vendor's log were written by other weights?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from steelyard.cli.compare import check_outside_runs
from steelyard.cli.options import json_option, key_option
from steelyard.cli.output import print_json


@click.command(name="published_outputs")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--model", "reference", required=True, metavar="reference=gguf:PATH",
              help="The weights that are said to have written the outputs, on this machine.")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), default=200, show_default=True,
              help="Read so many outputs of each benchmark at most.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), help="The folder of the sealed result.  [default: runs/…]")
@click.option("--markdown", "markdown_file", type=click.Path(path_type=Path), help="Also write Markdown to this file.")
@key_option
@json_option
def command(
    run: Path,
    reference: str,
    limit: int,
    out: Path | None,
    markdown_file: Path | None,
    key: Path | None,
    as_json: bool,
) -> int:
    """Hold the outputs of RUN, mostly a vendor's imported log, against weights, benchmark by benchmark.

    Greedy outputs of a model are its likeliest tokens. A benchmark is inconsistent where a requantisation of the
    weights explains its outputs better; or where few tokens are the weights', and another benchmark of the same log
    shows that prompts are read as they were put. Nothing is asked.

    The result is sealed in a folder of its own, with the share of every output that was read. Your key fixes the order
    of reading, so that nobody chooses it.
    """
    import shlex

    from steelyard.api.conduct import default_folder, signer_at
    from steelyard.api.published_outputs import published_outputs, reference_of
    from steelyard.cli.suite.progress import shown_progress
    from steelyard.comparison import published_pages
    from steelyard.comparison.published_seal import seal_outputs
    from steelyard.comparison.sealed_reading import check_new
    from steelyard.util.atomic_file import write_file
    from steelyard.util.console import out as console
    from steelyard.util.text import one_line

    check_outside_runs(markdown_file)
    out = out or default_folder("published-outputs")
    check_new(out)
    signer, uri = signer_at(key), reference_of(reference)
    shown: dict[str, Callable[[int, int], None]] = {}

    def progress(task: str, read: int, of: int) -> None:
        shown.setdefault(task, shown_progress(f"outputs of {one_line(task, 40)}"))(read, of)

    found = published_outputs(run, uri, limit=limit, signer=signer, progress=progress)
    seal_outputs(out, found, signer)
    if markdown_file is not None:
        write_file(markdown_file, published_pages.markdown(found).encode())
    if as_json:
        print_json(published_pages.machine(found))
        return int(found.exit)
    published_pages.print_outputs(found, console())
    again = f"--run {shlex.quote(str(run))} --model {shlex.quote(reference)}"
    click.echo(f"sealed  {out}\nverify  steelyard verify {shlex.quote(str(out))} {again}")
    return int(found.exit)
