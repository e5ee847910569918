"""``steelyard judge check``: what a judge was shown, made again from the run that it judged and the rubric."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--run", "judged", type=click.Path(path_type=Path), help="The run that was judged, if it is not where it was."
)
@click.option("--other", type=click.Path(path_type=Path), help="The second run of a comparison.")
@click.option("--rubric", type=click.Path(path_type=Path), help="The rubric that the judge was given.")
@click.option("--suite", type=click.Path(path_type=Path), help="The suite that was asked, if it is not where it was.")
def command(run: Path, judged: Path | None, other: Path | None, rubric: Path | None, suite: Path | None) -> int:
    """Check that the judge whose run RUN is was shown the answers of the run that it judged, all of them.

    Every prompt is made again. steelyard verify checks the rest: what the judge said, and the score. Exit 1: a prompt
    is another one, or is missing.
    """
    from steelyard.api.judged_run import check_shown

    prompts = check_shown(run, judged, rubric, suite, other)
    click.echo(f"shown: {prompts:,} prompts made again from that run and the rubric, and equal but for their marks")
    return 0
