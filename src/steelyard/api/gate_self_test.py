"""How often a gate would be wrong: the baseline's model is asked twice more, and held against itself.

Passes over one suite are resampled (:func:`steelyard.stats.gate.self_test`): what varies between two answers to one
sample varies in the gate as it did here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from steelyard.api.conduct import conduct, default_folder, run_job, run_request
from steelyard.api.gate_runs import SealedRun, sealed_run
from steelyard.errors import InputError

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments
    from steelyard.evidence.keys import KeySigner
    from steelyard.planning.options import Options
    from steelyard.stats.gate import Colour, SelfTest

__all__ = ["passes_of", "self_test_document", "self_test_lines"]

_COLOURS: tuple[Colour, ...] = ("red", "undecided", "green")


async def passes_of(
    task: str,
    baseline: SealedRun,
    options: Options,
    args: RunArguments,
    signer: KeySigner | None,
    asked: tuple[str, int | None, float | None],
) -> list[list[float | None]]:
    """The scores of three passes over one suite: the baseline's, and two more that are asked now.

    ``asked`` are prompt format, worked examples and temperature. Raises InputError where the baseline has no such task
    or the model is another one.
    """
    wanted, options = run_request(task, *asked, options)
    measurement = baseline.of_task(wanted.task)
    if measurement is None:
        raise InputError(f"measured no task {wanted.task}", where=baseline.path)
    samples = [score.sample for score in baseline.scores[measurement.id]]
    passes = [_in_order(baseline, measurement.id, samples)]
    first = args.out or default_folder(f"self-test-{wanted.task.replace(':', '-').replace('/', '-')[:60]}")
    for number in (2, 3):
        folder = first.with_name(f"{first.name}-pass-{number}")
        done = await conduct(run_job(wanted, options), replace(args, out=folder), signer)
        run = sealed_run(done.folder)
        if run.model != baseline.model:
            raise InputError(
                f"the baseline is of {baseline.model}, and this is {run.model}: a self-test asks the same model again",
                where=baseline.path,
            )
        own = run.of_task(wanted.task)
        if own is None or (own.samples_root, own.items) != (measurement.samples_root, measurement.items):
            raise InputError("the baseline was asked other samples: run it again on this suite", where=baseline.path)
        passes.append(_in_order(run, own.id, samples))
    return passes


def _in_order(run: SealedRun, measurement: str, samples: Sequence[str]) -> list[float | None]:
    by_sample = {score.sample: score.value for score in run.scores[measurement]}
    return [None if (value := by_sample[name]) is None else float(value == 1) for name in samples]


def self_test_lines(found: SelfTest, margin: str, samples: int) -> list[str]:
    """The rates, with intervals, and the table of two repetitions, as text."""
    from steelyard.reports.words import interval
    from steelyard.stats.intervals import clopper_pearson

    red, flip = (
        f"{100 * count / found.repetitions:.2f} % (95 % interval of the simulation "
        f"{interval(clopper_pearson(count, found.repetitions), 'percent')})"
        for count in (found.false_reds, found.flips)
    )
    lines = [
        f"the model against itself, {samples:,} samples, margin {margin} points, 3 passes resampled "
        f"{found.repetitions:,} times",
        f"false red: {red}",
        f"flips (two repetitions disagree on red): {flip}",
        f"{found.whole_reds} of {found.whole_passes} ordered pairs of whole passes are red",
        "",
        f"{'first / second':<16}" + "".join(f"{colour:>12}" for colour in _COLOURS),
    ]
    for first in _COLOURS:
        counts = [found.table.get((first, second), 0) for second in _COLOURS]
        lines.append(f"{first:<16}" + "".join(f"{count:>12,}" for count in counts))
    return lines


def self_test_document(found: SelfTest, margin: str, samples: int) -> dict[str, Any]:
    """The same for machines: rates are fractions."""
    return {
        "samples": samples,
        "margin": margin,
        "repetitions": found.repetitions,
        "false_red": found.false_red_rate,
        "flips": found.flip_rate,
        "whole_passes": found.whole_passes,
        "whole_reds": found.whole_reds,
        "table": {f"{first} then {second}": count for (first, second), count in sorted(found.table.items())},
    }
