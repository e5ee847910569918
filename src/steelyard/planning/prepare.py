"""The samples of a sealed measurement, loaded or drawn again for a resume."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.errors import InputError
from steelyard.planning.drawn import drawn_samples
from steelyard.planning.samples import Prepared, as_asked, digests_of, in_item_order, prepared
from steelyard.records import Measurement

if TYPE_CHECKING:
    from steelyard.tasks.catalogue import Catalogue

__all__ = ["prepare_measurement"]


def prepare_measurement(measurement: Measurement, catalogue: Catalogue, data: Path | None) -> Prepared:
    """Load a measurement's samples again, for a resume; raises InputError if they are not the sealed ones."""
    task = catalogue.find(measurement.task)
    if task is None:
        raise InputError(f"the task {measurement.task} of the plan is not installed: name its file again with --task")
    if measurement.drawn:
        rows = drawn_samples(task, measurement, data)
    else:
        of = measurement
        rows = prepared(task, of.prompt, data, of.seed or None, of.shots, of.window)
    samples, _ = in_item_order(rows)
    asked = as_asked(
        samples,
        measurement.temperature,
        measurement.chat,
        output_budget=measurement.output_budget,
        reasoning_effort=measurement.reasoning_effort,
        scorer=measurement.scorers[0] if measurement.scorers else "",
    )
    digests, root = digests_of(asked)
    if root != measurement.samples_root:
        fix = "give the same data again with --data"
        if catalogue.is_own(measurement.task):
            fix = "give the file as it was, with --task FILE (and the columns that were asked, --question and --answer)"
        raise InputError(f"the samples of {measurement.task} are not those that the plan sealed: {fix}")
    return Prepared(measurement=measurement, samples=asked, digests=digests)
