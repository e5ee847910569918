"""``steelyard detect text_identity``: were two runs answered from the same distribution of texts?"""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.compare import check_outside_runs
from steelyard.cli.options import json_option, key_option
from steelyard.cli.output import print_json


@click.command(name="text_identity")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--reference", type=click.Path(path_type=Path), required=True, metavar="RUN2",
              help="The run that it is held against, on the same samples.")  # fmt: skip
@click.option("--task", default="", metavar="NAME", help="Which task, if the runs have several.")
@click.option("--out", type=click.Path(path_type=Path), help="The folder of the sealed result.  [default: runs/…]")
@click.option("--markdown", "markdown_file", type=click.Path(path_type=Path), help="Also write Markdown to this file.")
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Also write the page to this file.")
@key_option
@json_option
def command(
    run: Path,
    reference: Path,
    task: str,
    out: Path | None,
    markdown_file: Path | None,
    html_file: Path | None,
    key: Path | None,
    as_json: bool,
) -> int:
    """Test whether RUN and RUN2 were answered from the same distribution of texts, without any weights.

    Both are runs of steelyard run on the same samples, of two endpoints or of one at two times: at a temperature above
    0, with two answers or more to each prompt (--repeats 2), of a task that asks for draws without a server's own
    cuts, as neutral_prompts does. Pair by pair it is guessed whose text is whose, from the pairs before. Nothing is
    asked.

    The result is sealed in a folder of its own, without texts. Your key fixes the order of reading: who knows the key
    beforehand knows that you did not choose the order.
    """
    import shlex

    from steelyard.api.conduct import default_folder, signer_at
    from steelyard.cli.suite.progress import shown_progress
    from steelyard.util.atomic_file import write_file
    from steelyard.util.console import out as console
    from steelyard_forensics.api.text_identity import text_identity
    from steelyard_forensics.sealed.reading import check_new
    from steelyard_forensics.text_identity import pages
    from steelyard_forensics.text_identity.seal import seal_identity

    for path in (markdown_file, html_file):
        check_outside_runs(path)
    out = out or default_folder("text-identity")
    check_new(out)
    signer = signer_at(key)
    found = text_identity(run, reference, task=task, signer=signer, progress=shown_progress("prompts"))
    seal_identity(out, found, signer)
    for file, render in ((markdown_file, pages.markdown), (html_file, pages.html)):
        if file is not None:
            write_file(file, render(found).encode())
    if as_json:
        print_json(pages.machine(found))
        return int(found.exit)
    pages.print_identity(found, console())
    both = f"--run {shlex.quote(str(run))} --run {shlex.quote(str(reference))}"
    click.echo(f"sealed  {out}\nverify  steelyard verify {shlex.quote(str(out))} {both}")
    return int(found.exit)
