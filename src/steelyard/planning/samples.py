"""A measurement with its samples: rendered lazily, with the digest of each."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.evidence.merkle import Tree
from steelyard.planning.rules import compares_texts
from steelyard.planning.testable import Skip
from steelyard.records import GenerateRequest, LoglikelihoodRequest, Measurement, Request, Sample
from steelyard.scorers.powers import named_has_power
from steelyard.util.compact import Digests

if TYPE_CHECKING:
    from steelyard.tasks.protocol import ChosenProtocol
    from steelyard.tasks.task import Task

__all__ = [
    "Prepared",
    "as_asked",
    "asks_of",
    "digests_of",
    "drawer_of",
    "in_item_order",
    "item_digests_of",
    "load_samples",
    "picked",
    "prepared",
    "with_seeds",
]


@dataclass(frozen=True)
class Prepared:
    """A measurement with its samples: rendered lazily, with the digest of each.

    ``advice``: what would ask a file of the user's own questions better.
    ``withheld``: a fixed public set, whose texts are not sealed, since publishing them would contaminate it.
    A generator gives fresh samples for any seed.
    """

    measurement: Measurement
    samples: Sequence[Sample]
    digests: Sequence[str]
    withheld: bool = True
    advice: str = ""


def load_samples(task: Task, protocol: ChosenProtocol, data: Path | None, seed: str | None) -> Sequence[Sample]:
    """A task's samples in the chosen protocol; raises Skip if the data are not available."""
    from steelyard.tasks.loaders import DataMissing

    try:
        return prepared(task, protocol.prompt, data, seed, protocol.shots, protocol.window)
    except DataMissing as missing:
        raise Skip("not_tested", str(missing)) from None


def prepared(task: Task, prompt: str, data: Path | None, seed: str | None, shots: int, window: str) -> Sequence[Sample]:
    """A task's samples, or those of a part of it, as a plan seals it."""
    from steelyard.tasks.window import first_of

    first = first_of(window)
    samples = task.prepare(prompt, data, seed, shots, window="" if first else window)
    return samples if first is None else picked(samples, range(min(first, len(samples))))


def drawer_of(samples: Sequence[Sample]) -> str:
    """What draws the images that a task's generator gives; empty for other samples."""
    from steelyard.tasks.task import Samples

    return samples.drawer if isinstance(samples, Samples) else ""


def in_item_order(samples: Sequence[Sample]) -> tuple[Sequence[Sample], str]:
    """The samples sorted by their items' digests, and the digest of these.

    Whoever sorts the rows of a file, or of a mirror, would otherwise choose which sample the committed order has at
    which place.
    """
    digests = item_digests_of(samples)
    order = array("I", sorted(range(len(digests)), key=digests.__getitem__))
    return _InOrder(samples, order), sha256(b"".join(digests[place] for place in order)).hexdigest()


def picked(samples: Sequence[Sample], places: Sequence[int]) -> Sequence[Sample]:
    """Some of the samples, in the order of ``places``; rendered lazily, as they are."""
    return _InOrder(samples, array("I", places))


def item_digests_of(samples: Sequence[Sample]) -> list[bytes]:
    """Of what each item asks; of the rendered text where the task does not say what that is."""
    from steelyard.tasks.items import digest_of_item
    from steelyard.tasks.task import Samples

    if isinstance(samples, Samples) and samples.has_items:
        return samples.item_digests()
    found = []
    for sample in samples:
        request = sample.request
        if isinstance(request, GenerateRequest):
            shown = [image.sha256 for image in request.images]
            found.append(digest_of_item(request.prompt, sample.choices, sample.target, shown))
        else:
            options = request.continuations if isinstance(request, LoglikelihoodRequest) else ()
            found.append(digest_of_item(request.context, sample.choices or options, sample.target))
    return found


class _InOrder(Sequence[Sample]):
    """Samples in another order: rendered lazily, like the samples that they wrap."""

    def __init__(self, samples: Sequence[Sample], order: Sequence[int]) -> None:
        self._samples = samples
        self._order = order

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._samples[place] for place in self._order[index]]
        return self._samples[self._order[index]]


