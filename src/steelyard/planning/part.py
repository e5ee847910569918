"""Whether the data hold a whole benchmark: by its number of items, and by their content where it is pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.claims.benchmarks import lookup
from steelyard.planning.testable import Skip
from steelyard.records import Claim, Measurement, Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.records import Sample
    from steelyard.tasks.task import Task

__all__ = ["check_whole", "in_words", "least_size", "part_of", "revision_in_words"]


def part_of(task: Task, samples: Sequence[Sample]) -> Part | None:
    """The part of the published benchmark that a task's samples are; None for the whole, or where that is not known.

    Raises InputError for a row that does not have what its pinned content is made of.
    """
    from steelyard.tasks.items import items_file, published_among
    from steelyard.tasks.task import Samples

    definition = task.definition
    if definition.generator is not None:
        return None
    pinned, held = definition.items, len(samples)
    size = max(pinned.count if pinned else 0, _published_size(task.id))
    if pinned is not None and pinned.sha256 and isinstance(samples, Samples):
        same = published_among(samples.item_digests(), pinned, items_file(task.where, task.id))
        return None if same == held == size else Part(of=size, same=same)
    return Part(of=size, same=held) if held < size else None


def least_size(task_id: str) -> int:
    """The items that an installed task's benchmark has, as far as is known here; 0 where it is not."""
    from steelyard.tasks import load_task, resolve

    found = resolve(task_id)
    definition = load_task(found).definition if found else None
    if definition is not None and definition.generator is not None:
        return 0
    pinned = definition.items if definition else None
    return max(pinned.count if pinned else 0, _published_size(task_id))


def _published_size(name: str) -> int:
    known = lookup(name)
    return (known.whole_size or 0) if known else 0


def check_whole(claim: Claim, task: Task, population: int, part: Part | None) -> None:
    """Raise Skip where a claim is about more items than the data hold."""
    fix = "give the whole of it, or --allow-part"
    if part is not None:
        others = population - part.same
        beside = f" and {others:,} that {'differs' if others == 1 else 'differ'}" if others else ""
        held = f"the data here hold {part.same:,} of the {part.of:,} items of {task.id}{beside}"
        raise Skip("not_testable", f"{held}: {fix}")
    if (claim.samples or 0) > population:
        raise Skip(
            "not_testable", f"the vendor scored {claim.samples:,} items, the data here hold {population:,}: {fix}"
        )


def in_words(claim: Claim | None, measurement: Measurement) -> tuple[str, ...]:
    """A sentence on the part that is asked, for the differences of a request."""
    part = measurement.part or Part(of=measurement.population, same=measurement.population)
    of = max(part.of, (claim.samples or 0) if claim else 0)
    if of == part.same == measurement.population:
        return ()
    others = measurement.population - part.same
    beside = f" and {others:,} that differ" if others else ""
    return (
        f"Only a part of the benchmark was here: {part.same:,} of its {of:,} items{beside}. What is said is about this "
        "part, and nothing shows that it was drawn at random.",
    )


def revision_in_words(samples: Sequence[Sample]) -> tuple[str, ...]:
    """A sentence on the commit of the hub's data set that the samples are from; none for other samples."""
    from steelyard.tasks.task import Samples

    revisions = samples.revisions if isinstance(samples, Samples) else ()
    return (f"The rows are the hub's at revision {', '.join(revisions)}.",) if revisions else ()
