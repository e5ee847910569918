"""``steelyard gauntlet``: how often the detectors are wrong, on vendors that are known to be honest or not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from steelyard.api.progress import LiveProgress
from steelyard.cli.options import json_option
from steelyard.cli.output import print_json
from steelyard.errors import InputError

if TYPE_CHECKING:
    from steelyard_forensics.gauntlet.pages import AnyRates
    from steelyard_forensics.gauntlet.rates import Rates

T = TypeVar("T")


@click.command()
@click.option(
    "--world", type=click.Choice(["simulated", "twins", "series"]), default="simulated", show_default=True,
    help="Whose vendors: single audits, authored twins held against a panel, or 20 audits of each vendor.",
)  # fmt: skip
@click.option(
    "--parameters", type=click.Path(path_type=Path), metavar="FILE",
    help="Another world of this kind: a YAML file as the package's gauntlet/worlds/WORLD.yaml.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0), help="Of the vendors.  [default: the world's]")
@click.option(
    "--vendors", type=click.IntRange(1, 1_000_000),
    help="Vendors of each kind.  [default: 15,000 honest ones and 4,000 others in all; of twins 200, of series 100]",
)  # fmt: skip
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Write the page to this file.")
@json_option
def command(
    world: str, parameters: Path | None, seed: int | None, vendors: int | None, html_file: Path | None, as_json: bool
) -> int:
    """Audit simulated vendors, honest ones and cheaters, and count the wrong verdicts.

    Their answers go to the detectors that an audit uses. Nothing is asked and no network is used. It takes long with
    the default numbers (a look: --vendors 20); the results follow from world and seed alone.
    """
    from steelyard.util.atomic_file import write_file
    from steelyard.util.console import out
    from steelyard_forensics.gauntlet import pages

    if html_file is not None and not html_file.absolute().parent.is_dir():
        raise InputError(f"--html {html_file}: its folder does not exist; create it first")
    rates = run(world, parameters, seed, vendors)
    if html_file is not None:
        write_file(html_file, pages.html(rates, made()).encode())
    if as_json:
        print_json(pages.machine(rates))
        return 0
    pages.print_rates(rates, out())
    if html_file is not None:
        click.echo(f"page  {html_file}")
    return 0


def made() -> str:
    """When, by which version and on which machine."""
    import platform
    from datetime import UTC, datetime

    from steelyard import __version__

    return f"Steelyard {__version__}, {datetime.now(UTC):%Y-%m-%d}, {platform.machine()}."


def run(world: str, parameters: Path | None = None, seed: int | None = None, vendors: int | None = None) -> AnyRates:
    """Run a world with progress on stderr; raises InputError for parameters that are none."""
    if world == "simulated":
        return run_simulated(parameters, seed, vendors)
    if world == "twins":
        from steelyard_forensics.gauntlet import twins_rates
        from steelyard_forensics.gauntlet.twins_parameters import load_twins

        return _run_jobs(load_twins(parameters), twins_rates.jobs_of, twins_rates.twins_rates_of, seed, vendors)
    from steelyard_forensics.gauntlet import series_rates
    from steelyard_forensics.gauntlet.series_parameters import load_series

    return _run_jobs(load_series(parameters), series_rates.jobs_of, series_rates.series_rates_of, seed, vendors)


def run_simulated(parameters: Path | None = None, seed: int | None = None, vendors: int | None = None) -> Rates:
    """Run the simulated world, or another one of its kind."""
    from steelyard_forensics.gauntlet.parameters import load_world
    from steelyard_forensics.gauntlet.planner import detectors
    from steelyard_forensics.gauntlet.rates import rates_of
    from steelyard_forensics.gauntlet.simulated import parts_of, simulate

    loaded = load_world("simulated", parameters)
    used = loaded.seed if seed is None else seed
    parts = parts_of(loaded, vendors)
    audits = _followed(simulate(loaded, parts, used), sum(size for _, _, size in parts))
    return rates_of(loaded, audits, used, tuple(detectors()))


def _run_jobs(
    world: Any, jobs_of: Callable[..., Any], rates_of: Callable[..., T], seed: int | None, vendors: int | None
) -> T:
    from steelyard_forensics.gauntlet.parameters import load_world
    from steelyard_forensics.gauntlet.simulated import run_jobs

    used = world.seed if seed is None else seed
    jobs, count = jobs_of(world, vendors, used)
    return rates_of(world, _followed(run_jobs(load_world("simulated"), jobs), count), used)


def _followed(parts: Iterable[Sequence[T]], vendors: int) -> list[T]:
    """All that the jobs found, with progress on stderr."""
    found: list[T] = []
    with _GauntletProgress(vendors) as progress:
        for part in parts:
            found += part
            progress.update(len(found))
    return found


class _GauntletProgress(LiveProgress):
    """One line: vendors so far, the rate, and the time that is left."""

    def __init__(self, vendors: int) -> None:
        super().__init__()
        self._vendors, self._began = vendors, time.monotonic()
        self._drawn = self._began

    def update(self, done: int) -> None:
        """So many vendors were audited."""
        if not self._is_due():
            return
        rate = done / max(1e-9, time.monotonic() - self._began)
        left = (self._vendors - done) / rate
        line = f"{done:,} of {self._vendors:,} vendors, {rate:.1f} a second, {left / 60:.0f} min left"
        if self._display is not None:
            self._display.update(line)
        else:
            self._console.print(line)
