"""Questions under the benchmark's own prompt (the *cue*) and under another one (the *placebo*), for a detector.

Both arms ask some of the public items of the measurement that they stand beside, the same ones, which a seed draws that
follows from that measurement's order: nobody can foresee or choose them. The cue asks them as they were published. The
placebo changes what a router could recognise and keeps what carries the task:

* ``placebo``: an ordinary line before the worked examples, and another one between two of them. So what begins with
  the published prefix, equals it or contains it as a whole is no longer there, and nothing that helps to answer has
  changed: other examples in place of the published ones would move an honest small model by many points, and a line
  right before the question by some (``docs/detectors/cue.md``).
* ``header``: the line before everything alone, where there are no two examples.

There are :data:`VARIANTS` placebos: each has lines of ``placebo_headers.txt`` and a place of its own, so that a
server's cache of prefixes still helps. The lines say nothing of a test, and ask for nothing. Which placebo an item
gets follows from the seed and from the item's digest.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.planning.samples import item_digests_of, picked
from steelyard.planning.testable import Skip
from steelyard.records import Measurement, Sample

if TYPE_CHECKING:
    from steelyard.tasks.shots import Prefixes
    from steelyard.tasks.task import Task

__all__ = [
    "ARMS",
    "CUE",
    "HEADER",
    "PLACEBO",
    "VARIANTS",
    "NotAsked",
    "arm_samples",
    "check_arm",
    "headers",
]

CUE: Final = "cue"
PLACEBO: Final = "placebo"
HEADER: Final = "header"
ARMS: Final = frozenset((CUE, PLACEBO, HEADER))
VARIANTS: Final = 20
_FURTHER: Final = 7  # lines from the one before the examples to the one between them


class NotAsked(Skip):
    """Skips an arm without a word to the user: another arm takes its place."""

    def __init__(self) -> None:
        super().__init__("not_testable", "the prompt shows no two worked examples")


@lru_cache(maxsize=1)
def headers() -> tuple[str, ...]:
    """The first lines of the placebos, one for each."""
    text = files("steelyard.planning").joinpath("placebo_headers.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())


def check_arm(beside: Measurement, drawn: str) -> None:
    """Raise Skip where such an arm cannot be asked beside a measurement.

    NotAsked for a placebo where there are no two worked examples between which a line could stand: then the line before
    everything takes its place.
    """
    if drawn == PLACEBO and (beside.shots < 2 or beside.suite):
        raise NotAsked
    if drawn == HEADER and beside.suite:
        raise Skip("not_testable", "nobody outside knows the prompt of a private suite")


def arm_samples(task: Task, measurement: Measurement, data: Path | None) -> Sequence[Sample]:
    """The samples of an arm: as many as its population, drawn by its seed from the task's own items.

    ``data`` is a mirror of the hub.
    """
    whole = task.prepare(measurement.prompt, data, None, measurement.shots, window=measurement.window)
    digests = item_digests_of(whole)

    def drawn(place: int) -> bytes:
        return sha256(f"{measurement.seed}:{digests[place].hex()}".encode()).digest()

    places = sorted(range(len(digests)), key=drawn)[: measurement.population]
    samples = picked(whole, places)
    if measurement.drawn == CUE:
        return samples
    variants = array("B", (_variant_of(measurement.seed, digests[place]) for place in places))
    shown = range(1, measurement.shots if measurement.drawn == PLACEBO else 1)
    prefixes = [task.prefixes(measurement.prompt, data, count) for count in shown]
    return _Placebos(samples, variants, measurement.seed, prefixes)


def _variant_of(seed: str, item: bytes) -> int:
    return int.from_bytes(sha256(f"{seed}:placebo:{item.hex()}".encode()).digest()) % VARIANTS


def _place_of(seed: str, variant: int, places: int) -> int:
    return int.from_bytes(sha256(f"{seed}:place:{variant}".encode()).digest()) % places


class _Placebos(Sequence[Sample]):
    """Samples with further lines in their prompt, rendered lazily; ``prefixes`` show 1, 2, … of the worked examples."""

    def __init__(
        self, samples: Sequence[Sample], variants: Sequence[int], seed: str, prefixes: Sequence[Prefixes]
    ) -> None:
        self._samples, self._variants, self._seed, self._prefixes = samples, variants, seed, prefixes
        self._places: dict[str, tuple[int, ...]] = {}

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        sample, variant = self._samples[index], self._variants[index]
        shown, places = sample.request.prefix, self._places_in(sample)
        if places:
            cut = places[_place_of(self._seed, variant, len(places))]
            shown = f"{shown[:cut]}{headers()[(variant + _FURTHER) % VARIANTS]}\n\n{shown[cut:]}"
        request = msgspec.structs.replace(sample.request, prefix=f"{headers()[variant]}\n\n{shown}")
        return msgspec.structs.replace(sample, request=request)

    def _places_in(self, sample: Sample) -> tuple[int, ...]:
        """Where a line may stand between two examples: where the prefix ends that shows fewer of them."""
        if sample.group not in self._places:
            whole, begun = sample.request.prefix, [each[sample.group] for each in self._prefixes]
            cuts = (len(text) for text in begun if whole.startswith(text) and text.endswith("\n\n"))
            self._places[sample.group] = tuple(dict.fromkeys(cut for cut in cuts if 0 < cut < len(whole)))
        return self._places[sample.group]