class _Seeded(Sequence[Sample]):
    """Samples that ask for text by seeds of their own: rendered lazily, like the samples that they wrap."""

    def __init__(self, samples: Sequence[Sample], seed: str) -> None:
        self._samples, self._seed = samples, seed

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        sample = self._samples[index]
        drawn = int.from_bytes(sha256(f"{self._seed}:seed:{sample.id}".encode()).digest()[:4]) >> 1
        return msgspec.structs.replace(sample, request=msgspec.structs.replace(sample.request, seed=drawn))


def with_seeds(samples: Sequence[Sample], seed: str) -> Sequence[Sample]:
    """The samples, each with a seed by which its text is drawn: one for all would have all drawn by the same numbers.

    A seed is below 2³¹, and follows from ``seed`` and the sample's id.
    """
    return _Seeded(samples, seed)


class _WithTexts(Sequence[Sample]):
    """Samples whose targets are the texts of the right choices: rendered lazily, like the samples that they wrap."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples = samples

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: Any) -> Any:
        sample = self._samples[index]
        return msgspec.structs.replace(sample, target=sample.target_text, choices=())


class _Asked(Sequence[Sample]):
    """Samples whose requests differ in some fields: rendered lazily, like the samples that they wrap."""

    def __init__(self, samples: Sequence[Sample], changes: dict[str, Any]) -> None:
        self._samples = samples
        self._changes = changes

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: Any) -> Any:
        sample = self._samples[index]
        if (
            isinstance(sample.request, GenerateRequest)
            and sample.request.history
            and not self._changes.get("chat", True)
        ):
            raise InputError(
                f"{sample.id} goes on with a conversation, and this endpoint has no chat: name one that has"
            )
        request = msgspec.structs.replace(sample.request, **self._changes)
        return msgspec.structs.replace(sample, request=request)


def as_asked(
    samples: Sequence[Sample],
    temperature: float,
    chat: bool,
    *,
    output_budget: int | None = None,
    reasoning_effort: str = "",
    scorer: str = "",
) -> Sequence[Sample]:
    """The samples with their requests at this temperature, as chat or as plain completions.

    ``output_budget`` (tokens) and ``reasoning_effort`` are set in requests for text. For a ``scorer`` (its identifier)
    that compares texts, the target of a sample with choices is the text of the right one, and no longer its number.
    A completion that is asked as chat has no stop strings: what a base model writes behind its answer, one that chats
    writes before it ("Question: …").
    """
    if len(samples) and samples[0].choices and compares_texts(scorer):
        samples = _WithTexts(samples)
    first = samples[0].request if len(samples) else None
    changes: dict[str, Any] = {"temperature": temperature} if temperature else {}
    if isinstance(first, GenerateRequest):
        if first.chat is not chat:
            changes["chat"] = chat
        if chat and not first.chat and not named_has_power(scorer, "reads_to_stop"):
            changes["stop"] = ()
        if output_budget is not None:
            changes["max_tokens"] = output_budget
        if reasoning_effort:
            changes["reasoning_effort"] = reasoning_effort
    return _Asked(samples, changes) if changes else samples


def asks_of(samples: Sequence[Sample]) -> str:
    """A digest of the questions' texts: in whatever order, under whatever names, targets, temperatures and limits."""
    asked = (sha256(canonical({"asks": _texts_of(each.request)})).digest() for each in samples)
    return sha256(b"".join(sorted(asked))).hexdigest()


def _texts_of(request: Request) -> list[str]:
    if isinstance(request, GenerateRequest):
        turns = (text for turn in request.history for text in (turn.role, turn.text))
        shown = [image.sha256 for image in request.images]
        return [request.system, *turns, request.prefix + request.prompt, *shown]
    return [request.prefix + request.context]


def digests_of(samples: Sequence[Sample]) -> tuple[Digests, str]:
    """The digest of every sample and the Merkle root over them, in one pass that holds one sample at a time."""
    digests, tree = Digests(), Tree()
    for sample in samples:
        digest = sha256_hex(canonical(sample))
        digests.append(digest)
        tree.append(digest.encode())
    return digests, tree.root().hex()


def without_scoring(measurement: Measurement) -> Measurement:
    """A measurement without the fields that may differ between requests that share its answers."""
    return msgspec.structs.replace(measurement, id="", prompt="", scorers=(), chance=0.0, groups=())
