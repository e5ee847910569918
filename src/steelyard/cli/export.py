"""``steelyard export``: a sealed run in another format, for use by other tools."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.errors import InputError


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--to", "target", required=True, type=click.Choice(["every-eval-ever"]), help="The format.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the results here (default: print them).")
@click.option(
    "--samples", type=click.Path(path_type=Path), help="Write one line per model output to this file (.jsonl)."
)
@click.option(
    "--with-texts",
    is_flag=True,
    help="With --samples: texts instead of digests. Publishing them contaminates the benchmark.",
)
def command(run: Path, target: str, out: Path | None, samples: Path | None, with_texts: bool) -> int:
    """Export RUN, which must be sealed and intact; it is not changed."""
    import json

    from steelyard.adapters.every_eval_ever_export import export_run
    from steelyard.storage.run_folder import RunFolder
    from steelyard.util.atomic_file import write_file

    if with_texts and samples is None:
        raise InputError("--with-texts needs --samples FILE: it applies to the lines in that file")
    for path in (out, samples):
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            raise InputError("cannot be written: give the name of a file in a folder that exists", where=path)
    document = export_run(run, samples, with_texts=with_texts)
    if any(each.images for each in RunFolder.open(run).plan.measurements):
        click.echo(
            "warning: its questions show images, which no export holds: of these it has the texts alone", err=True
        )
    text = json.dumps(document, indent=2, allow_nan=False, ensure_ascii=True) + "\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        write_file(out, text.encode())
        click.echo(f"{target}  {out}")
    return 0
