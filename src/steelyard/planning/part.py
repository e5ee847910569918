"""Whether the data hold a whole benchmark: by its number of items, and by their content where it is pinned."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from steelyard.claims.benchmarks import lookup
from steelyard.planning.testable import Skip
from steelyard.records import Claim, Measurement, Part
from steelyard.tasks.window import check_window, first_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.plugins import MeasurementRequest
    from steelyard.records import Sample
    from steelyard.tasks.protocol import ChosenProtocol
    from steelyard.tasks.task import Task

__all__ = [
    "check_whole",
    "held_in",
    "in_window_of",
    "in_words",
    "of_window",
    "part_of",
    "revision_in_words",
    "why_not_held",
]


_PART_HELD = re.compile(
    r"the data here hold (?P<same>[0-9,]{1,15}) of the (?P<of>[0-9,]{1,15}) items of .*?"
    r"(?: and (?P<others>[0-9,]{1,15}) that differs?)?: give the whole of it, or --allow-part"
)
_FEWER_HELD = re.compile(
    r"the vendor scored [0-9,]{1,15} items, the data here hold ([0-9,]{1,15}): give the whole of it, or --allow-part"
)


def part_of(task: Task, samples: Sequence[Sample], window: str = "") -> Part | None:
    """The part of the published benchmark that a task's samples are; None for the whole, or where that is not known.

    Of a benchmark with releases it is counted in their files, whichever ``window`` of them is asked. Raises InputError
    for a row that does not have what its pinned content is made of.
    """
    from steelyard.tasks.hub_files import rows_up_to
    from steelyard.tasks.items import items_file, published_among
    from steelyard.tasks.task import Samples

    definition = task.definition
    if definition.generator is not None or first_of(window):
        return None
    if definition.releases and isinstance(samples, Samples):
        of = rows_up_to(definition, window)
        return None if samples.held == of else Part(of=of, same=samples.held)
    pinned, held, size = definition.items, len(samples), _whole_size(task, window)
    if pinned is not None and pinned.sha256 and isinstance(samples, Samples):
        same = published_among(samples.item_digests(), pinned, items_file(task.where, task.id))
        return None if same == held == size else Part(of=size, same=same)
    return Part(of=size, same=held) if held < size else None


def why_not_held(task: Task, population: int, part: Part | None, *, is_own: bool, window: str = "") -> str:
    """Why no data of this task could have this many samples and be this part of it; empty where some could.

    ``is_own``: a file of the user's own, of which only the published benchmark's size is known.
    """
    from steelyard.tasks.hub_files import rows_up_to

    definition, size = task.definition, _whole_size(task, window)
    if first := first_of(window):
        fits = (population, part) == (first, None)
    elif definition.releases and not is_own:
        size = rows_up_to(definition, window)
        fits = population <= (part.same if part else size) and (part is None or (part.of == size and part.same < size))
    elif is_own:
        fits = population >= size if part is None else part.of >= size and 0 <= part.same <= min(part.of, population)
    elif definition.generator is not None:
        size = definition.generator.count
        fits = (population, part) == (size, None)
    elif definition.items is not None and definition.items.sha256:
        whole = population == size
        fits = whole if part is None else part.of == size and 0 <= part.same <= min(size, population)
        fits = fits and not (part is not None and whole and part.same == size)
    else:
        fits = part == (Part(of=size, same=population) if population < size else None)
    of = f"{part.same:,} of {part.of:,} items" if part else f"the whole, which is {size:,} items,"
    return "" if fits else f"{population:,} samples cannot be {of} of {task.id[:80]}"


def held_in(reason: str) -> tuple[int, Part | None] | None:
    """The number of samples and their part, as a reason of :func:`check_whole` states them; None for another reason."""
    if found := _PART_HELD.fullmatch(reason):
        same, of, others = (int((found[name] or "0").replace(",", "")) for name in ("same", "of", "others"))
        return same + others, Part(of=of, same=same)
    if found := _FEWER_HELD.fullmatch(reason):
        return int(found[1].replace(",", "")), None
    return None


def _whole_size(task: Task, window: str) -> int:
    """The items that a task's benchmark has, or its subset, as far as is known; 0 where it is not."""
    if of_subset := next((each.rows for each in task.definition.subsets if each.name == window), 0):
        return of_subset
    pinned = task.definition.items
    return max(pinned.count if pinned else 0, _published_size(task.id))


def _published_size(name: str) -> int:
    known = lookup(name)
    return (known.whole_size or 0) if known else 0


def check_whole(claim: Claim, task: Task, population: int, part: Part | None) -> None:
    """Raise Skip where a claim is about more items than the data hold."""
    fix = "give the whole of it, or --allow-part"
    if part is not None:
        others = max(0, population - part.same)  # a window of a part has fewer
        beside = f" and {others:,} that {'differs' if others == 1 else 'differ'}" if others else ""
        held = f"the data here hold {part.same:,} of the {part.of:,} items of {task.id}{beside}"
        raise Skip("not_testable", f"{held}: {fix}")
    if (claim.samples or 0) > population:
        raise Skip(
            "not_testable", f"the vendor scored {claim.samples:,} items, the data here hold {population:,}: {fix}"
        )


def in_window_of(request: MeasurementRequest, task: Task, claim: Claim | None) -> ChosenProtocol:
    """The protocol of a request that is no claim's own: beside a claim about a window of a benchmark in the same one.

    Raises InputError for a window that the task does not have.
    """
    protocol = task.protocol_of(request.prompt, request.shots)
    if request.window:
        check_window(task.definition, request.window)
        return msgspec.structs.replace(protocol, window=request.window)
    if claim is None or not (task.definition.releases or task.definition.subsets):
        return protocol
    return msgspec.structs.replace(protocol, window=task.protocol_for(claim).window)


def of_window(request: MeasurementRequest) -> tuple[str, ...]:
    """A sentence on the part of a benchmark that a user chose for a run."""
    return (f"Of the benchmark the part {request.window} is asked, which the user chose.",) if request.window else ()


def in_words(claim: Claim | None, measurement: Measurement) -> tuple[str, ...]:
    """A sentence on the part that is asked, for the differences of a request."""
    part = measurement.part or Part(of=measurement.population, same=measurement.population)
    of = max(part.of, (claim.samples or 0) if claim else 0)
    in_whole_window = measurement.window and measurement.part is None and of <= measurement.population
    if of == part.same == measurement.population or in_whole_window:
        return ()
    others = max(0, measurement.population - part.same)
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
