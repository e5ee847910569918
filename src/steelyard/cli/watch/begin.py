"""``steelyard watch begin``: the baseline of a watch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.api.arguments import REAL_RANGES
from steelyard.cli.options import asking_options, json_option, run_arguments, whole, with_subject
from steelyard.cli.output import print_json
from steelyard.cli.watch.output import notify, print_places, print_watch

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments
    from steelyard.api.watch import Probe

__all__ = ["command"]

# A pass has the same items as every other, on one machine; --out is the watch's own.
_NOT_HERE = frozenset(("limit", "budget", "ray", "workers", "out"))
_YEAR = 365


@click.command()
@click.argument("task")
@asking_options
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="WATCH", help="The folder of the watch.")
@click.option(
    "--items",
    type=click.IntRange(5, 100_000),
    metavar="N",
    help="Of a suite, ask N of the released items; which ones follows from its digest.  [default: all of them]",
)
@click.option("--passes", type=click.IntRange(1, 1000), default=10, show_default=True, help="Passes of the baseline.")
@click.option(
    "--spread",
    is_flag=True,
    help="Ask one pass now, and one at each steelyard watch look until the baseline is whole: where days differ.",
)
@click.option("--prompt", default="", help="The prompt format (of the task's file); default: the task's own.")
@click.option("--shots", type=whole("shots"), help="Worked examples to show; default: the task's own number.")
@click.option(
    "--temperature", type=click.FloatRange(*REAL_RANGES["temperature"]), metavar="T", help="Sampling temperature."
)
@click.option("--dry-run", is_flag=True, help="Print what baseline and looks take, and send no sample.")
@json_option
def command(
    task: str,
    out: Path,
    items: int | None,
    passes: int,
    spread: bool,
    prompt: str,
    shots: int | None,
    temperature: float | None,
    dry_run: bool,
    as_json: bool,
    **asking: Any,
) -> int:
    """Ask the baseline of a watch: ten passes or more over TASK, sealed in the folder WATCH.

    TASK is a suite's folder, a file of questions or a built-in task. Of a sealed suite the released items are asked;
    every pass shows them to the model's endpoint again. The 5 % of false alarms hold if these passes are like the later
    ones: use --spread where days differ, and more --passes where a bad pass is rare. Above temperature 0 an endpoint
    that repeats its answers, as a cache does, is refused. Exit codes: 0 the baseline is whole, 3 it is not yet,
    4 answers are missing or the model was not reached: steelyard watch look goes on.
    """
    import asyncio

    from steelyard.api.watch import Probe, begin_watch

    args = with_subject(run_arguments(**asking))
    probe = Probe(task=task, items=items, prompt=prompt, shots=shots, temperature=temperature)
    if dry_run:
        return asyncio.run(_print_dry_run(probe, args, passes, as_json=as_json))
    standing = asyncio.run(begin_watch(out, probe, args, passes, notify, spread=spread))
    print_watch(standing, as_json=as_json)
    if not as_json:
        print_places(out)
    return int(standing.exit)


command.params = [each for each in command.params if each.name not in _NOT_HERE or each.required]


async def _print_dry_run(probe: Probe, args: RunArguments, passes: int, *, as_json: bool) -> int:
    from steelyard.api.conduct import planned
    from steelyard.api.options import options_of
    from steelyard.api.watch import probe_job
    from steelyard.planning.dry_run import forecast
    from steelyard.reports import forecast as page
    from steelyard.util.console import out
    from steelyard.watching.same_question import check_probe

    job, _ = probe_job(probe, options_of(args))
    async with planned(job, args) as audit:
        check_probe(audit.plan)
        expected = forecast(audit.plan, audit.prepared)
    calls = sum(row.calls for row in expected.rows)
    costs = [row.cost for row in expected.rows if row.cost is not None]
    if as_json:
        print_json({"pass": page.render(expected), "passes": passes, "calls": passes * calls, "calls_a_look": calls})
        return 0
    page.print_forecast(expected, out())
    for what, count in (
        ("the baseline", passes),
        ("a look", 1),
        ("a year of daily looks", _YEAR),
    ):
        money = f", cost at most {count * sum(costs):,.2f}" if costs else ""
        click.echo(f"{what}: {count * calls:,} calls{money}")
    return 0
