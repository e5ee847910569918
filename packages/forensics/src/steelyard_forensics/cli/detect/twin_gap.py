"""``steelyard detect twin_gap``: a model's drop from public samples to authored twins, against a panel's."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.compare import check_outside_runs
from steelyard.cli.options import json_option, key_option
from steelyard.cli.output import print_json


@click.command(name="twin_gap")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--twins", type=click.Path(path_type=Path), metavar="RUN2",
              help="The same model's run of the twins, if they are not in RUN.")  # fmt: skip
@click.option("--panel", type=click.Path(path_type=Path), required=True, metavar="DIR",
              help="The panel: its models answered the same samples and twins (steelyard panel add).")  # fmt: skip
@click.option("--task", default="", metavar="NAME", help="The task with the public samples, if RUN has several.")
@click.option("--twin-task", default="", metavar="NAME", help="The task with the twins, if its run has several.")
@click.option("--alpha", type=click.FloatRange(0, 0.05, min_open=True), default=0.05, show_default=True,
              help="The chance that an honest model is called inconsistent.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), help="The folder of the sealed result.  [default: runs/…]")
@click.option("--markdown", "markdown_file", type=click.Path(path_type=Path), help="Also write Markdown to this file.")
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Also write the page to this file.")
@key_option
@json_option
def command(
    run: Path,
    twins: Path | None,
    panel: Path,
    task: str,
    twin_task: str,
    alpha: float,
    out: Path | None,
    markdown_file: Path | None,
    html_file: Path | None,
    key: Path | None,
    as_json: bool,
) -> int:
    """Test whether RUN's model answers public samples better than its score on authored twins lets expect.

    Twins are written to be like public samples, so they may be harder, to each model a little otherwise. How much
    harder they are to honest models is what a panel says: at .05 it needs models of 59 families. Each must have
    answered the same samples, all of them, as must the tested model: steelyard run asks them.

    The result is sealed in a folder of its own, with every score that was read. It has a level of its own, and nothing
    was sealed before: whoever runs it has chosen the twins and the panel.
    """
    import shlex

    from steelyard.api.conduct import default_folder, signer_at
    from steelyard.api.progress import working
    from steelyard.util.atomic_file import write_file
    from steelyard.util.console import out as console
    from steelyard_forensics.api.detect import twin_gap
    from steelyard_forensics.panels import words

    for path in (markdown_file, html_file):
        check_outside_runs(path)
    out = out or default_folder("twin-gap")
    signer = signer_at(key)
    with working("verifying the runs and reading the panel"):
        found = twin_gap(
            run, twins=twins, panel=panel, task=task, twin_task=twin_task, alpha=alpha, out=out, signer=signer
        )
    for file, render in ((markdown_file, words.markdown), (html_file, words.html)):
        if file is not None:
            write_file(file, render(found).encode())
    if as_json:
        print_json(words.machine(found))
        return int(found.exit)
    words.print_detection(found, console())
    click.echo(f"sealed  {out}\nverify  steelyard verify {shlex.quote(str(out))} --panel {shlex.quote(str(panel))}")
    return int(found.exit)
