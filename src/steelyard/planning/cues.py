"""Questions under the benchmark's own prompt (the *cue*) and under another one (the *placebo*), for a detector.

Both arms ask some of the public items of the measurement that they stand beside, the same ones, which a seed draws that
follows from that measurement's order: nobody can foresee or choose them. The cue asks them as they were published. The
placebo changes what a router could recognise and keeps what carries the task:

* ``placebo``: an ordinary first line, and other worked examples of the same generator, as many and in the same layout.
  None of them is a public item or a published example.
* ``header``: the first line alone, where the examples are fixed or there are none.

There are :data:`VARIANTS` placebos: each has a line of ``placebo_headers.txt`` and examples of its own, so that a
server's cache of prefixes still helps. The line says nothing of a test, and asks for nothing. Which of them an item
gets follows from the seed and from the item's digest.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.planning.samples import item_digests_of, picked
from steelyard.planning.testable import Skip
from steelyard.records import Measurement, PlannedModel, Sample

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
    "check_model",
    "headers",
]

CUE: Final = "cue"
PLACEBO: Final = "placebo"
HEADER: Final = "header"
ARMS: Final = frozenset((CUE, PLACEBO, HEADER))
VARIANTS: Final = 20
_MOST_ROUNDS: Final = 5


class NotAsked(Skip):
    """Skips an arm without a word to the user: it was not asked for by name, or another arm takes its place."""

    def __init__(self) -> None:
        super().__init__("not_testable", "nothing is to be found here with another prompt")


@lru_cache(maxsize=1)
def headers() -> tuple[str, ...]:
    """The first lines of the placebos, one for each."""
    text = files("steelyard.planning").joinpath("placebo_headers.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())


def check_model(model: PlannedModel, drawn: str, *, named: bool) -> None:
    """Raise NotAsked for a file of weights in this process, which has no router, unless the user ``named`` the test."""
    is_file = bool(model.identity.sha256) and not model.identity.uri.startswith("python:")
    if drawn in ARMS and is_file and not named:
        raise NotAsked


def check_arm(task: Task, beside: Measurement, drawn: str, *, named: bool) -> None:
    """Raise Skip where such an arm cannot be asked beside a measurement.

    NotAsked where the worked examples cannot be replaced, and for the first line alone unless the user ``named``
    the detector: it is asked where nothing more can be changed, and finds less.
    """
    if drawn == PLACEBO:
        if not _can_replace(task, beside):
            raise NotAsked
        _examples_of(task, beside.prompt, beside.shots, "other examples")
    if drawn == HEADER and not named:
        raise NotAsked
    if drawn == HEADER and beside.suite:
        raise Skip("not_testable", "nobody outside knows the prompt of a private suite")


def arm_samples(task: Task, measurement: Measurement, data: Path | None) -> Sequence[Sample]:
    """The samples of an arm: as many as its population, drawn by its seed from the task's own items.

    Raises Skip where the generator has not enough items for other examples.
    """
    whole = task.prepare(measurement.prompt, data, None, measurement.shots)
    digests = item_digests_of(whole)

    def drawn(place: int) -> bytes:
        return sha256(f"{measurement.seed}:{digests[place].hex()}".encode()).digest()

    places = sorted(range(len(digests)), key=drawn)[: measurement.population]
    samples = picked(whole, places)
    if measurement.drawn == CUE:
        return samples
    variants = array("B", (_variant_of(measurement.seed, digests[place]) for place in places))
    prefixes = None
    if measurement.drawn == PLACEBO:
        prefixes = [
            task.prefixes_with(measurement.prompt, _examples_of(task, measurement.prompt, measurement.shots, seed))
            for seed in (_seed_of(measurement.seed, variant) for variant in range(VARIANTS))
        ]
    return _Placebos(samples, variants, prefixes)


def _variant_of(seed: str, item: bytes) -> int:
    return int.from_bytes(sha256(f"{seed}:placebo:{item.hex()}".encode()).digest()) % VARIANTS


def _seed_of(seed: str, variant: int) -> str:
    return sha256_hex(canonical({"examples": variant, "seed": seed}))


def _can_replace(task: Task, measurement: Measurement) -> bool:
    """Whether a generator made the worked examples, so that it makes others."""
    return task.definition.generator is not None and bool(task.definition.shots.seed) and measurement.shots > 0


@lru_cache(maxsize=256)
def _examples_of(task: Task, prompt: str, shots: int, seed: str) -> tuple[Any, ...]:
    """Rows for worked examples, none of which is public or stands among the published examples."""
    known, count = _known(task, prompt, shots), shots + 10
    for _ in range(_MOST_ROUNDS):
        found = task.prepare(prompt, seed=seed, shots=shots, count=count)
        places = _others(item_digests_of(found), known)
        if len(places) >= shots:
            return tuple(found.row(place) for place in places[:shots])
        count *= 2
    raise Skip("not_testable", f"the generator has not {shots:,} items beside the public ones, for worked examples")


def _others(digests: Sequence[bytes], known: Collection[bytes]) -> list[int]:
    """The places of items that are not known, each item once."""
    first: dict[bytes, int] = {}
    for place, digest in enumerate(digests):
        if digest not in known:
            first.setdefault(digest, place)
    return list(first.values())


@lru_cache(maxsize=64)
def _known(task: Task, prompt: str, shots: int) -> frozenset[bytes]:
    """The items that are public, and those that the published examples show."""
    declared = task.definition.shots
    shown = max(shots, *(number + 1 for number in declared.pick)) if declared.pick else shots
    published = task.prepare(prompt, seed=declared.seed, shots=shots, count=shown)
    return frozenset((*item_digests_of(task.prepare(prompt, shots=shots)), *item_digests_of(published)))


class _Placebos(Sequence[Sample]):
    """Samples under another first line, and under other examples where there are prefixes: rendered lazily."""

    def __init__(self, samples: Sequence[Sample], variants: Sequence[int], prefixes: Sequence[Prefixes] | None) -> None:
        self._samples, self._variants, self._prefixes = samples, variants, prefixes

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        sample, variant = self._samples[index], self._variants[index]
        shown = sample.request.prefix if self._prefixes is None else self._prefixes[variant][sample.group]
        request = msgspec.structs.replace(sample.request, prefix=f"{headers()[variant]}\n\n{shown}")
        return msgspec.structs.replace(sample, request=request)
